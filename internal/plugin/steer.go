package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/plugin/ask"
	"github.com/viridian-dev/viridian/internal/plugin/view"
)

// waiting says whether, and how long, the controller's answer is waited for.
type waiting struct {
	wait  bool
	limit time.Duration
}

func (w *waiting) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&w.wait, "wait", true, "wait for the controller's answer")
	flags.DurationVar(&w.limit, "timeout", time.Minute, "how long to wait; 0 is without a limit")
}

const answered = "\n\nThe controller answers each request. It exits with 0 once the request is carried out, 1 if it is ignored, and 4 if\n" +
	"there is no answer within --timeout or the request has to wait: the controller remembers it then."

func (t *tool) promoteCommand() *cobra.Command {
	var what ask.Promotion
	cmd := t.asking("promote", "End the step under way, or give the approval that is waited for",
		"End the step under way, or give the approval that the rollout waits for: that of a gate, or that of the step.\n"+
			"For the last step it ends the bake time, and the old stack is deleted."+answered,
		func(imd *v1alpha1.ImmutableDeployment) (ask.Request, error) { return ask.Promote(imd, what) })
	cmd.Flags().BoolVar(&what.Full, "full", false, "skip all steps up to 100%, and their approvals")
	cmd.Flags().IntVar(&what.Step, "step", 0, "end this step, counted from 1, if it is under way, and no other")
	cmd.Flags().StringVar(&what.Gate, "gate", "", "approve this gate; after step 2 it is called NAME/2")
	cmd.MarkFlagsMutuallyExclusive("full", "step", "gate")
	return cmd
}

func (t *tool) abortCommand() *cobra.Command {
	return t.asking("abort", "Return traffic to what served before",
		"Give the rollout up: traffic returns to the revision that served before."+answered, ask.Abort)
}

func (t *tool) retryCommand() *cobra.Command {
	return t.asking("retry", "Try again what failed or was aborted",
		"Roll the revision out again that failed, was rolled back or aborted, with the same images. In an outage, have made\n"+
			"anew what others deleted: the production rule, or the stack of what served."+answered, ask.Retry)
}

// asking is a command that makes a request.
func (t *tool) asking(name, short, long string, find func(*v1alpha1.ImmutableDeployment) (ask.Request, error)) *cobra.Command {
	var w waiting
	cmd := t.named(groupSteer, name, short, long, func(ctx context.Context, c *cluster, name string) error {
		imd, err := c.deployment(ctx, name)
		if err != nil {
			return err
		}
		a, err := find(imd)
		if err != nil {
			return err
		}
		return t.ask(ctx, c, imd, a, w)
	})
	w.bind(cmd.Flags())
	return cmd
}

// ask makes a request and waits for its answer.
func (t *tool) ask(ctx context.Context, c *cluster, imd *v1alpha1.ImmutableDeployment, a ask.Request, w waiting) error {
	patch := map[string]any{"metadata": map[string]any{"annotations": map[string]string{a.Annotation: a.Value}}}
	if err := c.patch(ctx, imd, types.MergePatchType, patch); err != nil {
		return err
	}
	if !w.wait {
		_, err := fmt.Fprintf(t.out, "Asked for %s\n", a)
		return err
	}
	ctx, cancel := limited(ctx, w.limit)
	defer cancel()
	var answer *v1alpha1.RequestAnswer
	err := c.follow(ctx, imd.Name, func(now *v1alpha1.ImmutableDeployment, _ []v1alpha1.ImmutableRevision) (bool, error) {
		if now == nil {
			return true, c.gone(imd.Name)
		}
		last := now.Status.LastRequest
		if last == nil || last.Request != a.String() || answer != nil && answer.Reason == last.Reason {
			return false, nil
		}
		answer = last
		if last.Reason != v1alpha1.ReasonRequestWaiting {
			return true, nil
		}
		_, err := fmt.Fprintln(t.out, last.Message)
		return false, err
	})
	if err != nil && !errors.Is(err, errTimeout) {
		return err
	}
	return t.tell(a, answer, w.limit)
}

// tell tells the last answer, nil if there was none.
func (t *tool) tell(a ask.Request, answer *v1alpha1.RequestAnswer, limit time.Duration) error {
	switch {
	case answer == nil:
		return &exit{ExitUndecided, fmt.Sprintf("Error: asked for %s, and the controller has not answered within %s: see whether the manager runs", a, limit)}
	case answer.Reason == v1alpha1.ReasonRequestWaiting:
		return &exit{ExitUndecided, fmt.Sprintf("Error: %s still waits after %s; the controller remembers it", a, limit)}
	case answer.Reason == v1alpha1.ReasonRequestAccepted:
		_, err := fmt.Fprintln(t.out, answer.Message)
		return err
	}
	return errors.New(answer.Message)
}

func (t *tool) pauseCommand() *cobra.Command {
	return t.pausing("pause", "Freeze a rollout where it is, or keep the next one from starting", true,
		"Set spec.paused: a rollout stays where it is, and the next one doesn't start. A paused rollout isn't rolled back,\n"+
			"either, but can be aborted. It exits with 0 once the controller has seen it.")
}

func (t *tool) resumeCommand() *cobra.Command {
	return t.pausing("resume", "End a pause", false,
		"Set spec.paused to false: a rollout goes on, and its clocks with it. It exits with 0 once the controller has seen it.")
}

func (t *tool) pausing(name, short string, paused bool, long string) *cobra.Command {
	var w waiting
	cmd := t.named(groupSteer, name, short, long, func(ctx context.Context, c *cluster, name string) error {
		imd, err := c.deployment(ctx, name)
		if err != nil {
			return err
		}
		if is := imd.Spec.Paused != nil && *imd.Spec.Paused; is == paused {
			_, err := fmt.Fprintf(t.out, "spec.paused of %s/%s is %t already\n", c.namespace, name, paused)
			return err
		}
		if err := c.patch(ctx, imd, types.MergePatchType, map[string]any{"spec": map[string]any{"paused": paused}}); err != nil {
			return err
		}
		return t.seen(ctx, c, imd, w)
	})
	w.bind(cmd.Flags())
	return cmd
}

// seen waits until the controller has seen a change of spec, and tells how the
// deployment is then.
func (t *tool) seen(ctx context.Context, c *cluster, changed *v1alpha1.ImmutableDeployment, w waiting) error {
	if !w.wait {
		_, err := fmt.Fprintf(t.out, "Changed spec of %s/%s\n", changed.Namespace, changed.Name)
		return err
	}
	ctx, cancel := limited(ctx, w.limit)
	defer cancel()
	err := c.follow(ctx, changed.Name, func(now *v1alpha1.ImmutableDeployment, revisions []v1alpha1.ImmutableRevision) (bool, error) {
		if now == nil {
			return true, c.gone(changed.Name)
		}
		if now.Status.ObservedGeneration < changed.Generation {
			return false, nil
		}
		d := view.Of(now, revisions)
		_, err := fmt.Fprintln(t.out, view.Line(&d))
		return true, err
	})
	if errors.Is(err, errTimeout) {
		return &exit{ExitUndecided, fmt.Sprintf("Error: changed spec, and the controller has not seen it within %s: see whether the manager runs", w.limit)}
	}
	return err
}

// patch changes a deployment under a name that Flux leaves alone, and reads what
// became of it.
func (c *cluster) patch(ctx context.Context, imd *v1alpha1.ImmutableDeployment, kind types.PatchType, patch any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	name := imd.Name
	if err := c.client.Patch(ctx, imd, client.RawPatch(kind, body), client.FieldOwner(command.FieldManager)); err != nil {
		return c.explain(ctx, name, err)
	}
	return nil
}
