package controllers_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"flag"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	ctrlmanager "sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/controllers"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/background"
	awscloud "github.com/viridian-dev/viridian/internal/cloud/aws"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/webhook"
	"github.com/viridian-dev/viridian/internal/wirelog"
)

// speed is how much faster than a clock the account and the managers live.
const speed = 200

// batchWindow is how often alarms and metrics are read for all at most.
const batchWindow = 100 * time.Millisecond

// patience is when a test gives up. It says nothing about how long things take.
var patience = flag.Duration("patience", 2*time.Minute, "when a test gives up")

// world is one test's cluster, account and managers.
type world struct {
	*gomega.WithT
	t         *testing.T
	ctx       context.Context
	client    client.WithWatch
	sim       *awssim.Sim
	namespace string
	// listener of the account's load balancer.
	listener string
	// others acts in the account as someone who isn't Viridian.
	others others
	// foreign is what they have there; it must never change.
	foreign belongings
	seen    *history
	log     *effects
	clock   *clock
}

// clock is the time that managers are told: it runs speed times as fast as a clock,
// but for what is skipped and while it is held.
type clock struct {
	mutex   sync.Mutex
	began   time.Time
	skipped time.Duration
	// held is since when it stands still; zero if it doesn't.
	held time.Time
	// stood is how long it stood still before.
	stood time.Duration
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	at := time.Now()
	if !c.held.IsZero() {
		at = c.held
	}
	return c.began.Add((at.Sub(c.began)-c.stood)*speed + c.skipped)
}

// newWorld makes a test's world, without a manager.
func newWorld(t *testing.T, edit ...func(*awssim.Options)) *world {
	t.Helper()
	t.Parallel()
	w := &world{WithT: gomega.NewWithT(t), t: t, ctx: t.Context(), log: &effects{}, clock: &clock{began: time.Now()}}
	w.SetDefaultEventuallyTimeout(*patience)
	w.SetDefaultEventuallyPollingInterval(25 * time.Millisecond)
	c, err := client.NewWithWatch(apiServer, client.Options{Scheme: scheme})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.client = c
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	w.Expect(c.Create(w.ctx, ns)).To(gomega.Succeed())
	w.namespace = ns.Name
	w.openAccount(edit)
	w.watch()
	return w
}

// running makes a test's world with a manager.
func running(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.start()
	return w
}

// openAccount makes an account with a cluster, a listener, images and what
// belongs to others.
func (w *world) openAccount(edit []func(*awssim.Options)) {
	w.t.Helper()
	options := awssim.Options{Speed: speed, Seed: 1, TaskClock: w.now, CloudWatch: cloudwatch.Options{Clock: w.now, Resolution: time.Minute}}
	for _, f := range edit {
		f(&options)
	}
	w.sim = awssim.New(options)
	w.t.Cleanup(w.sim.Close)
	w.Expect(w.sim.CreateCluster("shop")).To(gomega.Succeed())
	var err error
	w.listener, err = w.sim.CreateListener("shop", 80)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	for _, tag := range []string{"1", "2", "3", "crash", "nopull", "unhealthy", "err1", "err20"} {
		w.sim.PutImage("checkout", tag, "")
	}
	w.others = newOthers(w)
	w.foreign = w.others.settle(w)
	w.t.Cleanup(func() { w.foreign.untouched(w) })
}

// now is the time that managers are told.
func (w *world) now() time.Time { return w.clock.now() }

// skip makes it later for the managers, all of a sudden.
func (w *world) skip(d time.Duration) {
	w.clock.mutex.Lock()
	defer w.clock.mutex.Unlock()
	w.clock.skipped += d
}

// hold stops the managers' clock, so that no time limit passes however slow the
// machine is.
func (w *world) hold() (goOn func()) {
	c := w.clock
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.held = time.Now()
	return func() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.stood += time.Since(c.held)
		c.held = time.Time{}
	}
}

// manager is a process that runs the controllers.
type manager struct {
	// dead managers reach neither the cluster nor the account any more.
	dead atomic.Bool
	// stop ends it as SIGTERM does and waits for it.
	stop func()
	// killed is closed when its end was decided by setup.lethal.
	killed chan struct{}
}

// setup is how a manager differs from an ordinary one.
type setup struct {
	// credentials to call AWS with.
	credentials awscloud.StaticCredentials
	// lethal names the effects after which the manager is dead at once: it
	// doesn't even get the answer. Nil is none.
	lethal func(effect string) bool
	// refuse fails a request to the cluster before it has an effect. Nil is
	// none.
	refuse func(r *http.Request) bool
	// offline is true while AWS can't be reached.
	offline atomic.Bool
	// roles that any namespace may use.
	roles []string
	// requirePolicy is true where a namespace without a policy may use nothing.
	requirePolicy bool
	// noPolicies is true where the manager may not read policies, nor unread its
	// namespace.
	noPolicies, unread bool
	// region in which AWS is called; by default the account's.
	region string
	// asks is told of every call of CloudWatch before it is made, with the
	// members of its input. Nil is nobody.
	asks func(action string, members map[string]any)
	// answers stands in for the account: it may answer a call of an action.
	// Nil is never.
	answers func(action string) *http.Response
	// window, poll and workers differ where many deployments are rolled out;
	// zero is as usual.
	window, poll time.Duration
	// workers are those that the namespace gets, half of all.
	workers int
	// gateCalls is how many gates are called at once; by default 50.
	gateCalls int
	// propagation is how long the load balancer is given for a change; by
	// default 15 s.
	propagation time.Duration
	// also is another namespace that the manager looks after; "" is none.
	also string
	// resync is how often one looks at what is at rest; by default five polls.
	resync time.Duration
	// images is how often images are looked for; by default once an hour.
	images time.Duration
	// cluster is the ID of the manager's cluster; by default the test's.
	cluster string
	// sends gets all that the manager sends. Nil is nobody.
	sends *sent
	// lines gets what the manager logs. Nil is nobody.
	lines *lines
}

// start starts an ordinary manager.
func (w *world) start() *manager {
	w.t.Helper()
	return w.startAs(&setup{})
}

// startAs starts a manager; it's stopped at the end of the test.
func (w *world) startAs(s *setup) *manager {
	w.t.Helper()
	m := &manager{killed: make(chan struct{})}
	if s.credentials == (awscloud.StaticCredentials{}) {
		s.credentials = awscloud.StaticCredentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}
	}
	cluster := rest.CopyConfig(apiServer)
	cluster.Wrap(func(next http.RoundTripper) http.RoundTripper { return &clusterWire{w, m, s, next} })
	kept := controllers.CacheOptions()
	kept.DefaultNamespaces = map[string]cache.Config{w.namespace: {}, cmp.Or(s.also, w.namespace): {}}
	mgr, err := ctrl.NewManager(cluster, ctrl.Options{
		Scheme:     scheme,
		Cache:      kept,
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
		Logger:     s.logger(),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	provider, err := awscloud.NewProvider(w.ctx, awscloud.Options{
		Region:            cmp.Or(s.region, "eu-west-1"),
		StaticCredentials: &s.credentials,
		HTTPClient:        &http.Client{Transport: &cloudWire{w, m, s, wirelog.Transport(w.sim.Transport())}},
		MaxAttempts:       1,
		CallRate:          awscloud.NoCallLimit, // here AWS is a thousand times as fast
		BatchWindow:       cmp.Or(s.window, batchWindow),

		ConfigurationWindow: cmp.Or(s.window, batchWindow),
		Now:                 w.now,
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	var unread []string
	if s.unread {
		unread = append(unread, w.namespace)
	}
	calls := background.New[rollout.Answer](cmp.Or(s.gateCalls, 50))
	w.Expect(mgr.Add(ctrlmanager.RunnableFunc(calls.Run))).To(gomega.Succeed())
	w.Expect(controllers.Setup(mgr, controllers.Options{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Cloud: provider,
		Webhooks: webhook.New(webhook.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Now: w.now}), Calls: calls,
		Recorder: mgr.GetEventRecorder("viridian"), Now: w.now, ClusterID: cmp.Or(s.cluster, "test-cluster"), Process: rand.Text()[:12], NewToken: rand.Text, MaxConcurrent: 2 * cmp.Or(s.workers, 2),
		AllowedRoleARNs: s.roles, RequirePolicy: s.requirePolicy, NoPolicies: s.noPolicies, Unread: unread,
		Timing: controllers.Timing{
			Poll: cmp.Or(s.poll, 100*time.Millisecond), Resync: cmp.Or(s.resync, 5*cmp.Or(s.poll, 100*time.Millisecond)),
			Propagation: cmp.Or(s.propagation, 15*time.Second), MetricDelay: 3 * time.Minute,
			Images: s.images,
		},
	})).To(gomega.Succeed())
	w.run(m, mgr)
	return m
}

// run runs a manager until it's stopped.
func (w *world) run(m *manager, mgr ctrl.Manager) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := mgr.Start(ctx); err != nil && !m.dead.Load() {
			w.t.Errorf("Run the manager: %v", err)
		}
	}()
	m.stop = func() { cancel(); <-done }
	w.t.Cleanup(m.stop)
}

// lines are those of a log.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) add(prefix, args string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, prefix+" "+args)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.text)
}

// logger writes to the setup's lines, if there are any.
func (s *setup) logger() logr.Logger {
	if s.lines != nil {
		return controllers.CalmLog(funcr.New(s.lines.add, funcr.Options{}))
	}
	return logger()
}

// logger writes to standard error when VIRIDIAN_TEST_LOG is set.
func logger() logr.Logger {
	if os.Getenv("VIRIDIAN_TEST_LOG") == "" {
		return logr.Discard()
	}
	return funcr.New(func(prefix, args string) { println(prefix, args) }, funcr.Options{Verbosity: 1})
}

// gone waits until an object is deleted.
func (w *world) gone(object client.Object) {
	w.t.Helper()
	w.Eventually(func() error {
		return w.client.Get(w.ctx, client.ObjectKeyFromObject(object), object.DeepCopyObject().(client.Object))
	}).ShouldNot(gomega.Succeed(), func() string { return w.explain() })
}

// revisions lists the revisions that exist.
func (w *world) revisions() []v1alpha1.ImmutableRevision {
	var list v1alpha1.ImmutableRevisionList
	w.Expect(w.client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(gomega.Succeed())
	return list.Items
}
