package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const (
	// outage is how long no manager is running.
	outage = 3 * time.Second

	betterTag = "2.2.0"
	badTag    = "2.3.0-err20"
	crashTag  = "2.4.0-crash"
)

// Revisions of the demonstration.
const (
	firstRevision  int64 = 1
	betterRevision int64 = 2
	badRevision    int64 = 3
	crashRevision  int64 = 4
)

// firstVersion deploys the sample for the first time.
func (d *demo) firstVersion(ctx context.Context) error {
	tag, err := d.sample.tag()
	if err != nil {
		return err
	}
	d.screen.chapter("1  The first version, " + tag)
	started := time.Now()
	if err := d.apply(ctx, tag); err != nil {
		return err
	}
	if err := d.watcher.until(ctx, "the first version serves", completed(firstRevision)); err != nil {
		return err
	}
	d.watcher.serving()
	d.report.add(check{
		what: "The first version serves", want: "Complete",
		got: "Complete after " + time.Since(started).Round(time.Second).String(), ok: true,
	})
	return d.kubectl(ctx, "get", "imd,imr")
}

// canary rolls out a better version; the manager dies in the middle of it.
func (d *demo) canary(ctx context.Context) error {
	d.screen.chapter("2  Version " + betterTag + " as a canary, and the manager is killed in the middle")
	started := time.Now()
	watch, err := d.startWatch("canary")
	if err != nil {
		return err
	}
	defer watch.stop(0)
	if err := d.apply(ctx, betterTag); err != nil {
		return err
	}
	if err := d.watcher.until(ctx, "the canary's first step", reached(betterRevision, 0)); err != nil {
		return err
	}
	d.preview(ctx)
	if err := d.crash(ctx); err != nil {
		return err
	}
	if err := d.watcher.until(ctx, "the canary serves", completed(betterRevision)); err != nil {
		return err
	}
	d.report.calls = d.account.managerCalls(started)
	d.showWatch(watch)
	if err := d.kubectl(ctx, "get", "imd,imr", "-o", "wide"); err != nil {
		return err
	}
	return d.judgeCanary(ctx, started)
}

// startWatch has kubectl watch a chapter's rollout.
func (d *demo) startWatch(chapter string) (*process, error) {
	cmd := d.cluster.Command(context.Background(), "kubectl", "get", "imd", "-w")
	return startProcess(cmd, filepath.Join(d.dir, "watch-"+chapter+".log"))
}

// showWatch ends the watch and shows what it has seen.
func (d *demo) showWatch(watch *process) {
	watch.stop(0)
	d.screen.tell("What kubectl get imd -w has shown:")
	d.screen.block(strings.Join(tail(watch.log, 100), "\n"))
}

// preview sends a request to the new revision with the header.
func (d *demo) preview(ctx context.Context) {
	const asked = 5
	got := 0
	header := http.Header{}
	s := d.watcher.state()
	if p := s.status().Preview; p != nil {
		header.Set(p.Header, p.Value)
	}
	for range asked {
		if revision, failure := judge(d.users.Ask(ctx, header)); revision == betterRevision && failure == "" {
			got++
		}
	}
	d.screen.tell("Requests with the header %s and the value in status.preview reach revision %d whatever its weight is: %d of %d",
		v1alpha1.PreviewHeader, betterRevision, got, asked)
	d.report.add(same("The preview header finds the new revision", asked, got))
}

// crash kills the manager at the second step and starts it again.
func (d *demo) crash(ctx context.Context) error {
	if err := d.watcher.until(ctx, "the canary's second step", reached(betterRevision, 1)); err != nil {
		return err
	}
	before, err := d.where(ctx)
	if err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "imd,imr"); err != nil {
		return err
	}
	pid := d.manager.kill()
	d.screen.print(d.screen.timed(span{fmt.Sprintf("Killed the manager (kill -9 %d) at %s", pid, before), red}))
	if err := pause(ctx, outage); err != nil {
		return err
	}
	after, err := d.where(ctx)
	if err != nil {
		return err
	}
	if err := d.manager.start(ctx, d.cluster.Kubeconfig); err != nil {
		return err
	}
	d.screen.print(d.screen.timed(span{"Started the manager again; it finds " + after, green}))
	d.report.add(same("A killed manager leaves all as it is", before, after))
	return nil
}

// where returns the step, the revision and its stack, as CloudFormation shows
// it.
func (d *demo) where(ctx context.Context) (string, error) {
	s := d.watcher.state()
	r := s.revision(betterRevision)
	if r == nil {
		return "", errors.New("the new revision is gone")
	}
	id, err := d.account.stackID(ctx, r.Spec.StackName)
	if err != nil {
		return "", err
	}
	status := s.status()
	return fmt.Sprintf("step %s of %s, stack …%s", status.Step, status.Revision, id[strings.LastIndex(id, "-"):]), nil
}

// judgeCanary compares what was seen with the plan.
func (d *demo) judgeCanary(ctx context.Context, started time.Time) error {
	var steps []string
	for _, s := range d.watcher.stages(betterRevision) {
		steps = append(steps, s.step)
		seen := d.ledger.between(s.from, s.to)
		d.report.add(judgeShare(s, seen))
	}
	seen := d.addTraffic("canary", started)
	s := d.watcher.state()
	d.screen.tell("What the last step was judged by:")
	for _, v := range s.status().Rollout.Checks {
		d.screen.block(string(v.Result) + "  " + v.Name + ": " + v.Message)
	}
	d.report.add(
		judgeGate(s.status().Rollout, d.watcher.stages(betterRevision)),
		judgePasses(s.revision(betterRevision)),
		same("The steps were", "1/4 2/4 3/4 4/4", strings.Join(steps, " ")),
		same("Stacks created, in spite of the crash", 1, d.report.calls["cloudformation:CreateStack"]),
		noFailures("Requests failed during the canary", seen),
	)
	return d.addStacks(ctx, "Stacks left after the canary")
}

// deletion deletes the deployment and checks what is left in AWS.
func (d *demo) deletion(ctx context.Context) error {
	d.screen.chapter("5  kubectl delete")
	d.stopUsers()
	last := d.watcher.state()
	d.report.totals = last.status().Totals
	if err := d.kubectl(ctx, "delete", "--wait=false", "-f", d.manifest()); err != nil {
		return err
	}
	err := d.watcher.until(ctx, "the deployment is gone", func(s *state) (bool, error) {
		return s.err == nil && s.deployment == nil && len(s.revisions) == 0, nil
	})
	if err != nil {
		return err
	}
	left, err := d.account.leftovers(ctx)
	if err != nil {
		return err
	}
	d.screen.tell("Stacks, target groups, rules and services in AWS: %d", len(left))
	d.report.add(same("Left in AWS after kubectl delete", "nothing", orNothing(strings.Join(left, ", "))))
	return nil
}

// addTraffic adds what users saw since a time to the report.
func (d *demo) addTraffic(chapter string, since time.Time) tally {
	seen := d.ledger.between(since, time.Now())
	d.report.traffic = append(d.report.traffic, chapterTraffic{chapter, seen})
	return seen
}

// kinds of failures that were seen.
func kinds(seen tally) []string { return slices.Sorted(maps.Keys(seen.failures)) }

func noFailures(what string, seen tally) check {
	got := []string{fmt.Sprintf("%d of %d", seen.failed, seen.total)}
	for _, failure := range kinds(seen) {
		got = append(got, fmt.Sprintf("%d × %s", seen.failures[failure], failure))
	}
	return check{what: what, want: "0", got: strings.Join(got, "; "), ok: seen.failed == 0 && seen.total > 0}
}

// current reports whether the status is about the spec and a revision's
// rollout.
func current(s *state, revision int64) bool {
	return s.deployment != nil && s.status().ObservedGeneration == s.deployment.Generation &&
		s.status().Rollout != nil && s.status().Rollout.Revision == revision
}

// completed is true once a revision serves and nothing is left to do.
func completed(revision int64) func(*state) (bool, error) {
	return func(s *state) (bool, error) {
		if !current(s, revision) {
			return false, nil
		}
		if rollout := s.status().Rollout; rollout.Outcome.Bad() {
			return false, fmt.Errorf("revision %d is %s: %s", revision, rollout.Outcome, rollout.Message)
		}
		return s.status().Phase == v1alpha1.PhaseComplete &&
			meta.IsStatusConditionTrue(s.status().Conditions, v1alpha1.ConditionReady), nil
	}
}

// reached is true once a step's weight is in the load balancer's rule.
func reached(revision int64, step int32) func(*state) (bool, error) {
	return func(s *state) (bool, error) {
		if !current(s, revision) {
			return false, nil
		}
		rollout := s.status().Rollout
		if rollout.Outcome.Bad() || rollout.Step > step {
			return false, fmt.Errorf("revision %d is past it, at step %s: %s", revision, s.status().Step, rollout.Message)
		}
		return rollout.Step == step && rollout.StepReachedAt != nil, nil
	}
}

// rolledBack is true once a revision is given up and its stack is gone.
func rolledBack(revision int64) func(*state) (bool, error) {
	return func(s *state) (bool, error) {
		if !current(s, revision) {
			return false, nil
		}
		if s.status().Rollout.Outcome == v1alpha1.OutcomePromoted {
			return false, fmt.Errorf("revision %d was promoted", revision)
		}
		r := s.revision(revision)
		gone := r == nil || r.Status.Phase == v1alpha1.RevisionRemoved
		return s.status().Phase == v1alpha1.PhaseRolledBack && gone, nil
	}
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}
