// Command manager runs Viridian's controllers. It contains only flags and
// wiring.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/controllers"
	"github.com/viridian-dev/viridian/internal/background"
	awscloud "github.com/viridian-dev/viridian/internal/cloud/aws"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/webhook"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	os.Exit(run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stderr))
}

// run starts the manager and returns the process's exit code.
func run(ctx context.Context, args []string, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	}
	ctrl.SetLogger(controllers.CalmLog(zap.New(zap.UseFlagOptions(&opts.log), zap.WriteTo(stderr))))
	if err := start(ctx, opts); err != nil {
		ctrl.Log.WithName("setup").Error(err, "Manager stopped")
		return exitError
	}
	return exitOK
}

// start wires everything together and runs until ctx ends or leadership is
// lost: a manager that is no longer the leader must stop immediately, and the
// safest way is to exit.
func start(ctx context.Context, opts options) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	mgr, err := newManager(config, opts)
	if err != nil {
		return err
	}
	within, err := lookAround(ctx, mgr.GetClient(), opts)
	if err != nil {
		return err
	}
	within.tell(ctrl.Log.WithName("setup"), opts)
	provider, err := awscloud.NewProvider(ctx, awscloud.Options{
		Metrics: metrics.Registry, Logger: ctrl.Log.WithName("aws"),
		BatchWindow: opts.timing.Poll, ConfigurationWindow: opts.timing.Resync, MetricPeriod: opts.metricPeriod, CallRate: callRate(opts.awsCallRate),
	})
	if err != nil {
		return fmt.Errorf("configure AWS: %w", err)
	}
	cluster := opts.clusterID
	if cluster == "" {
		if cluster, err = clusterID(ctx, mgr.GetAPIReader()); err != nil {
			return err
		}
	}
	calls := background.New[rollout.Answer](opts.maxGateCalls)
	if err := mgr.Add(manager.RunnableFunc(calls.Run)); err != nil {
		return fmt.Errorf("add the calls of gates: %w", err)
	}
	shared := controllers.Options{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Cloud: provider,
		Webhooks: webhook.New(webhook.Options{Allowed: opts.webhookAllowed, Now: time.Now}), Calls: calls,
		Recorder: mgr.GetEventRecorder("viridian"), Now: time.Now, ClusterID: cluster, Process: rand.Text()[:12], NewToken: rand.Text,
		AllowedRoleARNs: opts.allowedRoleARNs, RequirePolicy: opts.requirePolicy, Timing: opts.timing, MaxConcurrent: opts.maxConcurrent,
		NoPolicies: !within.policies, Unread: within.unread, Metrics: metrics.Registry,
	}
	if err := controllers.Setup(mgr, shared); err != nil {
		return err
	}
	ctrl.Log.WithName("setup").Info("Starting the manager", "cluster", cluster)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run the manager: %w", err)
	}
	return nil
}

// callRate is the flag's value as a Provider takes it.
func callRate(flag float64) float64 {
	if flag == 0 {
		return awscloud.NoCallLimit
	}
	return flag
}

// newManager creates the manager with its probes.
func newManager(config *rest.Config, opts options) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("build the scheme: %w", err)
	}
	serving := metricsserver.Options{BindAddress: opts.metricsAddress, SecureServing: opts.metricsSecure}
	if opts.metricsSecure {
		serving.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	kept := controllers.CacheOptions()
	kept.DefaultNamespaces = watched(opts.watchNamespaces)
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         kept,
		Metrics:                       serving,
		HealthProbeBindAddress:        opts.probeAddress,
		LeaderElection:                opts.leaderElect,
		LeaderElectionID:              "manager.viridian.dev",
		LeaderElectionNamespace:       opts.leaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return nil, fmt.Errorf("add probes: %w", err)
	}
	return mgr, nil
}

// watched has the cache hold some namespaces only; nil is all of them.
func watched(namespaces []string) map[string]cache.Config {
	if len(namespaces) == 0 {
		return nil
	}
	all := make(map[string]cache.Config, len(namespaces))
	for _, name := range namespaces {
		all[name] = cache.Config{}
	}
	return all
}

// clusterID returns the UID of the kube-system namespace: it distinguishes this
// cluster's stacks from those of another one in the same account.
func clusterID(ctx context.Context, live client.Reader) (string, error) {
	var ns corev1.Namespace
	if err := live.Get(ctx, client.ObjectKey{Name: "kube-system"}, &ns); err != nil {
		return "", fmt.Errorf("read the kube-system namespace: %w", err)
	}
	return string(ns.UID), nil
}
