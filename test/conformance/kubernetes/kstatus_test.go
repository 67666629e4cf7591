package kubernetes_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// judgeHistory has kstatus evaluate every state that a watch showed in all
// tests, and compares the result with the other fields of status. It runs after
// all tests, so it isn't a test: tests end in any order.
func (s *suite) judgeHistory() int {
	code := 0
	if test := flag.Lookup("test.run").Value.String(); test != "" {
		return code // a subset of the tests doesn't produce every status
	}
	for _, kind := range []string{kindDeployment, kindRevision} {
		seen := map[status.Status]int{}
		states, wrong := 0, 0
		for _, state := range s.history.all() {
			if state.GetKind() != kind {
				continue
			}
			states++
			verdict, problem := judge(state)
			seen[verdict]++
			if problem == "" && kind == kindDeployment && verdict == status.CurrentStatus {
				problem = s.served(state)
			}
			if problem == "" {
				continue
			}
			if wrong++; wrong <= 5 {
				body, _ := yaml.Marshal(state.Object["status"]) // it came as JSON
				fmt.Fprintf(os.Stderr, "%s %s/%s at generation %d: %s\n%s\n", kind, state.GetNamespace(), state.GetName(), state.GetGeneration(), problem, body)
			}
		}
		for _, must := range []status.Status{status.InProgressStatus, status.CurrentStatus, status.FailedStatus, status.TerminatingStatus} {
			if seen[must] == 0 {
				wrong++
				fmt.Fprintf(os.Stderr, "kstatus never found a %s %s\n", kind, must)
			}
		}
		if err := result("kstatus of every status of "+kind, states, outcome(wrong), tally(seen)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		if wrong > 0 {
			code = 1
		}
	}
	return code
}

// outcome in the table.
func outcome(wrong int) string {
	if wrong > 0 {
		return "failed"
	}
	return "ok"
}

// tally counts, such as "3 Current, 2 Failed".
func tally[K ~string](counts map[K]int) string {
	var out []string
	for name, n := range counts {
		out = append(out, fmt.Sprintf("%d %s", n, name))
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(a[strings.Index(a, " "):], b[strings.Index(b, " "):]) })
	return strings.Join(out, ", ")
}

// judge returns what kstatus says about a state, and the problem if that is
// wrong.
func judge(state *unstructured.Unstructured) (status.Status, string) {
	got, err := status.Compute(state)
	if err != nil {
		return "", err.Error()
	}
	var want status.Status
	if state.GetKind() == kindDeployment {
		imd, bad := typed[v1alpha1.ImmutableDeployment](state)
		if bad != nil {
			return got.Status, bad.Error()
		}
		want = truthOfDeployment(imd)
	} else {
		imr, bad := typed[v1alpha1.ImmutableRevision](state)
		if bad != nil {
			return got.Status, bad.Error()
		}
		want = truthOfRevision(imr)
	}
	if got.Status != want {
		return got.Status, fmt.Sprintf("kstatus says %s (%s), and it is %s", got.Status, got.Message, want)
	}
	return got.Status, ""
}

// truthOfDeployment returns the expected status from all fields except the
// conditions, which kstatus uses.
func truthOfDeployment(imd *v1alpha1.ImmutableDeployment) status.Status {
	s := imd.Status
	switch {
	case imd.DeletionTimestamp != nil:
		return status.TerminatingStatus
	case s.ObservedGeneration != imd.Generation:
		return status.InProgressStatus
	case s.Phase == v1alpha1.PhaseRolledBack || s.Phase == v1alpha1.PhaseFailed:
		return status.FailedStatus
	case s.BlockedBy != nil:
		if slices.Contains(awaited, s.BlockedBy.Reason) {
			return status.InProgressStatus
		}
		return status.FailedStatus
	case serves(imd):
		return status.CurrentStatus
	}
	return status.InProgressStatus
}

// served says what is wrong if the revision that serves doesn't run the images
// of the template in spec, as resolved by the registry.
func (s *suite) served(state *unstructured.Unstructured) string {
	imd, err := typed[v1alpha1.ImmutableDeployment](state)
	if err != nil {
		return err.Error()
	}
	for _, seen := range s.history.of(imd.Namespace, kindRevision) {
		if seen.GetName() != imd.Status.StableRevision {
			continue
		}
		imr, err := typed[v1alpha1.ImmutableRevision](seen)
		if err != nil {
			return err.Error()
		}
		for i, container := range imd.Spec.Template.Containers {
			repository, tag, _ := strings.Cut(container.Image[strings.LastIndex(container.Image, "/")+1:], ":")
			digest := s.sim.PutImage(repository, tag, "") // follows from both
			if got := imr.Spec.Frozen.Template.Containers[i].Image; !strings.HasSuffix(got, repository+"@"+digest) {
				return fmt.Sprintf("spec wants %s (%s), and %s runs %s", container.Image, digest, imr.Name, got)
			}
		}
		return ""
	}
	return "no watch showed " + imd.Status.StableRevision
}

// awaited are the reasons for waiting that are intended, or temporary.
var awaited = []string{v1alpha1.ReasonPaused, v1alpha1.ReasonAwaitingApproval, v1alpha1.ReasonGateRunning, v1alpha1.ReasonAWSUnavailable}

// serves reports whether the template in spec serves all traffic and nothing is
// left to do.
func serves(imd *v1alpha1.ImmutableDeployment) bool {
	s := imd.Status
	return s.Phase == v1alpha1.PhaseComplete && s.Rollout != nil && s.Rollout.FinishedAt != nil && s.Rollout.Outcome.Good() &&
		s.Stable == s.Rollout.Revision && s.Revision == s.StableRevision && s.Weight != nil && *s.Weight == 100 && len(s.Retiring) == 0
}

// truthOfRevision is the same for a revision: whether its stack is as desired.
func truthOfRevision(imr *v1alpha1.ImmutableRevision) status.Status {
	phase, wanted, trouble := imr.Status.Phase, imr.Spec.StackState, ""
	if ready := meta.FindStatusCondition(imr.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		trouble = ready.Reason
	}
	switch {
	case imr.DeletionTimestamp != nil:
		return status.TerminatingStatus
	case imr.Status.ObservedGeneration != imr.Generation:
		return status.InProgressStatus
	case trouble == v1alpha1.ReasonAWSUnavailable:
		return status.InProgressStatus
	case trouble == v1alpha1.ReasonCredentials:
		return status.FailedStatus
	case wanted == v1alpha1.StackRetained:
		return status.CurrentStatus
	case phase == v1alpha1.RevisionFailed && wanted == v1alpha1.StackPresent, phase == v1alpha1.RevisionDeleteFailed:
		return status.FailedStatus
	case phase == v1alpha1.RevisionCreated && wanted == v1alpha1.StackPresent,
		(phase == v1alpha1.RevisionRemoved || phase == v1alpha1.RevisionPending) && wanted == v1alpha1.StackAbsent:
		return status.CurrentStatus
	}
	return status.InProgressStatus
}
