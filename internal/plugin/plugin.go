package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/client-go/tools/clientcmd"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/viridian-dev/viridian/internal/plugin/view"
)

// Exit codes, which docs/kubectl-viridian.md explains.
const (
	// ExitOK: what was asked for is so.
	ExitOK = 0
	// ExitFailed: it could not be done.
	ExitFailed = 1
	// ExitFindings: a file was read, and there is something to look at.
	ExitFindings = 2
	// ExitNotServing: the template in spec was turned down, or nobody is served.
	ExitNotServing = 3
	// ExitUndecided: it isn't decided yet, or --timeout is over.
	ExitUndecided = 4
)

// exit is an end with a code of its own. Its text is "" if everything was said.
type exit struct {
	code int
	text string
}

func (e *exit) Error() string { return e.text }

// tool is what all commands share.
type tool struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	// screen is that of out, without the time.
	screen view.Screen
	// terminal is true if out is one, so that what it shows can be replaced.
	terminal bool

	kubeconfig string
	overrides  clientcmd.ConfigOverrides
}

// asCompletion is the name under which kubectl looks for a program that completes
// the command line of kubectl viridian.
const asCompletion = "kubectl_complete-viridian"

// Main runs the command line of a process and returns its exit code.
func Main(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	ctrllog.SetLogger(logr.Discard()) // its own complaint about having none is for programmers
	t := &tool{in: in, out: out, err: errOut, now: time.Now}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		t.terminal = true
		t.screen.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			t.screen.Width = width
		}
	}
	rest := args[1:]
	if filepath.Base(args[0]) == asCompletion {
		rest = append([]string{cobra.ShellCompRequestCmd}, rest...)
	}
	return t.run(ctx, rest)
}

// run runs one command.
func (t *tool) run(ctx context.Context, args []string) int {
	root := t.root()
	root.SetArgs(args)
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	err := root.ExecuteContext(ctx)
	var ended *exit
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &ended):
		if ended.text != "" {
			fmt.Fprintln(t.err, ended.text)
		}
		return ended.code
	}
	fmt.Fprintln(t.err, "Error:", err)
	return ExitFailed
}

// root is the tree of all commands.
func (t *tool) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-viridian",
		Short: "Look at rollouts of Viridian and steer them",
		Long: "Look at rollouts of Viridian, steer them, and check manifests before they are applied.\n\n" +
			"Everything is done by your own kubeconfig and rights. Besides the flags that are listed, all those work by which\n" +
			"kubectl reaches a cluster, such as --as, --token and --request-timeout.",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl viridian"},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	t.bindKubeconfig(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: groupLook, Title: "Look:"},
		&cobra.Group{ID: groupSteer, Title: "Steer:"},
		&cobra.Group{ID: groupFiles, Title: "Check and write manifests:"},
	)
	root.AddCommand(
		t.statusCommand(), t.watchCommand(), t.whyCommand(), t.historyCommand(), t.diffCommand(), t.eventsCommand(),
		t.promoteCommand(), t.abortCommand(), t.retryCommand(), t.pauseCommand(), t.resumeCommand(), t.undoCommand(),
		t.lintCommand(), t.renderCommand(), t.importCommand(),
		t.versionCommand(),
	)
	return root
}

// Groups of commands in the help.
const (
	groupLook    = "look"
	groupSteer   = "steer"
	groupFiles   = "files"
	nameArgument = " NAME"
)

// screenNow fills in the time of a screen.
func (t *tool) screenNow() *view.Screen {
	s := t.screen
	s.Now = t.now()
	return &s
}
