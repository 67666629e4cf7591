package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/plugin/ask"
	"github.com/viridian-dev/viridian/internal/plugin/view"
)

// find is the revision of a number.
func find(revisions []v1alpha1.ImmutableRevision, number int64) (*v1alpha1.ImmutableRevision, error) {
	var names []string
	for i := range revisions {
		if revisions[i].Spec.Revision == number {
			return &revisions[i], nil
		}
		names = append(names, revisions[i].Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no revision %d, nor any other", number)
	}
	return nil, fmt.Errorf("there is no revision %d; there are %s: spec.revisionHistoryLimit says how many are kept", number, strings.Join(names, ", "))
}

func (t *tool) undoCommand() *cobra.Command {
	var w waiting
	var number int64
	cmd := t.named(groupSteer, "undo", "Put the template of an earlier revision into spec",
		"Put the template of an earlier revision into spec, as it was written. Without --to-revision, that is what serves\n"+
			"if spec asks for something else, and otherwise what served before it. The revision is used again, with the same\n"+
			"image digests. While its stack exists, traffic moves to it at once; otherwise it is rolled out by the strategy.\n\n"+
			"To end a rollout that is under way, abort is as quick, and doesn't change spec. Where spec is applied from Git,\n"+
			"undo lasts until it is applied the next time: revert the commit as well.\n\n"+
			"It exits with 0 once the controller has seen the change; watch shows what becomes of it.",
		func(ctx context.Context, c *cluster, name string) error { return t.undo(ctx, c, name, number, w) })
	cmd.Flags().Int64Var(&number, "to-revision", 0, "number of the revision")
	w.bind(cmd.Flags())
	return cmd
}

func (t *tool) undo(ctx context.Context, c *cluster, name string, number int64, w waiting) error {
	imd, err := c.deployment(ctx, name)
	if err != nil {
		return err
	}
	if number == 0 {
		if number, err = ask.UndoTarget(imd); err != nil {
			return err
		}
	}
	revisions, err := c.revisions(ctx, name)
	if err != nil {
		return err
	}
	revision, err := find(revisions, number)
	if err != nil {
		return err
	}
	written, err := ask.Written(&revision.Spec.Frozen)
	if err != nil {
		return fmt.Errorf("undo to %s: %w", revision.Name, err)
	}
	if ask.Asks(imd, &revision.Spec.Frozen) {
		_, err := fmt.Fprintf(t.out, "spec.template is that of %s already\n", revision.Name)
		return err
	}
	if by := ask.ApplierOf(imd); by != "" {
		fmt.Fprintf(t.err, "%s applies spec.template, and brings it back when it does so next: revert it there as well\n", by)
	}
	patch := []map[string]any{
		{"op": "test", "path": "/metadata/generation", "value": imd.Generation}, // spec is as it was read
		{"op": "replace", "path": "/spec/template", "value": written},
	}
	if err := c.patch(ctx, imd, types.JSONPatchType, patch); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "spec.template is that of %s now\n", revision.Name)
	return t.seen(ctx, c, imd, w)
}

func (t *tool) diffCommand() *cobra.Command {
	var from, to int64
	cmd := t.shown("diff", "Compare two revisions",
		"Compare two revisions: their images, the parameters and secrets that they hold, and the rest of their templates.\n"+
			"By default what serves is compared with what is rolled out or was last, or else what served before it with it.",
		func(ctx context.Context, c *cluster, name string) (any, func(*view.Screen) string, error) {
			d, err := c.compare(ctx, name, from, to)
			return d, func(s *view.Screen) string { return s.Diff(&d) }, err
		})
	cmd.Flags().Int64Var(&from, "from", 0, "number of the revision to begin with")
	cmd.Flags().Int64Var(&to, "to", 0, "number of the revision to compare it with")
	return cmd
}

func (c *cluster) compare(ctx context.Context, name string, from, to int64) (view.Difference, error) {
	imd, err := c.deployment(ctx, name)
	if err != nil {
		return view.Difference{}, err
	}
	if from == 0 || to == 0 {
		earlier, later, err := ask.Compared(imd)
		if err != nil {
			return view.Difference{}, err
		}
		if from == 0 {
			from = earlier
		}
		if to == 0 {
			to = later
		}
	}
	revisions, err := c.revisions(ctx, name)
	if err != nil {
		return view.Difference{}, err
	}
	before, err := find(revisions, from)
	if err != nil {
		return view.Difference{}, err
	}
	after, err := find(revisions, to)
	if err != nil {
		return view.Difference{}, err
	}
	return view.DiffOf(before, after)
}
