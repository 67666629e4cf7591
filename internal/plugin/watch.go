package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/plugin/view"
)

func (t *tool) watchCommand() *cobra.Command {
	var limit time.Duration
	cmd := t.named(groupLook, "watch", "Show a rollout until it is decided",
		"Show what status shows, anew whenever something changes, until the rollout is decided and traffic is where\n"+
			"that says. If the output isn't a terminal, there is a line for each change.\n\n"+
			"It exits with 0 if the template in spec serves, 3 if it was turned down or nobody is served, and 4 if neither\n"+
			"is so within --timeout. What waits for a person is waited for.",
		func(ctx context.Context, c *cluster, name string) error {
			if _, err := c.deployment(ctx, name); err != nil {
				return err
			}
			ctx, cancel := limited(ctx, limit)
			defer cancel()
			return t.watch(ctx, c, name)
		})
	cmd.Flags().DurationVar(&limit, "timeout", 0, "how long to wait, such as 30m; 0 is without a limit")
	return cmd
}

func (t *tool) watch(ctx context.Context, c *cluster, name string) error {
	var last *view.Deployment
	show := t.lines()
	if t.terminal {
		show = t.replace
	}
	err := c.follow(ctx, name, func(imd *v1alpha1.ImmutableDeployment, revisions []v1alpha1.ImmutableRevision) (bool, error) {
		if imd == nil {
			return true, c.gone(name)
		}
		d := view.Of(imd, revisions)
		last = &d
		return d.State != view.InProgress, show(last)
	})
	switch {
	case errors.Is(err, errTimeout):
		return &exit{ExitUndecided, fmt.Sprintf("Error: %s/%s is not decided yet: --timeout is over", c.namespace, name)}
	case err != nil:
		return err
	}
	return exitOf(last)
}

// replace shows a deployment in the place of what is on the terminal.
func (t *tool) replace(d *view.Deployment) error {
	const home = "\x1b[H\x1b[2J"
	_, err := fmt.Fprint(t.out, home+t.screenNow().Status(d))
	return err
}

// lines shows a deployment in a line, if it differs from the line before.
func (t *tool) lines() func(*view.Deployment) error {
	last := ""
	return func(d *view.Deployment) error {
		line := view.Line(d)
		if line == last {
			return nil
		}
		last = line
		_, err := fmt.Fprintln(t.out, t.now().UTC().Format("15:04:05Z")+"  "+line)
		return err
	}
}
