package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What the importer writes is checked there by the rules of the CRD, without an API
// server: that agrees.
func TestImportedAdmitted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "internal", "importer", "testdata", "cases", "*", "want.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for text := range strings.SplitSeq(string(body), "\n---\n") {
				object := &unstructured.Unstructured{Object: parse(t, text)}
				object.SetNamespace("default")
				if err := create(t, object); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
