// Command awssim serves a simulated AWS account for any SDK or CLI:
// CloudFormation, ECS, Elastic Load Balancing, ECR, Lambda, Step Functions,
// CloudWatch, Systems Manager, Secrets Manager and STS at one endpoint.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/internal/awssim/iam"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	"github.com/viridian-dev/viridian/internal/awssim/sfn"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const (
	headerTimeout = 10 * time.Second
	stopTimeout   = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run serves until ctx ends and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parseFlags(args, stderr)
	if errors.Is(err, errHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	sim := awssim.New(awssim.Options{
		Account: cfg.account, Region: cfg.region, Speed: cfg.speed, Seed: cfg.seed,
		ECRAutoCreate: cfg.ecrAutoCreate, AnyNetwork: cfg.anyNetwork, DataPlane: dataplane.Options{Sockets: cfg.dataPlane},
		CloudWatch: cloudwatch.Options{Delay: cfg.metricDelay},
	})
	defer sim.Close()
	listeners, err := prepare(sim, cfg)
	if err != nil {
		fmt.Fprintf(stderr, "awssim: preparing the account: %v\n", err)
		return exitFailed
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.listen)
	if err != nil {
		fmt.Fprintf(stderr, "awssim: %v\n", err)
		return exitFailed
	}
	announce(stdout, cfg, l.Addr(), listeners)
	if err := serve(ctx, l, sim); err != nil {
		fmt.Fprintf(stderr, "awssim: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// serve serves requests until ctx ends, then lets those in flight finish.
func serve(ctx context.Context, l net.Listener, sim *awssim.Sim) error {
	server := &http.Server{Handler: sim, ReadHeaderTimeout: headerTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return server.Shutdown(limit)
}

// listener is one that was requested, and where it can be reached.
type listener struct {
	name string
	arn  string
	url  string
}

// prepare creates what the flags ask for.
func prepare(sim *awssim.Sim, cfg config) ([]listener, error) {
	for _, image := range cfg.images {
		sim.PutImage(image.repository, image.tag, "")
	}
	for _, subnet := range cfg.subnets {
		sim.CreateSubnet(subnet)
	}
	for _, group := range cfg.groups {
		sim.CreateSecurityGroup(group.id, group.vpc)
	}
	for _, role := range cfg.roles {
		sim.CreateRole(iam.Role{Name: role, Services: []string{"ecs-tasks.amazonaws.com"}})
	}
	for _, name := range cfg.clusters {
		if err := sim.CreateCluster(name); err != nil {
			return nil, fmt.Errorf("cluster %s: %w", name, err)
		}
	}
	for _, instance := range cfg.instances {
		if _, err := sim.RegisterInstance(instance); err != nil {
			return nil, fmt.Errorf("instance of %s: %w", instance.Cluster, err)
		}
	}
	for _, prepare := range []func(*awssim.Sim, config) error{prepareHooks, prepareConfiguration} {
		if err := prepare(sim, cfg); err != nil {
			return nil, err
		}
	}
	return prepareListeners(sim, cfg)
}

// prepareListeners creates the listeners and tells where they are.
func prepareListeners(sim *awssim.Sim, cfg config) ([]listener, error) {
	var listeners []listener
	for _, want := range cfg.listeners {
		arn, err := sim.CreateListener(want.loadBalancer, want.port)
		if err != nil {
			return nil, fmt.Errorf("listener %s: %w", want, err)
		}
		made := listener{name: want.String(), arn: arn}
		if cfg.dataPlane {
			if made.url, err = sim.ListenerURL(arn); err != nil {
				return nil, fmt.Errorf("listener %s: %w", want, err)
			}
		}
		listeners = append(listeners, made)
	}
	return listeners, nil
}

// prepareHooks creates what gates and lifecycle hooks call.
func prepareHooks(sim *awssim.Sim, cfg config) error {
	for _, f := range cfg.functions {
		if err := sim.RegisterFunction(f.name, f.function()); err != nil {
			return fmt.Errorf("function %s: %w", f.name, err)
		}
	}
	for _, name := range cfg.stateMachines {
		if _, err := sim.RegisterStateMachine(name, sfn.StateMachine{Duration: functionTakes}); err != nil {
			return fmt.Errorf("state machine %s: %w", name, err)
		}
	}
	return nil
}

// prepareConfiguration creates what tasks read when they start.
func prepareConfiguration(sim *awssim.Sim, cfg config) error {
	for _, p := range cfg.parameters {
		if _, err := sim.PutParameter(p); err != nil {
			return fmt.Errorf("parameter %s: %w", p.Name, err)
		}
	}
	for _, name := range cfg.secrets {
		secret := secrets.Secret{Name: name, Value: `{"username":"simulated","password":"simulated"}`}
		if m := withSuffix.FindStringSubmatch(name); m != nil {
			secret.Name, secret.Suffix = m[1], m[2]
		}
		if _, err := sim.CreateSecret(secret); err != nil {
			return fmt.Errorf("secret %s: %w", name, err)
		}
	}
	return nil
}

// withSuffix is a secret's name with the end of its ARN.
var withSuffix = regexp.MustCompile(`^(.+)-([A-Za-z0-9]{6})$`)

// announce prints what the account has and how to use it.
func announce(w io.Writer, cfg config, addr net.Addr, listeners []listener) {
	fmt.Fprintf(w, "Simulated AWS account %s in %s, %g times as fast as AWS, seed %d\n\n", cfg.account, cfg.region, cfg.speed, cfg.seed)
	fmt.Fprintf(w, "  export AWS_ENDPOINT_URL=http://%[1]s AWS_REGION=%[2]s AWS_DEFAULT_REGION=%[2]s AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n", addr, cfg.region)
	for _, l := range listeners {
		fmt.Fprintf(w, "\n  listener %s\n    %s\n", l.name, l.arn)
		if l.url != "" {
			fmt.Fprintf(w, "    %s\n", l.url)
		}
	}
	fmt.Fprintf(w, "\nStop with Ctrl-C; nothing is kept.\n")
}
