package awssim

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

func readme(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// blocks are the code blocks of a language.
func blocks(page, language string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

// rows are a table's rows whose first cell is code: that cell, and the second.
func rows(page, header string) map[string]string {
	_, table, _ := strings.Cut(page, "\n| "+header)
	table, _, _ = strings.Cut(table, "\n\n")
	found := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(table, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// TestReadmeActions: the page lists what each service can do.
func TestReadmeActions(t *testing.T) {
	sim := New(Options{})
	defer sim.Close()
	want := map[string]string{"lambda": "Invoke"} // found by its path
	for name, e := range sim.endpoints {
		var actions []string
		switch e := e.(type) {
		case queryEndpoint:
			actions = slices.Sorted(maps.Keys(e.actions))
		case ec2Endpoint:
			actions = slices.Sorted(maps.Keys(e.actions))
		case jsonEndpoint:
			actions = slices.Sorted(maps.Keys(e.actions))
		case json10Endpoint:
			actions = slices.Sorted(maps.Keys(e.actions))
		case cborEndpoint:
			actions = slices.Sorted(maps.Keys(e.service.RPC()))
		case restEndpoint:
			continue
		}
		want[name] = strings.Join(actions, ", ")
	}
	if diff := cmp.Diff(want, rows(readme(t), "Service | Actions")); diff != "" {
		t.Error(diff)
	}
}

// TestReadmeResources: the page lists what stacks may hold.
func TestReadmeResources(t *testing.T) {
	sim := New(Options{})
	defer sim.Close()
	var want []string
	for _, set := range []core.ProviderSet{sim.ec2, sim.ecs, sim.elb, sim.logs, sim.cloudwatch, sim.autoscaling} {
		for _, p := range set.Providers() {
			want = append(want, p.Type())
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rows(readme(t), "Resource type")))); diff != "" {
		t.Error(diff)
	}
}

// TestReadmeMethods: what the page says of Sim is there, and nothing else is.
func TestReadmeMethods(t *testing.T) {
	_, page, _ := strings.Cut(readme(t), "## Arranging and looking behind")
	told := map[string]bool{"Close": true, "ServeHTTP": true, "Transport": true, "Faults": true} // told elsewhere, or a field
	for line := range strings.SplitSeq(page, "\n") {
		if strings.HasPrefix(line, "| `") {
			for _, m := range regexp.MustCompile("`([A-Za-z]+)`").FindAllStringSubmatch(line, -1) {
				told[m[1]] = true
			}
		}
	}
	want := map[string]bool{"Faults": true}
	for method := range reflect.TypeFor[*Sim]().Methods() {
		want[method.Name] = true
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

// TestReadmeExamples: the page's Go is part of the examples, which run.
func TestReadmeExamples(t *testing.T) {
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := blocks(readme(t), "go")
	if len(found) < 5 {
		t.Errorf("only %d examples: is the page still a page?", len(found))
	}
	for _, block := range found {
		if !strings.Contains(string(examples), block) {
			t.Errorf("example_test.go doesn't have\n%s", block)
		}
	}
}

// TestReadmeTemplate: the page's template makes a service.
func TestReadmeTemplate(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		listener, err := sim.CreateListener("shop", 80)
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.CreateCluster("shop"); err != nil {
			t.Fatal(err)
		}
		c := cfnClient(sim)
		create(t, c, "shop-1", blocks(readme(t), "yaml")[0], func(in *cloudformation.CreateStackInput) {
			in.Parameters = []cfntypes.Parameter{{ParameterKey: aws.String("Listener"), ParameterValue: &listener}}
		})
		if st := settle(t, c, "shop-1"); st.StackStatus != cfntypes.StackStatusCreateComplete {
			t.Errorf("the stack is %s: %v", st.StackStatus, history(t, c, "shop-1"))
		}
	})
}
