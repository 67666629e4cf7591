// Command aws-check compares what Viridian assumes of AWS with a real account.
//
// Without flags it prints what to do in the account, what to look at, and what
// would prove each assumption wrong. With flags it looks itself. It only reads,
// with the credentials and the region that the AWS CLI would use:
//
//	go run ./hack/aws-check
//	go run ./hack/aws-check [-stack <stack>] [-image <image>@<digest>] [-deleted <stack ID>] [-rules-quota <number>]
//
// It exits with 1 if an assumption is wrong, else with 2 if it couldn't look.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// subject is what to look at.
type subject struct {
	// stack is the name or ID of the stack of a revision that serves.
	stack string
	// image is one in a private registry of ECR, with its digest.
	image string
	// deleted is the ID of a stack that was deleted.
	deleted string
	// rulesQuota is how many rules a load balancer may have by Service Quotas.
	rulesQuota int
}

// Exit codes.
const (
	exitAgrees = 0
	exitWrong  = 1
	exitUnable = 2
)

func main() {
	var s subject
	flag.StringVar(&s.stack, "stack", "", "name or ID of the stack of a revision that serves")
	flag.StringVar(&s.image, "image", "", "image in a private registry of Amazon ECR, with its digest: <account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:…")
	flag.StringVar(&s.deleted, "deleted", "", "ID of a stack that was deleted (a name is forgotten with its stack)")
	flag.IntVar(&s.rulesQuota, "rules-quota", 0, "rules per Application Load Balancer that Service Quotas shows, after it was raised")
	flag.Parse()
	code, err := run(context.Background(), os.Stdout, s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "aws-check:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, out io.Writer, s subject) (int, error) {
	if s == (subject{}) {
		return exitAgrees, printRunbook(out)
	}
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return exitUnable, err
	}
	if loaded.Region == "" {
		return exitUnable, errors.New("no region: set AWS_REGION")
	}
	return look(ctx, out, loaded, s)
}

// printRunbook prints the checks for a person who makes them.
func printRunbook(out io.Writer) error {
	var b strings.Builder
	b.WriteString("What Viridian assumes of AWS, and what would prove it wrong.\n" +
		"Deploy config/samples/canary.yaml with a role that has exactly config/aws/policy.json, and roll out a second image.\n")
	for i, c := range checks() {
		fmt.Fprintf(&b, "\n%d. %s: %s\n", i+1, c.name, c.assumed)
		fmt.Fprintf(&b, "   First:  %s\n   Look:   go run ./hack/aws-check %s\n   Wrong:  %s\n", c.first, c.flag, c.wrong)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// look makes the checks that the subject allows. What can't be looked at matters
// less than what is wrong.
func look(ctx context.Context, out io.Writer, loaded aws.Config, s subject) (int, error) {
	a := newAccount(loaded)
	isWrong, isUnable := false, false
	for _, c := range checks() {
		if !c.applies(s) {
			continue
		}
		f, err := c.look(ctx, a, s)
		if err != nil {
			f, isUnable = finding{unseen, "can't look: " + err.Error()}, true
		}
		isWrong = isWrong || f.verdict == wrong
		if _, err := fmt.Fprintf(out, "%-7s %s: %s\n        %s\n", f.verdict, c.name, c.assumed, f.seen); err != nil {
			return exitUnable, err
		}
	}
	switch {
	case isWrong:
		return exitWrong, nil
	case isUnable:
		return exitUnable, nil
	}
	return exitAgrees, nil
}
