package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Each flag of the manager's own is documented, with its default, and nothing else
// is. What AWS is assumed to do stands behind some of the defaults (docs/aws.md).
func TestFlagsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = strings.Trim(row[2], "`")
	}
	var usage bytes.Buffer
	if _, err := parse([]string{"-h"}, &usage); err == nil {
		t.Fatal("no usage")
	}
	flags := regexp.MustCompile(`(?m)^  -([a-z-]+).*\n\s+(.*)$`).FindAllStringSubmatch(usage.String(), -1)
	for _, f := range flags {
		name, says := f[1], f[2]
		if name == "kubeconfig" || strings.HasPrefix(name, "zap-") { // controller-runtime's
			continue
		}
		value, ok := documented[name]
		if !ok {
			t.Errorf("--%s isn't documented", name)
		}
		delete(documented, name)
		if want := regexp.MustCompile(`\(default (.*)\)$`).FindStringSubmatch(says); want != nil && !same(value, strings.Trim(want[1], `"`)) {
			t.Errorf("the default of --%s is %s, documented as %s", name, want[1], value)
		}
	}
	for name := range documented {
		t.Errorf("--%s is documented and doesn't exist", name)
	}
}

// same compares defaults, such as 3m and 3m0s.
func same(documented, is string) bool {
	a, errA := time.ParseDuration(documented)
	b, errB := time.ParseDuration(is)
	return documented == is || documented == "off" && is == "0" || errA == nil && errB == nil && a == b
}
