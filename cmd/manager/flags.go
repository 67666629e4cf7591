package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/viridian-dev/viridian/controllers"
)

// options holds the values of the flags.
type options struct {
	probeAddress            string
	metricsAddress          string
	metricsSecure           bool
	leaderElect             bool
	leaderElectionNamespace string
	maxConcurrent           int
	timing                  controllers.Timing
	allowedRoleARNs         []string
	requirePolicy           bool
	metricPeriod            time.Duration
	webhookAllowed          []netip.Prefix
	maxGateCalls            int
	awsCallRate             float64
	clusterID               string
	watchNamespaces         []string
	log                     zap.Options
}

// parse reads the flags. It prints errors to stderr, with the usage.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("manager", flag.ContinueOnError)
	fs.SetOutput(stderr)
	config.RegisterFlags(fs)
	o.log.BindFlags(fs)
	fs.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "Address of /healthz and /readyz; 0 turns them off.")
	fs.StringVar(&o.metricsAddress, "metrics-bind-address", "0", "Address of /metrics, such as :8443; 0 turns it off.")
	fs.BoolVar(&o.metricsSecure, "metrics-secure", true, "Serve metrics over HTTPS, to those whom the cluster authorises only.")
	fs.BoolVar(&o.leaderElect, "leader-elect", false, "Work only while holding the lease, so that several replicas may run.")
	fs.StringVar(&o.leaderElectionNamespace, "leader-election-namespace", "", "Namespace of the lease; the manager's own in a cluster.")
	fs.IntVar(&o.maxConcurrent, "max-concurrent-reconciles", 16, "How many objects of a kind are reconciled at once, some half of them of one namespace.")
	fs.DurationVar(&o.timing.Poll, "poll-interval", 10*time.Second, "How often AWS is looked at while a rollout goes on.")
	fs.DurationVar(&o.timing.Resync, "resync-interval", 5*time.Minute, "How often AWS is looked at while nothing goes on.")
	fs.DurationVar(&o.timing.Propagation, "traffic-propagation", 15*time.Second, "How long a load balancer takes to apply a rule change on all its nodes.")
	fs.DurationVar(&o.metricPeriod, "metric-period", time.Minute, "Period of the CloudWatch metrics that are read: 1, 5, 10, 20, 30 or a multiple of 60 seconds.")
	fs.DurationVar(&o.timing.MetricDelay, "metric-delay", 3*time.Minute, "How long after the end of a period CloudWatch usually has all its data.")
	fs.IntVar(&o.maxGateCalls, "max-gate-calls", 100, "How many Lambda functions and webhooks of gates are called at once, besides one of each namespace.")
	fs.Float64Var(&o.awsCallRate, "aws-call-rate", 1, "Share of the calls that AWS allows an account in a region that are made at most; 0 means no limit.")
	fs.Func("webhook-allowed-cidrs", "Networks, separated by commas, to which webhooks may be posted besides public addresses, such as 10.0.0.0/8.", func(s string) (err error) {
		o.webhookAllowed, err = prefixes(s)
		return err
	})
	fs.StringVar(&o.clusterID, "cluster-id", "", "What this cluster's belongings in AWS are tagged with, which tells them from other clusters'; the UID of the namespace kube-system if left out. A copy of a cluster, such as one restored for a drill, needs one of its own.")
	fs.Func("watch-namespaces", "Namespaces, separated by commas, to look after; all of the cluster if left out. The manager then needs no permission beyond them: see config/namespaced.", func(s string) (err error) {
		o.watchNamespaces, err = namespaces(s)
		return err
	})
	fs.BoolVar(&o.requirePolicy, "require-policy", false, "Let a namespace that no DeploymentPolicy selects use nothing, instead of everything.")
	roles := fs.String("allowed-role-arns", "", "IAM roles, separated by commas, that any namespace may use in spec.aws.roleARN; * allows all.")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.allowedRoleARNs = fields(*roles)
	if err := o.check(fs.Args()); err != nil {
		fmt.Fprintln(stderr, err)
		fs.Usage()
		return o, err
	}
	return o, nil
}

// prefixes parses networks separated by commas.
func prefixes(s string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, field := range fields(s) {
		prefix, err := netip.ParsePrefix(field)
		if err != nil {
			return nil, err
		}
		out = append(out, prefix)
	}
	return out, nil
}

// namespaces parses names of namespaces separated by commas. No name at all is a
// mistake: taken for all namespaces, it would be a dangerous one.
func namespaces(s string) ([]string, error) {
	names := fields(s)
	if len(names) == 0 {
		return nil, errors.New("no namespace is named")
	}
	for _, name := range names {
		if wrong := validation.IsDNS1123Label(name); len(wrong) > 0 {
			return nil, fmt.Errorf("%q is no namespace: %s", name, strings.Join(wrong, "; "))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// fields splits a list at commas and spaces.
func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// goodPeriod reports whether CloudWatch accepts the period.
func goodPeriod(d time.Duration) bool {
	short := []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second}
	return slices.Contains(short, d) || d > 0 && d%time.Minute == 0
}

// tagValue is what AWS accepts as a tag's value, except spaces.
var tagValue = regexp.MustCompile(`^[A-Za-z0-9.:/=+@_-]*$`)

// check rejects options that can't work.
func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.maxConcurrent < 1:
		return errors.New("--max-concurrent-reconciles must be at least 1")
	case len(o.clusterID) > 128 || !tagValue.MatchString(o.clusterID):
		return errors.New("--cluster-id must be the value of a tag: at most 128 letters, digits and . : / = + - @ _")
	case o.maxGateCalls < 1:
		return errors.New("--max-gate-calls must be at least 1")
	case o.awsCallRate < 0 || o.awsCallRate > 100 || o.awsCallRate > 0 && o.awsCallRate < 0.05:
		return errors.New("--aws-call-rate must be 0 for no limit, or from 0.05 to 100")
	}
	return o.checkTimes()
}

// checkTimes rejects times that can't work.
func (o options) checkTimes() error {
	switch {
	case o.timing.Poll <= 0 || o.timing.Resync <= 0:
		return errors.New("--poll-interval and --resync-interval must be positive")
	case o.timing.Propagation < 0 || o.timing.MetricDelay < 0:
		return errors.New("--traffic-propagation and --metric-delay must not be negative")
	case !goodPeriod(o.metricPeriod):
		return errors.New("--metric-period must be 1, 5, 10, 20, 30 or a multiple of 60 seconds, as CloudWatch takes it")
	}
	return nil
}
