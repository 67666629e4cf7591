package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/controllers"
	"github.com/viridian-dev/viridian/internal/background"
	awscloud "github.com/viridian-dev/viridian/internal/cloud/aws"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// errDead is what a dead process's calls return.
var errDead = errors.New("the process is dead")

// process runs the controllers.
type process struct {
	w    *world
	name string
	// cluster is where it runs.
	cluster *cluster
	// ctx ends with the process.
	ctx  context.Context
	kill context.CancelFunc
	dead bool
	// stoppedUntil is until when the process doesn't run, as if its machine
	// was suspended.
	stoppedUntil time.Time
	// skew is how far its clock is ahead.
	skew time.Duration

	// jobs are for workers that have nothing to do.
	jobs        chan func()
	reconcilers map[string]reconcile.Reconciler
	queues      map[string]*queue
	caches      map[string]*informer
	dice        dice
}

// start starts a process.
func (w *world) start() *process { return w.startIn(w.cluster) }

// startIn starts a process in one of the clusters.
func (w *world) startIn(c *cluster) *process {
	w.processes++
	p := &process{w: w, cluster: c, name: fmt.Sprintf("manager-%d", w.processes), dice: newDice(w.plan.Seed, "process %d", w.processes),
		jobs: make(chan func()), queues: map[string]*queue{}, caches: map[string]*informer{}}
	p.ctx, p.kill = context.WithCancel(context.Background())
	provider, err := awscloud.NewProvider(p.ctx, awscloud.Options{
		Region: "eu-west-1", StaticCredentials: &awscloud.StaticCredentials{AccessKeyID: accessKey, SecretAccessKey: secretKey},
		HTTPClient: &http.Client{Transport: &wire{p}}, Logger: p.logger(), BatchWindow: w.plan.Poll,
	})
	if err != nil {
		panic(err)
	}
	o := controllers.Options{
		Client: p.cached(), Live: p.live(), Cloud: provider, Recorder: recorder{p},
		Webhooks: poster{p}, Calls: background.New[rollout.Answer](4),
		Wake: func(key client.ObjectKey) { w.after(0, func() { p.queues[deployments].add(key, 0) }) },
		Now:  func() time.Time { return time.Now().Add(p.skew) }, ClusterID: c.id, Process: p.name,
		NewToken: func() string { return fmt.Sprintf("TOKEN%016X%016X", p.dice.Uint64(), p.dice.Uint64()) },
		Timing:   controllers.Timing{Poll: w.plan.Poll, Resync: w.plan.Resync, Propagation: propagation, MetricDelay: metricDelay},
	}
	p.reconcilers = map[string]reconcile.Reconciler{
		deployments: controllers.Fair(p.admitted(&controllers.DeploymentReconciler{Options: o}), workers),
		revisions:   controllers.Fair(p.admitted(&controllers.RevisionReconciler{Options: o}), workers),
	}
	w.alive = append(w.alive, p)
	w.log.tell(p.name, "starts")
	for _, kind := range []string{deployments, revisions} {
		p.queues[kind] = newQueue(p, kind)
		p.caches[kind] = newInformer(p, kind)
	}
	for _, kind := range []string{deployments, revisions} {
		p.caches[kind].relist()
	}
	return p
}

// die ends a process; nothing of it happens any more.
func (p *process) die(why string) {
	if p.dead {
		return
	}
	p.dead = true
	p.w.log.tell(p.name, "dies %s", why)
	p.w.stats.crashes++
	p.kill()
	p.w.alive = slices.DeleteFunc(p.w.alive, func(x *process) bool { return x == p })
	if c := p.cluster; len(p.w.living(c)) == 0 {
		p.w.after(p.dice.between(time.Second, time.Minute), func() {
			if len(p.w.living(c)) == 0 && !c.gone {
				p.w.startIn(c)
			}
		})
	}
}

// living are the processes that run in a cluster.
func (w *world) living(c *cluster) []*process {
	return slices.DeleteFunc(slices.Clone(w.alive), func(p *process) bool { return p.cluster != c })
}

// pass is one reconcile.
type pass struct {
	p     *process
	kind  string
	key   types.NamespacedName
	began time.Time
	// was is the object of the pass when the pass began, seen the object as the
	// pass read it; nil if there was none.
	was, seen client.Object
	// admitted is true once the pass has a worker.
	admitted bool
	// healthy counts the healthy targets by target group, as read in the pass.
	healthy map[string]int
	// effects counts what the pass changed, calls its calls to AWS, repetitions
	// by the SDK included.
	effects, calls int
}

type passKey struct{}

// passOf returns the pass in which a call is made; a call outside of passes has
// an empty one.
func (p *process) passOf(ctx context.Context) *pass {
	if at, ok := ctx.Value(passKey{}).(*pass); ok {
		return at
	}
	return &pass{p: p, kind: "gate", healthy: map[string]int{}}
}

func (at *pass) String() string { return at.p.name }

// read records an object that the pass read.
func (at *pass) read(object client.Object) {
	if at.kind != kindOf(object) || at.key != client.ObjectKeyFromObject(object) {
		return
	}
	at.seen, _ = object.DeepCopyObject().(client.Object)
}

// imd is the ImmutableDeployment as the pass read it; nil if it is about a
// revision, or read nothing.
func (at *pass) imd() *v1alpha1.ImmutableDeployment {
	imd, _ := at.seen.(*v1alpha1.ImmutableDeployment)
	return imd
}

// outdated reports whether what the pass knows about its object is older than
// the object was when the pass began.
func (at *pass) outdated() bool {
	if at.was == nil || at.seen == nil || !at.p.cluster.forced[at.key].Before(at.began) {
		return false
	}
	return at.was.GetUID() != at.seen.GetUID() || versionOf(at.seen) < versionOf(at.was)
}

func versionOf(object client.Object) int {
	n, err := strconv.Atoi(object.GetResourceVersion())
	must(err)
	return n
}

// about names what the pass is about.
func (at *pass) about() string { return at.kind + " " + at.key.Name }

// work runs something in a worker. Workers are reused, as the SDK's deep calls
// make the stack of each new goroutine grow for a while.
func (p *process) work(do func()) {
	select {
	case p.jobs <- do:
		return
	default:
	}
	go func() {
		for do(); ; {
			select {
			case do := <-p.jobs:
				do()
			case <-p.ctx.Done():
				return
			}
		}
	}()
}

// reconcile makes one pass and reports its end to the queue.
func (p *process) reconcile(q *queue, key types.NamespacedName) {
	at := &pass{p: p, kind: q.kind, key: key, began: time.Now(), was: p.cluster.find(q.kind, key), healthy: map[string]int{}}
	ctx := context.WithValue(p.ctx, passKey{}, at)
	ctx = logr.NewContext(ctx, p.logger())
	result, err := p.reconcilers[q.kind].Reconcile(ctx, ctrl.Request{NamespacedName: key})
	p.w.arrive(p.name+" "+at.about()+" is over", func() { q.done(at, result, err) })
}

// logger keeps what is logged, to be searched for secrets.
func (p *process) logger() logr.Logger {
	return funcr.New(func(_, args string) { p.w.observer.secrets("the log", args) }, funcr.Options{Verbosity: 2})
}

// recorder takes events.
type recorder struct{ p *process }

var _ events.EventRecorder = recorder{}

// Eventf implements events.EventRecorder.
func (r recorder) Eventf(regarding, _ runtime.Object, kind, reason, _, note string, args ...any) {
	if r.p.dead {
		return
	}
	text, name := fmt.Sprintf(note, args...), regarding.(interface{ GetName() string }).GetName()
	r.p.w.log.tell(r.p.name, "event about %s: %s %s: %s", name, kind, reason, text)
	r.p.w.observer.noticed(name, reason, text)
	r.p.w.observer.secrets("an event", text)
}

// queue is a work queue with its workers, like controller-runtime's: a key is
// processed by one worker at a time, and is queued once however often it is
// added.
type queue struct {
	p    *process
	kind string
	due  map[types.NamespacedName]time.Time
	busy map[types.NamespacedName]bool
	// failures in a row, for the backoff.
	failures map[types.NamespacedName]int
	// idle counts passes in a row that changed nothing and were requeued
	// immediately.
	idle map[types.NamespacedName]int
	// passes are the times of the latest passes.
	passes map[types.NamespacedName][]time.Time
}

// workers is how many objects of a kind are reconciled at once, half of them of
// one namespace.
const workers = 4

func newQueue(p *process, kind string) *queue {
	return &queue{p: p, kind: kind, due: map[types.NamespacedName]time.Time{}, busy: map[types.NamespacedName]bool{},
		failures: map[types.NamespacedName]int{}, idle: map[types.NamespacedName]int{}, passes: map[types.NamespacedName][]time.Time{}}
}

// add has a key processed after d.
func (q *queue) add(key types.NamespacedName, d time.Duration) {
	at := time.Now().Add(d)
	if due, ok := q.due[key]; ok && !at.Before(due) {
		return
	}
	q.due[key] = at
	q.p.w.after(d, q.pump)
}

// pump starts what is due, in any order.
func (q *queue) pump() {
	if q.p.dead {
		return
	}
	if stopped := time.Until(q.p.stoppedUntil); stopped > 0 {
		q.p.w.after(stopped, q.pump)
		return
	}
	ready := slices.DeleteFunc(slices.SortedFunc(maps.Keys(q.due), byName), func(key types.NamespacedName) bool {
		return q.busy[key] || q.due[key].After(time.Now())
	})
	if len(ready) == 0 || len(q.busy) >= workers {
		return
	}
	key := pick(q.p.dice, ready...)
	delete(q.due, key)
	q.busy[key] = true
	q.p.w.stats.passes++
	q.p.work(func() { q.p.reconcile(q, key) })
	q.p.w.after(0, q.pump) // the others, one after the other
}

func byName(a, b types.NamespacedName) int { return cmp.Compare(a.Name, b.Name) }

// admitted notes which passes get a worker. The others are put off, as their
// namespace has all the workers that it may have.
func (p *process) admitted(next reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
		p.passOf(ctx).admitted = true
		return next.Reconcile(ctx, req)
	})
}

// done ends a pass.
func (q *queue) done(at *pass, result ctrl.Result, err error) {
	if q.p.dead {
		return
	}
	delete(q.busy, at.key)
	q.p.w.log.whisper(q.p.name, "%s: pass over, %v, %v", at.about(), result.RequeueAfter, err)
	if at.admitted {
		q.p.w.observer.passed(q, at, result, err)
	}
	switch {
	case err != nil:
		q.failures[at.key]++
		backoff := 200 * time.Millisecond << min(q.failures[at.key]-1, 20)
		q.add(at.key, min(backoff, 6*q.p.w.plan.Poll))
	case result.RequeueAfter > 0:
		delete(q.failures, at.key)
		q.add(at.key, result.RequeueAfter)
	default:
		delete(q.failures, at.key)
	}
	q.p.w.after(0, q.pump)
}
