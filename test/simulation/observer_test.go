package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// observer checks the invariants against the truth after every step.
type observer struct {
	w         *world
	violation *violation
	// latest is the truth as it was seen last, and when.
	latest   *truth
	lookedAt time.Time
	// statuses of stacks by ID, and routes of rules by ARN, used for the log.
	stackStatus map[string]string
	route       map[string]string
	// left is when a target group was last seen to be in a rule that isn't its
	// own preview; since is when a target group of others' rules came there.
	left map[string]time.Time
	// samples are how production rules routed, by UID.
	samples map[string][]sample
	// statusesOf are the statuses of stacks lately, by ID.
	foreign []string
	// clock is when a process's clock jumped last.
	clock time.Time
	// strange are the stacks that others deleted, changed the deployments with
	// a stack that others changed, various those whose strategy changed.
	strange, changed, various map[string]bool
	// count is the number of rollouts.
	count int
	// increases are the latest increases by target group; asked are the
	// rollouts that somebody promoted; requests and answers are counted by
	// deployment and annotation.
	increases map[string]increase
	// costs of rollouts, by the deployment's UID and the rollout's ID.
	costs             map[string]*spent
	asked             map[string]bool
	requests, answers map[string]int
	// rolledOut is how often values were rolled out, by the deployment's UID,
	// and wishes how often users wanted something else, by its name.
	rolledOut, wishes map[string]int
	// memory is what the observer knows about the state that clusters lost.
	memory memory
}

// sample is how a production rule routed from a moment on.
type sample struct {
	at      time.Time
	targets []target
}

// violation is the violation of an invariant.
type violation struct {
	Invariant, Message string
}

func (v *violation) String() string { return v.Invariant + ": " + v.Message }

func newObserver(w *world) *observer {
	return &observer{w: w, stackStatus: map[string]string{}, route: map[string]string{}, left: map[string]time.Time{},
		samples: map[string][]sample{}, strange: map[string]bool{}, changed: map[string]bool{}, various: map[string]bool{}, increases: map[string]increase{}, costs: map[string]*spent{}, asked: map[string]bool{}, requests: map[string]int{}, answers: map[string]int{}, rolledOut: map[string]int{}, wishes: map[string]int{}, memory: newMemory()}
}

// fail records the first violation.
func (o *observer) fail(invariant, format string, args ...any) {
	if o.violation == nil {
		o.violation = &violation{invariant, fmt.Sprintf(format, args...)}
	}
}

func (o *observer) jumped()            { o.clock = time.Now() }
func (o *observer) meddled(uid string) { o.changed[uid] = true }
func (o *observer) mixed(uid string)   { o.various[uid] = true }
func (o *observer) exempt(id string)   { o.strange[id] = true }

// begin records what belongs to others.
func (o *observer) begin() {
	o.look()
	o.foreign = o.belongings()
}

// glance looks if the last look was some time ago.
func (o *observer) glance() {
	if o.lookedAt.IsZero() || time.Since(o.lookedAt) >= 5*time.Second {
		o.look()
	}
}

// look reads the truth, logs what changed and checks the invariants that always
// hold.
func (o *observer) look() {
	t := o.truth()
	o.latest, o.lookedAt = t, time.Now()
	o.memory.saw(t)
	for _, s := range t.stacks {
		if o.stackStatus[s.id] != s.status {
			o.stackStatus[s.id] = s.status
			o.w.log.tell("aws", "stack %s: %s", s.name, s.status)
		}
	}
	o.lookAtRules(t)
}

// lookAtRules follows the production rules.
func (o *observer) lookAtRules(t *truth) {
	exists := map[string]bool{}
	for _, r := range t.rules {
		exists[r.arn] = true
		for _, x := range r.targets {
			if r.preview == "" {
				o.left[x.group] = time.Now()
			}
		}
		text := t.route(r)
		if r.uid == "" {
			continue
		}
		if o.route[r.arn] != text {
			o.w.log.tell("aws", "rule %s of %s: %s", r.priority, o.nameOf(r.uid), text)
			o.route[r.arn] = text
		}
		o.sampled(r.uid, r.targets)
		o.checkSum(r)
	}
	for _, arn := range sortedKeys(o.route) {
		if !exists[arn] {
			o.w.log.tell("aws", "rule %s is gone", short(arn))
			delete(o.route, arn)
		}
	}
	for _, uid := range sortedKeys(o.samples) {
		if t.production(uid) == nil {
			o.sampled(uid, t.named(o.owned(uid)))
		}
	}
}

func (o *observer) sampled(uid string, targets []target) {
	all := o.samples[uid]
	if n := len(all); n > 0 && slices.Equal(all[n-1].targets, targets) {
		return
	}
	all = append(all, sample{time.Now(), targets})
	o.samples[uid] = all[max(0, len(all)-200):]
}

// nameOf is the name of the deployment with a UID.
func (o *observer) nameOf(uid string) string {
	return cmp.Or(o.w.cluster.names[uid], uid)
}

// belongings returns what others have in the account.
func (o *observer) belongings() []string {
	var out []string
	for _, s := range o.latest.stacks {
		if s.name == "theirs" {
			out = append(out, "stack "+s.name)
		}
	}
	for _, r := range o.latest.rules {
		if r.uid == "" && r.preview == "" && r.priority == "200" {
			out = append(out, "rule "+r.priority+" "+o.latest.route(r))
		}
	}
	for _, arn := range sortedKeys(o.latest.groups) {
		if g := o.latest.groups[arn]; g.uid == "" {
			out = append(out, "group "+g.name)
		}
	}
	slices.Sort(out)
	return out
}

// passed checks that a process doesn't spin.
func (o *observer) passed(q *queue, at *pass, result ctrl.Result, err error) {
	key := at.key
	if err == nil && at.effects == 0 && result.RequeueAfter > 0 && result.RequeueAfter <= time.Second {
		q.idle[key]++
	} else {
		q.idle[key] = 0
	}
	if q.idle[key] > 20 {
		o.fail("busy loop", "%s passes over %s in a row had no effect and asked to look again at once", fmt.Sprint(q.idle[key]), at.about())
	}
	times := append(q.passes[key], time.Now())
	times = slices.DeleteFunc(times, func(t time.Time) bool { return time.Since(t) > time.Hour })
	q.passes[key] = times
	if limit := 200 + 3*int(time.Hour/o.w.plan.Poll); len(times) > limit && key.Namespace != hostileNamespace { // who has each edit looked at
		o.fail("busy loop", "%d passes over %s within an hour", len(times), at.about())
	}
}

// secrets checks that a text has none.
func (o *observer) secrets(where, text string) {
	for _, secret := range []string{secretKey, envSecret, configValue} {
		if strings.Contains(text, secret) {
			o.fail("secrets", "%s holds %q: %s", where, secret, text)
		}
	}
}

// rollouts counts those of all deployments.
func (o *observer) rollouts() int { return o.count }

// state returns the final state, for comparisons: what exists and its state,
// without IDs and times.
func (o *observer) state() string {
	o.look()
	t := o.latest
	var out []string
	for _, s := range t.stacks {
		if s.uid != "" && s.status != "DELETE_COMPLETE" {
			out = append(out, fmt.Sprintf("stack of revision %s of %s: %s", s.revision, o.nameOf(s.uid), s.status))
		}
	}
	for _, s := range t.services {
		if s.uid != "" {
			out = append(out, fmt.Sprintf("service of revision %s of %s: %d tasks", s.revision, o.nameOf(s.uid), s.running))
		}
	}
	for _, r := range t.rules {
		if r.uid != "" || r.preview == "" {
			out = append(out, fmt.Sprintf("rule %s: %s", r.priority, o.percent(r)))
		}
	}
	for _, imd := range o.w.cluster.deployments() {
		s := imd.Status
		out = append(out, fmt.Sprintf("%s: phase %s, revision %s, stable %s, latest %d, count %d", imd.Name, s.Phase, s.Revision, s.StableRevision, s.LatestRevision, s.RunningCount))
		if s.Rollout != nil {
			out = append(out, fmt.Sprintf("%s: rollout %s %s %s", imd.Name, s.Rollout.ID, s.Rollout.Outcome, s.Rollout.Reason))
		}
		if t := s.Totals; t != nil {
			out = append(out, fmt.Sprintf("%s: %d changes, %d failures, rollouts %+v", imd.Name, t.Changes, t.Failures, t.Rollouts))
		}
		for _, h := range s.History {
			out = append(out, fmt.Sprintf("%s: history %s %s %s", imd.Name, h.ID, h.Outcome, h.Reason))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// percent writes a rule's targets as shares.
func (o *observer) percent(r *ruleTruth) string {
	var parts []string
	for _, x := range r.targets {
		g := o.latest.groups[x.group]
		parts = append(parts, fmt.Sprintf("%s %d%%", cmp.Or(g.revision, g.name), share(r.targets, x.group)))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
