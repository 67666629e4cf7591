package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/plugin/view"
)

// output is the value of -o.
type output string

const outputJSON output = "json"

// String, Set and Type are those of a flag.
func (o *output) String() string { return string(*o) }

// Set takes what is implemented.
func (o *output) Set(text string) error {
	if output(text) != outputJSON {
		return fmt.Errorf("only %s is known", outputJSON)
	}
	*o = output(text)
	return nil
}

// Type is shown in the help.
func (o *output) Type() string { return "format" }

// named is a command about one ImmutableDeployment.
func (t *tool) named(group, name, short, long string, run func(context.Context, *cluster, string) error) *cobra.Command {
	return &cobra.Command{
		Use: name + nameArgument, GroupID: group, Short: short, Long: long,
		Args: oneName, ValidArgsFunction: t.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.connect()
			if err != nil {
				return err
			}
			return run(cmd.Context(), c, args[0])
		},
	}
}

// shown is a command that shows something, as text or as JSON.
func (t *tool) shown(name, short, long string, look func(context.Context, *cluster, string) (any, func(*view.Screen) string, error)) *cobra.Command {
	var format output
	cmd := t.named(groupLook, name, short, long, func(ctx context.Context, c *cluster, name string) error {
		data, text, err := look(ctx, c, name)
		if err != nil {
			return err
		}
		return t.print(format, data, text)
	})
	cmd.Flags().VarP(&format, "output", "o", "json instead of text")
	return cmd
}

// print writes data as JSON, or as text for people.
func (t *tool) print(format output, data any, text func(*view.Screen) string) error {
	if format == outputJSON {
		encoder := json.NewEncoder(t.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(data)
	}
	_, err := fmt.Fprint(t.out, text(t.screenNow()))
	return err
}

// look reads what is told of a deployment.
func (c *cluster) look(ctx context.Context, name string) (*view.Deployment, error) {
	imd, err := c.deployment(ctx, name)
	if err != nil {
		return nil, err
	}
	revisions, err := c.revisions(ctx, name)
	if err != nil {
		return nil, err
	}
	d := view.Of(imd, revisions)
	return &d, nil
}

func (t *tool) statusCommand() *cobra.Command {
	var format output
	cmd := t.named(groupLook, "status", "Show a deployment, its rollout and its revisions",
		"Show a deployment as a tree: what it waits for and the remedy, the rollout with its steps, verdicts and gates,\n"+
			"and the revisions with their share of the requests and their stacks.\n\n"+
			"It exits with 0 if the template in spec serves, 3 if it was turned down or nobody is served, and 4 if that\n"+
			"isn't decided yet.",
		func(ctx context.Context, c *cluster, name string) error {
			d, err := c.look(ctx, name)
			if err != nil {
				return err
			}
			if err := t.print(format, d, func(s *view.Screen) string { return s.Status(d) }); err != nil {
				return err
			}
			return exitOf(d)
		})
	cmd.Flags().VarP(&format, "output", "o", "json instead of text")
	return cmd
}

// exitOf is the end of a command that tells how a deployment is.
func exitOf(d *view.Deployment) error {
	switch d.State {
	case view.Serving:
		return nil
	case view.NotServing:
		return &exit{code: ExitNotServing}
	default:
		return &exit{code: ExitUndecided}
	}
}

func (t *tool) whyCommand() *cobra.Command {
	return t.shown("why", "Tell why a deployment isn't as it should be, and what helps",
		"Tell on one screen what is in the way of a deployment, or why its last rollout was turned down: the reason,\n"+
			"the evidence, the remedy, and how to read what the tasks wrote.",
		func(ctx context.Context, c *cluster, name string) (any, func(*view.Screen) string, error) {
			d, err := c.look(ctx, name)
			if err != nil {
				return nil, nil, err
			}
			why := view.WhyOf(d)
			return why, func(s *view.Screen) string { return s.Why(&why) }, nil
		})
}

func (t *tool) historyCommand() *cobra.Command {
	return t.shown("history", "List the rollouts that ended",
		"List the last 20 rollouts of a deployment, newest first: how each ended and why, how long it took until the\n"+
			"new revision was healthy (provision) and from then to the outcome (shift), and the image.",
		func(ctx context.Context, c *cluster, name string) (any, func(*view.Screen) string, error) {
			imd, err := c.deployment(ctx, name)
			if err != nil {
				return nil, nil, err
			}
			entries := append([]v1alpha1.HistoryEntry{}, imd.Status.History...) // an empty list as JSON
			return entries, func(s *view.Screen) string { return s.History(entries) }, nil
		})
}

func (t *tool) eventsCommand() *cobra.Command {
	return t.shown("events", "List the events of a deployment and its revisions",
		"List what Kubernetes keeps of the events of a deployment and of its revisions, oldest first.",
		func(ctx context.Context, c *cluster, name string) (any, func(*view.Screen) string, error) {
			if _, err := c.deployment(ctx, name); err != nil {
				return nil, nil, err
			}
			found, err := c.events(ctx, name)
			if err != nil {
				return nil, nil, err
			}
			events := view.EventsOf(found)
			return events, func(s *view.Screen) string { return s.Events(events) }, nil
		})
}

// events reads those of a deployment and its revisions.
func (c *cluster) events(ctx context.Context, name string) ([]corev1.Event, error) {
	revisions, err := c.revisions(ctx, name)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range revisions {
		names = append(names, revisions[i].Name)
	}
	var out []corev1.Event
	for _, selector := range []fields.Set{
		{"involvedObject.kind": "ImmutableDeployment", "involvedObject.name": name},
		{"involvedObject.kind": "ImmutableRevision"},
	} {
		var list corev1.EventList
		if err := c.client.List(ctx, &list, client.InNamespace(c.namespace), client.MatchingFields(selector)); err != nil {
			return nil, c.explain(ctx, name, err)
		}
		for i := range list.Items {
			if of := list.Items[i].InvolvedObject.Name; of == name || slices.Contains(names, of) {
				out = append(out, list.Items[i])
			}
		}
	}
	return out, nil
}
