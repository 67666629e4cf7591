// Command metrics prints what is made of the catalogue of metrics and of their
// rules:
//
//	metrics page                docs/metrics.md
//	metrics rule <rules.yaml    a PrometheusRule with the groups of a rule file
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/viridian-dev/viridian/internal/measures"
)

func main() {
	out, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(out)
}

func run(args []string) (string, error) {
	switch {
	case len(args) == 1 && args[0] == "page":
		return page(), nil
	case len(args) == 1 && args[0] == "rule":
		text, err := io.ReadAll(os.Stdin)
		return rule(string(text)), err
	}
	return "", fmt.Errorf("usage: metrics page | metrics rule <rules.yaml")
}

const header = `# Metrics

<!-- Made by make generate from internal/measures. -->

The manager serves metrics of Prometheus on ` + "`:8443/metrics`" + `, over HTTPS, for clients that are bound to the ClusterRole
` + "`viridian-metrics-reader`" + `; [operations.md](operations.md#metrics) says how to have Prometheus read them, which alerts there are, and which
metrics of controller-runtime matter.

**Nothing is counted in memory.** Metrics of deployments are made from the objects in the cluster whenever somebody reads them, by the
active manager. Numbers of rollouts come from ` + "`status.totals`" + `, which the same write changes that ends a rollout: a manager that is killed
or upgraded loses nothing and counts nothing twice. They begin at 0 with an ImmutableDeployment, and again if it is created anew or its
status is lost. After a restore from a backup they continue at what they were then, which Prometheus takes for a new beginning: an
` + "`increase`" + ` over that time is too large. Calls to AWS are counted by each manager for itself.

**Ask for the recorded series** where the table names one: each manager has its own ` + "`instance` and `pod`" + `, so ` + "`increase`" + ` over the metric itself
misses what happens while another manager takes over. The rules in [config/prometheus](../config/prometheus/rules.yaml) record it
without these labels.

Each deployment has some 25 series, whatever its rollouts are: no label has values of templates, images, revisions or messages. A metric
with the label ` + "`outcome`" + ` has a series for each outcome from the beginning, so that Prometheus sees the first one.

| Metric | Type | Labels | Meaning |
| --- | --- | --- | --- |
`

const meanings = `
What a change, a failure and a recovery are:

- A **change** is a rollout that ended, whoever asked for it. One that was superseded by another template isn't; nor is going back to the
  previous revision (` + "`FastRolledBack`" + `), which makes the change before it a failure. A retry is another change.
- A **failure** is a change with the outcome ` + "`RolledBack`, `Aborted` or `Failed`" + `, also if it had been promoted already, or one that was gone back
  from. A correction by a new template isn't known as one.
- The **lead time** begins when the newest image was pushed to Amazon ECR that no earlier revision ran. Where ECR wasn't asked, since the
  template names digests or another registry, and for changes without a new image, it begins when the template was first seen. It ends
  when the revision serves all traffic.
- A **recovery** begins with the decision against a revision that may have had requests, and with ` + "`Recreate`" + ` against any; or with the
  promotion of the revision that was gone back from; or, where nothing served, with the decision that the revision failed. It ends when
  traffic is at a good one. Outages without a rollout aren't in it: they are the phase ` + "`Unavailable`" + `.

## Examples
`

// page is docs/metrics.md.
func page() string {
	var out strings.Builder
	out.WriteString(header)
	for _, m := range measures.All() {
		name := "`" + m.Name + "`"
		if recorded := measures.Recorded(m); recorded != "" {
			name += "<br>recorded as `" + recorded + suffix(m) + "`"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", name, m.Type, "`"+strings.Join(m.Labels, "`, `")+"`", m.Help)
	}
	out.WriteString(meanings)
	for _, m := range measures.All() {
		fmt.Fprintf(&out, "\n`%s`: %s\n\n```promql\n%s\n```\n", m.Name, m.Answers, m.Query)
	}
	return out.String()
}

// suffix is how recorded series end.
func suffix(m *measures.Metric) string {
	if m.Type == measures.Summary {
		return ":sum` and `:count"
	}
	return ":total"
}

const manifest = `# Made by make generate from rules.yaml, for the Prometheus Operator.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: viridian
  namespace: viridian-system
  labels:
    app.kubernetes.io/name: viridian
spec:
`

// rule is a PrometheusRule with the groups of a rule file.
func rule(file string) string {
	_, groups, _ := strings.Cut(file, "\ngroups:\n")
	var out strings.Builder
	out.WriteString(manifest + "  groups:\n")
	for line := range strings.Lines(groups) {
		if line != "\n" {
			out.WriteString("  ")
		}
		out.WriteString(line)
	}
	return out.String()
}
