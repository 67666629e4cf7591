package controllers_test

import (
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// explain shows what a failed test needs to be understood: both kinds' status,
// the stacks and the last calls.
func (w *world) explain(imd *v1alpha1.ImmutableDeployment) string {
	var b strings.Builder
	status, err := yaml.Marshal(w.get(imd).Status)
	fmt.Fprintf(&b, "status (%v):\n%s\n", err, status)
	var revisions v1alpha1.ImmutableRevisionList
	if err := w.client.List(w.ctx, &revisions, client.InNamespace(w.namespace)); err != nil {
		fmt.Fprintln(&b, err)
	}
	for _, imr := range revisions.Items {
		status, err := yaml.Marshal(imr.Status)
		fmt.Fprintf(&b, "%s (%v):\n%s\n", imr.Name, err, status)
	}
	for _, stack := range w.sim.Stacks() {
		fmt.Fprintf(&b, "stack %+v\n", stack)
	}
	calls := w.sim.Calls()
	for _, call := range calls[max(0, len(calls)-15):] {
		fmt.Fprintln(&b, call.At.Format("15:04:05.000"), call.Operation(), call.Key, call.ErrorCode)
	}
	return b.String()
}
