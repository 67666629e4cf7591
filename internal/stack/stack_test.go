package stack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/stack"
)

// Phases and statuses by short names, for readable tables.
const (
	none         = v1alpha1.RevisionPhase("")
	pending      = v1alpha1.RevisionPending
	creating     = v1alpha1.RevisionCreating
	created      = v1alpha1.RevisionCreated
	failed       = v1alpha1.RevisionFailed
	deleting     = v1alpha1.RevisionDeleting
	deleteFailed = v1alpha1.RevisionDeleteFailed
	gone         = v1alpha1.RevisionRemoved

	missing = cloud.StackStatus("")
)

// outcome is the part of a decision that has consequences.
type outcome struct {
	Action  stack.Action
	Phase   v1alpha1.RevisionPhase
	Reason  string
	Settled bool
}

type situation struct {
	phase  v1alpha1.RevisionPhase
	status cloud.StackStatus
	want   outcome
}

func check(t *testing.T, wanted, owned bool, cases map[string]situation) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := stack.Observation{Wanted: wanted, Owned: owned && c.status != missing, Phase: c.phase}
			if c.status != missing {
				o.Stack = &cloud.Stack{Name: "s", Status: c.status, StatusReason: " why "}
			}
			d := stack.Decide(o)
			if diff := cmp.Diff(c.want, outcome{d.Action, d.Phase, d.Reason, d.Settled}); diff != "" {
				t.Errorf("Decide(%s, %q) (-want +got):\n%s", c.phase, c.status, diff)
			}
			if d.Message == "" && d.Phase != failed {
				t.Error("the decision has no message")
			}
		})
	}
}

func TestWanted(t *testing.T) {
	create := outcome{stack.ActionCreate, creating, v1alpha1.ReasonProvisioning, false}
	waiting := outcome{stack.ActionNone, creating, v1alpha1.ReasonProvisioning, false}
	diagnose := outcome{stack.ActionDiagnose, failed, v1alpha1.ReasonStackFailed, true}
	givenUp := outcome{stack.ActionNone, failed, v1alpha1.ReasonStackChanged, true}
	leftover := outcome{stack.ActionNone, deleting, v1alpha1.ReasonCleaningUp, false}
	check(t, true, true, map[string]situation{
		"new":                         {none, missing, create},
		"pending":                     {pending, missing, create},
		"again after removal":         {gone, missing, outcome{stack.ActionNone, pending, v1alpha1.ReasonProvisioning, false}},
		"not shown yet":               {creating, missing, waiting},
		"created, not shown":          {created, missing, outcome{stack.ActionNone, created, v1alpha1.ReasonProvisioning, false}},
		"being created":               {creating, cloud.StackCreateInProgress, waiting},
		"being created, unnoticed":    {none, cloud.StackCreateInProgress, waiting},
		"done":                        {creating, cloud.StackCreateComplete, outcome{stack.ActionCollect, created, v1alpha1.ReasonStackCreated, true}},
		"done, unnoticed":             {none, cloud.StackCreateComplete, outcome{stack.ActionCollect, created, v1alpha1.ReasonStackCreated, true}},
		"done and known":              {created, cloud.StackCreateComplete, outcome{stack.ActionNone, created, v1alpha1.ReasonStackCreated, true}},
		"failed":                      {creating, cloud.StackCreateFailed, diagnose},
		"rolling back":                {creating, cloud.StackRollbackInProgress, diagnose},
		"rolled back":                 {creating, cloud.StackRollbackComplete, diagnose},
		"not even rolled back":        {creating, cloud.StackRollbackFailed, diagnose},
		"failed, unnoticed":           {none, cloud.StackRollbackComplete, diagnose},
		"failed and known":            {failed, cloud.StackRollbackComplete, outcome{stack.ActionNone, failed, v1alpha1.ReasonStackFailed, true}},
		"failed and deleted":          {failed, cloud.StackDeleteComplete, outcome{stack.ActionNone, failed, v1alpha1.ReasonStackFailed, true}},
		"deleted while being created": {creating, cloud.StackDeleteInProgress, givenUp},
		"deleted when it was there":   {created, cloud.StackDeleteComplete, givenUp},
		"deletion failed by others":   {created, cloud.StackDeleteFailed, givenUp},
		"an attempt before goes":      {pending, cloud.StackDeleteInProgress, leftover},
		"an attempt before is stuck":  {pending, cloud.StackDeleteFailed, leftover},
		"updated by others":           {created, "UPDATE_COMPLETE", outcome{stack.ActionNone, created, v1alpha1.ReasonStackChanged, true}},
		"updated while being created": {creating, "UPDATE_ROLLBACK_COMPLETE", givenUp},
	})
}

func TestWantedButForeign(t *testing.T) {
	foreign := outcome{stack.ActionNone, failed, v1alpha1.ReasonForeignStack, true}
	check(t, true, false, map[string]situation{
		"there":         {none, cloud.StackCreateComplete, foreign},
		"being created": {pending, cloud.StackCreateInProgress, foreign},
		"broken":        {none, cloud.StackRollbackComplete, foreign},
		"going":         {pending, cloud.StackDeleteInProgress, foreign},
	})
}

func TestNotWanted(t *testing.T) {
	removed := outcome{stack.ActionNone, gone, v1alpha1.ReasonStackRemoved, true}
	remove := outcome{stack.ActionDelete, deleting, v1alpha1.ReasonCleaningUp, false}
	going := outcome{stack.ActionNone, deleting, v1alpha1.ReasonCleaningUp, false}
	cases := map[string]situation{
		"never made":            {none, missing, idle},
		"never asked for":       {pending, missing, idle},
		"made, not shown":       {creating, missing, remove},
		"there":                 {created, cloud.StackCreateComplete, remove},
		"being created":         {creating, cloud.StackCreateInProgress, remove},
		"being created, unseen": {none, cloud.StackCreateInProgress, remove},
		"failed":                {failed, cloud.StackRollbackComplete, remove},
		"failed and gone":       {failed, missing, removed},
		"updated by others":     {created, "UPDATE_COMPLETE", remove},
		"going":                 {deleting, cloud.StackDeleteInProgress, going},
		"going, forgotten":      {created, cloud.StackDeleteInProgress, going},
		"gone":                  {deleting, cloud.StackDeleteComplete, removed},
		"gone for good":         {gone, missing, removed},
		"made unnoticed":        {gone, cloud.StackCreateComplete, remove}, // it has no outputs
		"stuck":                 {deleting, cloud.StackDeleteFailed, outcome{stack.ActionNone, deleteFailed, v1alpha1.ReasonStackDeleteFailed, true}},
		"stuck, tried again":    {deleteFailed, cloud.StackDeleteFailed, remove},
		"stuck, in vain":        {deleteFailed, cloud.StackDeleteInProgress, going},
	}
	check(t, false, true, cases)
}

// idle is a revision whose stack was never requested.
var idle = outcome{stack.ActionNone, pending, v1alpha1.ReasonPending, true}

func TestNotWantedNorOurs(t *testing.T) {
	removed := outcome{stack.ActionNone, gone, v1alpha1.ReasonStackRemoved, true}
	check(t, false, false, map[string]situation{
		"there":     {none, cloud.StackCreateComplete, idle},
		"after all": {failed, cloud.StackCreateComplete, removed},
		"stuck":     {deleting, cloud.StackDeleteFailed, removed},
	})
}

// A removal that has begun is finished before the stack is created again.
func TestWantedAgain(t *testing.T) {
	check(t, true, true, map[string]situation{
		"going": {deleting, cloud.StackDeleteInProgress, outcome{stack.ActionNone, deleting, v1alpha1.ReasonCleaningUp, false}},
		"gone":  {deleting, cloud.StackDeleteComplete, outcome{stack.ActionNone, gone, v1alpha1.ReasonStackRemoved, true}},
		"stuck": {deleteFailed, cloud.StackDeleteFailed, outcome{stack.ActionDelete, deleting, v1alpha1.ReasonCleaningUp, false}},
	})
}

// A deletion that keeps failing continues as the policy says, after the
// resources that can't be deleted were listed.
func TestStuckDeletion(t *testing.T) {
	stuck := stack.Observation{Owned: true, Phase: deleteFailed, Stack: &cloud.Stack{Status: cloud.StackDeleteFailed, StatusReason: "why"}}
	for name, c := range map[string]struct {
		policy   v1alpha1.DeleteFailurePolicy
		attempts int32
		listed   bool
		want     stack.Action
	}{
		"first try":              {v1alpha1.DeleteFailureForce, 2, true, stack.ActionDelete},
		"no policy":              {"", 9, true, stack.ActionDelete},
		"retried for ever":       {v1alpha1.DeleteFailureRetry, 9, true, stack.ActionDelete},
		"listed before forced":   {v1alpha1.DeleteFailureForce, 3, false, stack.ActionList},
		"forced":                 {v1alpha1.DeleteFailureForce, 3, true, stack.ActionForceDelete},
		"listed before retained": {v1alpha1.DeleteFailureRetain, 3, false, stack.ActionList},
		"retained":               {v1alpha1.DeleteFailureRetain, 3, true, stack.ActionDeleteRetaining},
	} {
		t.Run(name, func(t *testing.T) {
			o := stuck
			o.OnDeleteFailure, o.DeleteAttempts, o.Listed = c.policy, c.attempts, c.listed
			if got := stack.Decide(o).Action; got != c.want {
				t.Errorf("Action is %q, want %q", got, c.want)
			}
		})
	}
}

// A stack that is no longer managed is not touched, whatever its state.
func TestRetained(t *testing.T) {
	for _, phase := range []v1alpha1.RevisionPhase{creating, created, failed, deleting, deleteFailed} {
		for _, wanted := range []bool{true, false} {
			d := stack.Decide(stack.Observation{Retained: true, Wanted: wanted, Owned: true, Phase: phase,
				Stack: &cloud.Stack{Status: cloud.StackCreateComplete}})
			if diff := cmp.Diff(outcome{stack.ActionNone, phase, v1alpha1.ReasonRetained, true}, outcome{d.Action, d.Phase, d.Reason, d.Settled}); diff != "" {
				t.Errorf("Decide(%s, wanted %t) (-want +got):\n%s", phase, wanted, diff)
			}
		}
	}
}

// Messages contain what CloudFormation said, and the name of what blocks.
func TestMessages(t *testing.T) {
	for name, c := range map[string]struct {
		o    stack.Observation
		want string
	}{
		"deletion failed": {
			stack.Observation{Phase: deleting, Owned: true, Stack: &cloud.Stack{Status: cloud.StackDeleteFailed, StatusReason: " in use \n"}},
			"trying again: in use",
		},
		"foreign": {stack.Observation{Wanted: true, Stack: &cloud.Stack{Name: "theirs", Status: cloud.StackCreateComplete}}, "A stack named theirs exists"},
		"changed": {
			stack.Observation{Wanted: true, Owned: true, Phase: created, Stack: &cloud.Stack{Status: "UPDATE_COMPLETE"}},
			"Someone else changed the stack (UPDATE_COMPLETE)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := stack.Decide(c.o).Message; !strings.Contains(got, c.want) {
				t.Errorf("Message is %q, want it to contain %q", got, c.want)
			}
		})
	}
}

// A complete stack isn't deleted if its record has no history: the record may
// be outdated. The deletion of the record deletes the stack too.
func TestStackWithoutHistory(t *testing.T) {
	complete := func(o stack.Observation) stack.Observation {
		o.Stack = &cloud.Stack{Name: "shop-2", Status: cloud.StackCreateComplete, Outputs: map[string]string{"ServiceName": "shop"}}
		o.Owned = true
		return o
	}
	for name, c := range map[string]struct {
		seen   stack.Observation
		action stack.Action
		phase  v1alpha1.RevisionPhase
		gone   bool
	}{
		"no history":         {complete(stack.Observation{}), stack.ActionCollect, v1alpha1.RevisionPending, false},
		"never asked for":    {complete(stack.Observation{Phase: v1alpha1.RevisionPending}), stack.ActionCollect, v1alpha1.RevisionPending, false},
		"the record goes":    {complete(stack.Observation{Deleting: true}), stack.ActionDelete, v1alpha1.RevisionDeleting, false},
		"it was removed":     {complete(stack.Observation{Phase: v1alpha1.RevisionRemoved}), stack.ActionCollect, v1alpha1.RevisionPending, false},
		"it is asked for":    {complete(stack.Observation{Wanted: true}), stack.ActionCollect, v1alpha1.RevisionCreated, false},
		"not the revision's": {func() stack.Observation { o := complete(stack.Observation{}); o.Owned = false; return o }(), stack.ActionNone, v1alpha1.RevisionPending, true},
	} {
		if d := stack.Decide(c.seen); d.Action != c.action || d.Phase != c.phase || d.Gone() != c.gone {
			t.Errorf("%s: %+v, gone %t", name, d, d.Gone())
		}
	}
}

// While CloudFormation waits for a service on instances, ECS is asked what for.
func TestCreatingOnInstances(t *testing.T) {
	for name, c := range map[string]struct {
		service *cloud.Service
		action  stack.Action
		message string
	}{
		"not asked": {nil, stack.ActionNone, "CloudFormation creates the stack"},
		"waiting":   {&cloud.Service{DesiredCount: 3, RunningCount: 1}, stack.ActionAttend, "CloudFormation creates the stack: 1 of 3 tasks run"},
	} {
		o := stack.Observation{Wanted: true, Owned: true, Phase: creating, Stack: &cloud.Stack{Status: cloud.StackCreateInProgress}, Service: c.service}
		if d := stack.Decide(o); d.Action != c.action || d.Message != c.message || d.Phase != creating || d.Settled {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// In express mode a stack is complete before its service is steady: it is created
// only then.
func TestExpress(t *testing.T) {
	attend := outcome{stack.ActionAttend, creating, v1alpha1.ReasonProvisioning, false}
	for name, c := range map[string]struct {
		phase   v1alpha1.RevisionPhase
		service *cloud.Service
		want    outcome
	}{
		"not shown yet":      {creating, &cloud.Service{}, attend},
		"starting":           {creating, &cloud.Service{RolloutState: cloud.RolloutInProgress}, attend},
		"starting, unlooked": {pending, &cloud.Service{RolloutState: cloud.RolloutInProgress}, attend},
		"steady":             {creating, &cloud.Service{RolloutState: cloud.RolloutCompleted}, outcome{stack.ActionCollect, created, v1alpha1.ReasonStackCreated, true}},
		"given up":           {creating, &cloud.Service{RolloutState: cloud.RolloutFailed}, outcome{stack.ActionDiagnose, failed, v1alpha1.ReasonStackFailed, true}},
		"given up long ago":  {failed, &cloud.Service{RolloutState: cloud.RolloutFailed}, outcome{stack.ActionNone, failed, v1alpha1.ReasonStackFailed, true}},
		"not awaited":        {pending, nil, outcome{stack.ActionCollect, created, v1alpha1.ReasonStackCreated, true}},
		"created":            {created, nil, outcome{stack.ActionNone, created, v1alpha1.ReasonStackCreated, true}},
	} {
		o := stack.Observation{Wanted: true, Owned: true, Phase: c.phase, Stack: &cloud.Stack{Status: cloud.StackCreateComplete}, Service: c.service}
		d := stack.Decide(o)
		if diff := cmp.Diff(c.want, outcome{d.Action, d.Phase, d.Reason, d.Settled}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	o := stack.Observation{Owned: true, Phase: creating, Stack: &cloud.Stack{Status: cloud.StackCreateComplete}, Service: &cloud.Service{RolloutState: cloud.RolloutFailed}}
	if d := stack.Decide(o); d.Action != stack.ActionDelete {
		t.Errorf("one that isn't wanted any more: %+v", d)
	}
}

// A stack that was asked for and isn't there is removed, also between two attempts
// at it; one that never was is pending.
func TestGivenUpBetweenAttempts(t *testing.T) {
	for name, attempted := range map[string]bool{"never asked for": false, "between two attempts": true} {
		d := stack.Decide(stack.Observation{Phase: pending, Attempted: attempted, Waiting: "The next attempt is later"})
		want := pending
		if attempted {
			want = gone
		}
		if d.Phase != want || !d.Gone() || d.Action != stack.ActionNone {
			t.Errorf("%s: %s, %+v", name, d.Phase, d)
		}
	}
}
