package mainjob_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

// templatesEnv names the directory for the templates of random specs, which
// cfn-lint checks.
const templatesEnv = "CONFORMANCE_TEMPLATES"

const (
	randomSpecs = 300
	seed        = 7
)

// TestRandomTemplates builds a template of each random spec that the API server
// admits, with the defaults that it fills in.
func TestRandomTemplates(t *testing.T) {
	_ = python(t) // or skipped, without a cluster
	dir := os.Getenv(templatesEnv)
	if dir == "" {
		dir = t.TempDir()
	}
	r := random{rand.New(rand.NewPCG(seed, seed))}
	built, refused := 0, map[string]int{}
	for n := range randomSpecs {
		imd := r.deployment(n)
		err := cluster.Client.Create(t.Context(), imd, client.DryRunAll)
		if apierrors.IsInvalid(err) {
			refused[err.Error()]++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := template.Build(inputOf(imd, int64(n+1)))
		if err != nil {
			// Too large, or a dynamic reference: reported to the user, and no
			// stack is created.
			t.Logf("spec %d isn't built: %v", n, err)
			continue
		}
		built++
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.json", n)), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("of %d specs, %d became a template, %d were refused", randomSpecs, built, len(refused))
	for message := range refused {
		t.Log(message[:min(len(message), 300)])
	}
	if built < randomSpecs*9/10 {
		t.Errorf("only %d of %d specs became a template", built, randomSpecs)
	}
}

// inputOf returns what the controller builds the template from, with a made-up
// UID.
func inputOf(imd *v1alpha1.ImmutableDeployment, revision int64) template.Input {
	in := template.Input{
		Namespace: imd.Namespace, Name: imd.Name, UID: strings.Repeat("6f1c2f0a", 4), Revision: revision, PreviewToken: strings.Repeat("A2", 13),
		Template: imd.Spec.Template, ListenerARN: imd.Spec.Traffic.LoadBalancer.ListenerARN,
	}
	for _, c := range imd.Spec.Traffic.LoadBalancer.Conditions {
		in.Conditions = append(in.Conditions, cloud.Condition{Field: c.Field, HTTPHeaderName: c.HTTPHeaderName, Values: c.Values})
	}
	return in
}
