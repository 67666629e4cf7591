package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Outcomes of a comparison.
const (
	ok      = "ok"
	failed  = "failed"
	skipped = "skipped"
)

// row is a line of the table.
type row struct {
	what    string
	count   int
	outcome string
	note    string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

// run runs every scanner, whatever the others find.
func run(ctx context.Context) int {
	code := 0
	for what, scan := range map[string]func(context.Context) []row{
		"govulncheck": vulnerabilities, "gosec": security, "kube-score": manifests,
	} {
		for _, r := range scan(ctx) {
			r.what = what + ": " + r.what
			if r.outcome == failed {
				code = 1
			}
			if err := write(r); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	return code
}

// write appends a line to the table, if there is one.
func write(r row) error {
	path := os.Getenv("CONFORMANCE_RESULTS")
	if path == "" {
		fmt.Printf("%s\t%d\t%s\t%s\n", r.what, r.count, r.outcome, r.note)
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s\t%d\t%s\t%s\n", r.what, r.count, r.outcome, r.note); err != nil {
		return err
	}
	return f.Close()
}

// broken is the line of a scanner that failed to run.
func broken(what string, err error) []row {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	return []row{{what: what, outcome: failed, note: "could not run, see above"}}
}
