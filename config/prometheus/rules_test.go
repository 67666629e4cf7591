package prometheus_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/internal/measures"
)

// rule is a recording rule or an alert.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

// rules are those of rules.yaml.
func rules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal(read(t, "rules.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("rules.yaml has no rules")
	}
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// series are labels by the name of the series that has them.
type series map[string][]string

// ofOthers are series that libraries make, as docs/operations.md tells of them,
// which an end-to-end test compares with what a manager serves.
var ofOthers = series{
	"controller_runtime_reconcile_errors_total": {"controller"},
	"leader_election_master_status":             {"name"},
	"workqueue_depth":                           {"name"},
}

// known are all series that there are: of the manager, and those that rules make of
// them, with the same labels.
func known(t *testing.T) series {
	t.Helper()
	all := maps.Clone(ofOthers)
	for _, m := range measures.All() {
		switch m.Type {
		case measures.Counter, measures.Gauge:
			all[m.Name] = m.Labels
		case measures.Histogram:
			all[m.Name+"_bucket"] = append(slices.Clone(m.Labels), "le")
			fallthrough
		case measures.Summary:
			all[m.Name+"_sum"], all[m.Name+"_count"] = m.Labels, m.Labels
		default:
			t.Fatalf("%s is a %s", m.Name, m.Type)
		}
	}
	for _, r := range rules(t) {
		if r.Record != "" {
			names := seriesIn(r.Expr)
			if len(names) != 1 {
				t.Fatalf("%s is made of %q", r.Record, names)
			}
			all[r.Record] = all[names[0]]
		}
	}
	return all
}

var (
	quoted   = regexp.MustCompile(`"[^"]*"`)
	prefixed = regexp.MustCompile(`\b(?:viridian[_:]|controller_runtime_|leader_election_|workqueue_)[a-zA-Z0-9_:]+`)
	selected = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*[{\[]`)
	matchers = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)`)
	grouping = regexp.MustCompile(`\b(?:by|on|group_left|group_right)\s*\(([^)]*)\)`)
)

// seriesIn are the series that an expression asks for.
func seriesIn(expr string) []string {
	bare := quoted.ReplaceAllString(expr, `""`)
	names := prefixed.FindAllString(bare, -1)
	for _, m := range selected.FindAllStringSubmatch(bare, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// problems are what an expression asks for that there isn't. Labels of a legend are
// written as {{label}}.
func (all series) problems(expr string, legends ...string) (out []string) {
	var labels []string
	for _, name := range seriesIn(expr) {
		have, there := all[name]
		if !there {
			out = append(out, "there is no series "+name)
		}
		labels = append(labels, have...)
	}
	bare := quoted.ReplaceAllString(expr, `""`)
	for _, m := range matchers.FindAllStringSubmatch(bare, -1) {
		for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(all[m[1]], l[1]) {
				out = append(out, fmt.Sprintf("%s has no label %s", m[1], l[1]))
			}
		}
	}
	var asked []string
	for _, m := range grouping.FindAllStringSubmatch(bare, -1) {
		asked = append(asked, strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	for _, legend := range legends {
		for _, m := range regexp.MustCompile(`\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}`).FindAllStringSubmatch(legend, -1) {
			asked = append(asked, m[1])
		}
	}
	for _, label := range asked {
		if !slices.Contains(labels, label) {
			out = append(out, "nothing here has the label "+label)
		}
	}
	return out
}

// What the other tests rely on: what isn't there is noticed.
func TestProblems(t *testing.T) {
	all := known(t)
	for expr, want := range map[string]string{
		`sum by (namespace) (increase(viridian:rollouts:total{outcome=~"A|B{x}"}[7d]))`: "",
		`viridian_rollout_total > 0`:                                              "there is no series viridian_rollout_total",
		`rate(viridien_rollouts_total[5m])`:                                       "there is no series viridien_rollouts_total",
		`viridian_lead_time_seconds`:                                              "there is no series viridian_lead_time_seconds",
		`viridian_rollouts_total{phase="x"}`:                                      "viridian_rollouts_total has no label phase",
		`viridian_weight_ratio{namespace="a",result!="b"}`:                        "viridian_weight_ratio has no label result",
		`sum by (reason) (viridian_weight_ratio)`:                                 "nothing here has the label reason",
		`sum by (le, code) (rate(viridian_aws_call_duration_seconds_bucket[1m]))`: "nothing here has the label code",
	} {
		if got := strings.Join(all.problems(expr), "; "); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
	if got := all.problems("viridian_stacks", "{{state}} of {{ $labels.phase }}"); len(got) != 1 {
		t.Errorf("a legend with an unknown label: %q", got)
	}
}

// Rules ask for series and labels that the manager has, and so do the examples of
// docs/metrics.md.
func TestRules(t *testing.T) {
	all := known(t)
	recorded := map[string]bool{}
	for _, r := range rules(t) {
		for _, p := range all.problems(r.Expr, slices.Collect(maps.Values(r.Annotations))...) {
			t.Errorf("%s%s: %s", r.Record, r.Alert, p)
		}
		recorded[r.Record] = true
	}
	for _, m := range measures.All() {
		for _, p := range all.problems(m.Query) {
			t.Errorf("the example of %s: %s", m.Name, p)
		}
		name := measures.Recorded(m)
		switch {
		case name == "":
		case m.Type == measures.Counter && !recorded[name+":total"], m.Type == measures.Summary && (!recorded[name+":sum"] || !recorded[name+":count"]):
			t.Errorf("%s isn't recorded", m.Name)
		}
	}
}

// Each alert says how bad it is and what it means, and leads to a section that
// exists.
func TestRunbooks(t *testing.T) {
	const page = "https://github.com/viridian-dev/viridian/blob/main/docs/operations.md#"
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(read(t, "../../docs/operations.md")), -1) {
		kept := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors[strings.ReplaceAll(kept, " ", "-")] = true
	}
	alerts := string(read(t, "../../docs/operations.md"))
	tests := string(read(t, "rules-test.yaml"))
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		anchor, ok := strings.CutPrefix(r.Annotations["runbook_url"], page)
		if !ok || !anchors[anchor] {
			t.Errorf("%s leads to %q", r.Alert, r.Annotations["runbook_url"])
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s lacks a severity, a summary or a description", r.Alert)
		}
		if !strings.Contains(alerts, "`"+r.Alert+"`") {
			t.Errorf("docs/operations.md doesn't tell of %s", r.Alert)
		}
		if !strings.Contains(tests, "alertname: "+r.Alert+"\n") {
			t.Errorf("rules-test.yaml doesn't test %s", r.Alert)
		}
	}
}

// panel of a dashboard, or a row with panels.
type panel struct {
	Title   string
	Panels  []panel
	Targets []struct{ Expr, LegendFormat string }
}

// Every panel of the dashboard asks for what there is, and each metric of a
// deployment has one.
func TestDashboard(t *testing.T) {
	var dashboard struct {
		Panels     []panel
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
	}
	text := read(t, "../grafana/viridian.json")
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	all, asked := known(t), 0
	for _, p := range dashboard.Panels {
		for _, target := range append(slices.Clone(p.Targets), targetsOf(p.Panels)...) {
			asked++
			for _, problem := range all.problems(target.Expr, target.LegendFormat) {
				t.Errorf("%s: %s", p.Title, problem)
			}
		}
	}
	if asked < len(measures.All()) {
		t.Errorf("%d queries for %d metrics", asked, len(measures.All()))
	}
	values := regexp.MustCompile(`^label_values\((.+), ([a-z_]+)\)$`)
	for _, v := range dashboard.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := values.FindStringSubmatch(v.Query)
		if m == nil {
			t.Errorf("variable %s asks %q", v.Name, v.Query)
			continue
		}
		for _, problem := range all.problems(m[1], "{{"+m[2]+"}}") {
			t.Errorf("variable %s: %s", v.Name, problem)
		}
	}
	for _, m := range measures.All() {
		if asked := measures.Recorded(m); !strings.Contains(string(text), m.Name) && (asked == "" || !strings.Contains(string(text), asked+":")) {
			t.Errorf("no panel shows %s", m.Name)
		}
	}
}

func targetsOf(panels []panel) (out []struct{ Expr, LegendFormat string }) {
	for _, p := range panels {
		out = append(out, p.Targets...)
	}
	return out
}
