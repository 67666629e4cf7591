package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
)

// world is the state of a run.
type world struct {
	*scheduler
	plan     plan
	dice     dice
	log      *journal
	cluster  *cluster
	sim      *awssim.Sim
	others   *others
	faults   *faults
	past     *past
	observer *observer
	users    *users
	gates    *gatekeeper

	// clone is a copy of the cluster; nil if there is none.
	clone *cluster
	// alive are the processes that run.
	alive     []*process
	processes int
	// verdict on the call that is being made.
	verdict verdict
	// story is true if a story, and not the seed, decides what users do.
	story bool
	// saved is the snapshot that a story goes back to.
	saved     snapshot
	lastWrite string
	stats     stats
}

// stats count what happened in a run.
type stats struct {
	virtual                                                          time.Duration
	calls, aws, writes, mutations, faults, crashes, passes, rollouts int
}

// newWorld creates an account and a cluster without a process.
func newWorld(p plan, loud bool) *world {
	w := &world{scheduler: newScheduler(), plan: p, dice: newDice(p.Seed, "world"), log: newJournal(loud), cluster: newCluster("", "simulated")}
	w.sim = awssim.New(awssim.Options{Seed: p.Seed})
	w.faults, w.past, w.observer, w.users = newFaults(w), newPast(w), newObserver(w), newUsers(w)
	w.gates = newGatekeeper(w)
	w.refusals()
	w.others = newOthers(w)
	w.sim.SetTrouble(w.faults.resource)
	w.sim.SetObjections(w.faults.objections)
	w.sim.SetShortage(w.faults.shortage)
	w.sim.SetCut(w.faults.cut)
	w.watch(w.cluster)
	return w
}

// watch makes the processes of a cluster notice its changes.
func (w *world) watch(c *cluster) {
	c.changed = func(kind string) {
		for _, x := range w.living(c) {
			x.caches[kind].notice()
		}
	}
}

// close ends a world, so that its bubble can end.
func (w *world) close() {
	for len(w.alive) > 0 {
		w.alive[0].dead = true
		w.alive[0].kill()
		w.alive = w.alive[1:]
	}
	w.settle()
	time.Sleep(time.Minute) // until the SDK has no retries left
	w.settle()
	w.sim.Close()
}

// rests reports whether disturbances have ended, so that users do nothing by
// themselves any more.
func (w *world) rests() bool { return w.faults.over && !w.story }

// until lets time pass until a moment, or until something is wrong.
func (w *world) until(at time.Time) {
	for w.observer.violation == nil && w.step(at) {
		w.observer.glance()
	}
	w.observer.glance()
}

// report is the result of a run.
type report struct {
	plan      plan
	violation *violation
	log       *journal
	stats     stats
	hash      string
	state     string
}

// run runs a plan.
func (w *world) run() report {
	w.log.write(false, "", "%s", w.plan.String())
	w.open()
	w.until(began.Add(w.plan.Length))
	if w.observer.violation == nil {
		w.rest()
	}
	return w.end()
}

// open starts everything.
func (w *world) open() {
	w.others.settle()
	w.observer.begin()
	for i := range w.plan.Apps {
		w.after(time.Duration(i)*time.Second, func() { w.users.create(i) })
	}
	for _, u := range w.plan.Users {
		w.after(u.At, func() { w.users.act(u) })
	}
	for _, f := range w.plan.Faults {
		w.befall(f)
	}
	w.start()
}

// end summarises a run.
func (w *world) end() report {
	w.stats.virtual = time.Since(began)
	w.stats.rollouts = w.observer.rollouts()
	r := report{plan: w.plan, violation: w.observer.violation, stats: w.stats, state: w.observer.state()}
	if r.violation != nil {
		w.log.tell("observer", "%s", r.violation)
	}
	r.log, r.hash = w.log, w.log.hash()
	w.close()
	return r
}

// befall starts and ends a fault that isn't about calls.
func (w *world) befall(f fault) {
	w.after(f.At, func() {
		if w.faults.over {
			return
		}
		switch f.Kind { //nolint:exhaustive // the others are looked up when they matter
		case faultCrash, faultCalls:
			w.log.write(false, "faults", "%s", f)
			return
		case faultValue, faultSecret, faultRotate, faultParameterGone, faultSecretGone:
			w.others.reconfigure(f)
		case faultAutoscale:
			w.others.autoscale(f)
		case faultTwin:
			w.twin(f)
		case faultStop:
			w.stop(f)
		case faultClock:
			w.jump(f)
		case faultAlarm:
			w.others.alarm(f.App, "ALARM")
			w.after(f.For, func() { w.others.alarm(f.App, "OK") })
		case faultDoubt:
			w.others.doubt(f.App, cloudwatch.EvaluationError)
			w.after(f.For, func() { w.others.doubt(f.App, "") })
		case faultLate:
			w.sim.SetMetricsLate(f.By)
			w.after(f.For, func() { w.sim.SetMetricsLate(0) })
		case faultStatus, faultRecordStatus, faultRecord, faultOwners, faultOrphan, faultRestore, faultAnew, faultVelero, faultClone:
			w.forget(f)
		case faultTasks, faultRule, faultRuleGone, faultPreview, faultScale, faultStack, faultName, faultScan, faultEmpty:
			w.others.meddle(f)
		}
		w.stats.faults++
		w.log.tell("faults", "%s", f)
	})
}

// twin runs two processes at once, as when a former leader doesn't know yet
// that it lost the lease; then one of them dies.
func (w *world) twin(f fault) {
	w.start()
	w.after(f.For, func() {
		if both := w.living(w.cluster); len(both) > 1 {
			both[w.dice.IntN(2)].die("of being one too many")
		}
	})
}

// stop suspends a process.
func (w *world) stop(f fault) {
	if len(w.alive) > 0 {
		w.alive[0].stoppedUntil = time.Now().Add(f.For)
	}
}

// jump sets a process's clock ahead.
func (w *world) jump(f fault) {
	if len(w.alive) > 0 {
		w.alive[0].skew += f.By
		w.observer.jumped()
	}
}

// state of an object as text.
func jsonOf(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// statuses returns all objects, for debugging.
func (w *world) statuses() string {
	out := ""
	for _, imd := range w.cluster.deployments() {
		out += fmt.Sprintf("%s generation %d, finalizers %v, annotations %v\n  spec %s\n  status %s\n", imd.Name, imd.Generation, imd.Finalizers, imd.Annotations, jsonOf(imd.Spec), jsonOf(imd.Status))
	}
	for _, o := range w.cluster.list(revisions) {
		if imr, ok := o.(*v1alpha1.ImmutableRevision); ok {
			out += fmt.Sprintf("%s %s\n  status %s\n", imr.Name, imr.Spec.StackState, jsonOf(imr.Status))
		}
	}
	return out
}

var loud = os.Getenv("VIRIDIAN_TEST_LOG") != ""

var nobody = context.Background()
