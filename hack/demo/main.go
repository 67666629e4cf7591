// Command demo shows Viridian at work, on a real Kubernetes API and a simulated
// AWS: a first version, a better one as a canary during which the manager is
// killed, a bad one that is caught by its error rate, one that doesn't start, and
// a deletion that leaves nothing. All the while users send real HTTP requests
// through the load balancer, and in the end what they saw is compared with what
// was promised.
//
// It is run from the root of the repository by make demo and make demo-up. The
// manager under demonstration is a process of its own, as is the cluster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitOK          = 0
	exitDiffers     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	up := flag.Bool("up", false, "stay up after the canary until Ctrl-C")
	bin := flag.String("bin", "bin", "`directory` of etcd, kube-apiserver, kubectl and manager")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, *bin, *up)
	stop()
	os.Exit(code)
}

// run returns the exit code once everything is stopped.
func run(ctx context.Context, bin string, up bool) int {
	if err := preflight(bin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitDiffers
	}
	dir, err := os.MkdirTemp("", "viridian-demo-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a directory for the demonstration:", err)
		return exitDiffers
	}
	d := newDemo(bin, dir, newScreen(os.Stdout))
	err = d.run(ctx, up)
	interrupted := ctx.Err() != nil
	if err != nil && !interrupted {
		d.diagnose(err)
	}
	d.stop()
	d.screen.close()
	return d.conclude(err, interrupted, up)
}

// conclude has the last word and returns the exit code. The directory is kept
// if there is something to look at.
func (d *demo) conclude(err error, interrupted, up bool) int {
	differs := len(d.report.differing()) > 0 || err != nil && !interrupted
	if differs {
		d.screen.print(line{}, line{{"Logs, manifest and kubeconfig are in " + d.dir, plain}})
	} else if err := os.RemoveAll(d.dir); err != nil {
		d.screen.print(line{{"The directory could not be removed: " + err.Error(), yellow}})
	}
	switch {
	case differs:
		return exitDiffers
	case up && err == nil, !interrupted:
		return exitOK
	default:
		d.screen.print(line{{"Interrupted; everything is stopped.", yellow}})
		return exitInterrupted
	}
}

// preflight checks that all that is needed is there.
func preflight(bin string) error {
	var missing error
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl", "manager"} {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			missing = errors.Join(missing, err)
		}
	}
	for _, path := range []string{crdPath, samplePath} {
		if _, err := os.Stat(path); err != nil {
			missing = errors.Join(missing, err)
		}
	}
	if missing != nil {
		return fmt.Errorf("%w\nrun \"make demo\" in the root of the repository, which gets what is missing", missing)
	}
	return nil
}

// pause waits, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
