package plugin

import (
	"context"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
)

// controller plays the controller: it answers each change of a deployment by
// editing its status, until edit says that it is done.
func (w *world) controller(name string, edit func(*v1alpha1.ImmutableDeployment) (changed, done bool)) (wait func()) {
	w.Helper()
	watcher, err := api.Client.Watch(w.Context(), &v1alpha1.ImmutableDeploymentList{}, client.InNamespace(w.namespace), client.MatchingFields{"metadata.name": name})
	w.must(err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer watcher.Stop()
		for event := range watcher.ResultChan() {
			imd, ok := event.Object.(*v1alpha1.ImmutableDeployment)
			if !ok || event.Type == watch.Deleted {
				return
			}
			changed, done := edit(imd)
			if changed {
				if err := api.Client.Status().Update(w.Context(), imd); err != nil {
					w.Errorf("play the controller: %v", err)
					return
				}
			}
			if done {
				return
			}
		}
	}()
	return func() { <-ended }
}

// answers has the controller answer a request.
func (w *world) answers(name, annotation, reason string) (wait func()) {
	return w.controller(name, func(imd *v1alpha1.ImmutableDeployment) (changed, done bool) {
		value := imd.Annotations[annotation]
		if value == "" {
			return false, false
		}
		imd.Status.LastRequest = &v1alpha1.RequestAnswer{
			Request: annotation + "=" + value, Reason: reason, Message: reason + " for " + value, At: metav1.NewTime(now),
		}
		return true, true
	})
}

func TestRequests(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		reason string
		code   int
		want   string
	}{
		"promote":      {[]string{"promote"}, "RequestAccepted", ExitOK, "RequestAccepted for checkout-2.2/2"},
		"promote full": {[]string{"promote", "--full"}, "RequestAccepted", ExitOK, "RequestAccepted for checkout-2.2/full"},
		"abort":        {[]string{"abort"}, "RequestAccepted", ExitOK, "RequestAccepted for checkout-2.2"},
		"ignored":      {[]string{"promote", "--step", "3"}, "RequestIgnored", ExitFailed, "Error: RequestIgnored for checkout-2.2/3"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.deployment("checkout", underWay)
			wait := w.answers("checkout", "viridian.dev/"+c.args[0], c.reason)
			got := w.run(append(c.args, "checkout", "--timeout", "0")...)
			wait()
			w.expect(got, c.code, c.want)
			w.managed("checkout", `"f:viridian.dev/`+c.args[0]+`"`)
		})
	}
}

// A request that has to wait is told so, and waited for.
func TestRequestThatWaits(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", underWay)
	wait := w.answers("checkout", v1alpha1.AnnotationAbort, v1alpha1.ReasonRequestWaiting)
	asked := w.background(t.Context(), "abort", "checkout", "--timeout", "0")
	wait()
	w.shown(asked, "RequestWaiting for checkout-2.2\n")
	w.update("checkout", func(imd *v1alpha1.ImmutableDeployment) {
		imd.Status.LastRequest.Reason, imd.Status.LastRequest.Message = v1alpha1.ReasonRequestAccepted, "Carrying it out"
	})
	w.expect(asked.end(), ExitOK, "RequestWaiting for checkout-2.2\nCarrying it out\n")
}

// managed checks that Flux would leave a field alone that was set.
func (w *world) managed(name, field string) {
	w.Helper()
	for _, entry := range w.get(name).ManagedFields {
		if entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), field) {
			if entry.Manager != command.FieldManager {
				w.Errorf("%s is of the manager %s", field, entry.Manager)
			}
			return
		}
	}
	w.Errorf("nobody manages %s", field)
}

// What the controller would ignore anyhow isn't asked for.
func TestRequestsThatMakeNoSense(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", atRest)
	for _, name := range []string{"promote", "abort"} {
		w.expect(w.run(name, "checkout"), ExitFailed, "no rollout of "+w.namespace+"/checkout is under way")
	}
	w.expect(w.run("retry", "checkout"), ExitFailed, "ended as Promoted")
	for _, name := range []string{"promote", "abort", "retry", "pause", "resume"} {
		w.expect(w.run(name, "nobody"), ExitFailed, `there is no ImmutableDeployment "nobody"`)
		w.expect(w.run(name), ExitFailed, "name an ImmutableDeployment")
	}
	w.expect(w.run("promote", "checkout", "--full", "--step", "1"), ExitFailed, "none of the others can be")
	if annotations := w.get("checkout").Annotations; len(annotations) > 0 {
		t.Errorf("annotated: %v", annotations)
	}
}

// Whoever may only look is told so.
func TestForbiddenRequests(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", underWay)
	w.bound("looker", rbacv1.PolicyRule{APIGroups: []string{"deploy.viridian.dev"}, Resources: []string{"*"}, Verbs: []string{"get", "list"}})
	w.expect(w.run("abort", "checkout", "--as", "looker"), ExitFailed, "cannot patch", "edit lets them steer")
	w.expect(w.run("pause", "checkout", "--as", "looker"), ExitFailed, "cannot patch")
	w.expect(w.run("watch", "checkout", "--as", "looker"), ExitFailed, "cannot watch")
}

// A controller that doesn't run answers nothing.
func TestNoAnswer(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", underWay)
	w.expect(w.run("abort", "checkout", "--timeout", "1ms"), ExitUndecided, "the controller has not answered within 1ms")
	w.expect(w.run("pause", "checkout", "--timeout", "1ms"), ExitUndecided, "the controller has not seen it within 1ms")
	w.expect(w.run("promote", "checkout", "--full", "--wait=false"), ExitFailed, "is paused")
	w.expect(w.run("resume", "checkout", "--wait=false"), ExitOK, "Changed spec")
	w.expect(w.run("promote", "checkout", "--full", "--wait=false"), ExitOK, "Asked for viridian.dev/promote=checkout-2.2/full")
	if got := w.get("checkout").Annotations[v1alpha1.AnnotationPromote]; got != "checkout-2.2/full" {
		t.Errorf("annotated with %q", got)
	}
}

func TestPause(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", underWay)
	sees := func() func() {
		return w.controller("checkout", func(imd *v1alpha1.ImmutableDeployment) (bool, bool) {
			if imd.Status.ObservedGeneration == imd.Generation {
				return false, false
			}
			imd.Status.ObservedGeneration, imd.Status.Phase = imd.Generation, v1alpha1.PhaseShifting
			if *imd.Spec.Paused {
				imd.Status.Phase = v1alpha1.PhasePaused
			}
			return true, true
		})
	}
	wait := sees()
	w.expect(w.run("pause", "checkout", "--timeout", "0"), ExitOK, "checkout  Paused  ", "spec.paused")
	wait()
	w.managed("checkout", `"f:paused"`)
	w.expect(w.run("pause", "checkout"), ExitOK, "is true already")
	wait = sees()
	w.expect(w.run("resume", "checkout", "--timeout", "0"), ExitOK, "checkout  Shifting  ")
	wait()
	if paused := w.get("checkout").Spec.Paused; paused == nil || *paused {
		t.Errorf("paused is %v", paused)
	}
}

// A rollout is shown until it is decided.
func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		last  v1alpha1.Phase
		code  int
		lines int
	}{
		"promoted":    {v1alpha1.PhaseCleaningUp, ExitOK, 3},
		"rolled back": {v1alpha1.PhaseRolledBack, ExitNotServing, 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.deployment("checkout", underWay)
			watched := w.background(t.Context(), "watch", "checkout")
			w.shown(watched, "step 2/4")
			w.update("checkout", func(imd *v1alpha1.ImmutableDeployment) { imd.Status.Step = "3/4" })
			w.shown(watched, "step 3/4")
			w.update("checkout", func(imd *v1alpha1.ImmutableDeployment) {
				imd.Status.Step, imd.Status.Phase = "", c.last
			})
			got := watched.end()
			w.expect(got, c.code, string(c.last))
			if n := strings.Count(got.out, "\n"); n != c.lines {
				t.Errorf("%d lines, want %d: one for each change:\n%s", n, c.lines, got.out)
			}
		})
	}
}

// running is a command that runs.
type running struct {
	out, err buffer
	code     int
	done     chan struct{}
}

func (w *world) background(ctx context.Context, args ...string) *running {
	r := &running{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.code = w.start(ctx, &r.out, &r.err, args...)
	}()
	return r
}

// end waits for a command's end.
func (r *running) end() result {
	<-r.done
	return result{r.code, r.out.String(), r.err.String()}
}

// shown waits until a command has shown something.
func (w *world) shown(r *running, text string) {
	w.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(r.out.String(), text) {
		select {
		case <-r.done:
			w.Fatalf("it ended before it showed %q: %+v", text, r.end())
		case <-tick.C:
		}
	}
}

func TestWatchEnds(t *testing.T) {
	w := newWorld(t)
	imd := w.deployment("checkout", underWay)
	w.deployment("other", atRest)
	w.expect(w.run("watch", "checkout", "--timeout", "1ms"), ExitUndecided, "is not decided yet: --timeout is over")
	w.expect(w.run("watch", "other"), ExitOK, "other-1 serves all traffic")
	w.expect(w.run("watch", "nobody"), ExitFailed, `there is no ImmutableDeployment "nobody"`)
	watched := w.background(t.Context(), "watch", "checkout")
	w.shown(watched, "step 2/4")
	w.must(api.Client.Delete(t.Context(), imd))
	w.expect(watched.end(), ExitFailed, "was deleted")
	// Ctrl-C
	ctx, cancel := context.WithCancel(t.Context())
	w.deployment("checkout", underWay)
	watched = w.background(ctx, "watch", "checkout")
	w.shown(watched, "step 2/4")
	cancel()
	w.expect(watched.end(), ExitFailed, "canceled")
}

// On a terminal the whole tree takes the place of the one before.
func TestWatchOnTerminal(t *testing.T) {
	w := newWorld(t)
	w.deployment("checkout", atRest)
	var out, errOut buffer
	tool := &tool{out: &out, err: &errOut, now: func() time.Time { return now }, terminal: true}
	code := tool.run(t.Context(), []string{"watch", "checkout", "--kubeconfig", api.Kubeconfig, "-n", w.namespace})
	w.expect(result{code, out.String(), errOut.String()}, ExitOK, "\x1b[H\x1b[2J"+w.namespace+"/checkout  Complete", "└─ Rollout checkout-1.1")
}
