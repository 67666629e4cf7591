package measures

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Type of a metric, as Prometheus calls it.
type Type string

// Types of metrics. A summary has no quantiles here, only a sum and a count.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Summary   Type = "summary"
	Histogram Type = "histogram"
)

// Metric is a metric of the manager.
type Metric struct {
	Name   string
	Type   Type
	Labels []string
	// Help is a sentence.
	Help string
	// Query is an example in PromQL, and Answers what it tells.
	Query, Answers string
}

// Desc is the metric as a collector describes it.
func (m *Metric) Desc() *prometheus.Desc {
	return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
}

// CounterVec is an empty counter.
func (m *Metric) CounterVec() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// HistogramVec is an empty histogram.
func (m *Metric) HistogramVec(buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: buckets}, m.Labels)
}

// All are the metrics in the order of docs/metrics.md: of deployments, then of AWS.
func All() []*Metric {
	return []*Metric{
		&Rollouts, &Changes, &ChangeFailures, &Duration, &LeadTime, &Recovery,
		&Info, &Phase, &Weight, &BlockedSince, &Stacks,
		&AWSCalls, &AWSAttempts, &AWSErrors, &AWSDuration, &AWSWaited,
	}
}

// Metrics of deployments, which Collect makes.
var (
	Rollouts = Metric{
		Name: "viridian_rollouts_total", Type: Counter, Labels: []string{"namespace", "name", "outcome"},
		Help:    "Rollouts that ended, by outcome. One whose promotion was taken back counts as Promoted and as RolledBack.",
		Query:   `sum by (namespace, name) (increase(viridian:rollouts:total{outcome=~"Promoted|FastPromoted"}[7d]))`,
		Answers: "how often each application was deployed in a week",
	}
	Changes = Metric{
		Name: "viridian_changes_total", Type: Counter, Labels: []string{"namespace", "name"},
		Help:    "Rollouts that ended, each once, but for those that were superseded or went back to the previous revision.",
		Query:   `sum by (namespace) (increase(viridian:changes:total[30d]))`,
		Answers: "how many changes each namespace made in a month",
	}
	ChangeFailures = Metric{
		Name: "viridian_change_failures_total", Type: Counter, Labels: []string{"namespace", "name"},
		Help:    "Changes that were rolled back, aborted, failed, or gone back from after their promotion.",
		Query:   `sum by (namespace) (increase(viridian:change_failures:total[30d])) / sum by (namespace) (increase(viridian:changes:total[30d]))`,
		Answers: "the change failure rate of a month, from 0 to 1; nothing where nothing was changed",
	}
	Duration = Metric{
		Name: "viridian_rollout_duration_seconds", Type: Summary, Labels: []string{"namespace", "name", "phase"},
		Help:    "How long rollouts took: provision is until the new revision was healthy, shift until the outcome was decided, finish until traffic was where that says.",
		Query:   `sum by (namespace, name) (increase(viridian:rollout_duration_seconds:sum{phase="provision"}[30d])) / sum by (namespace, name) (increase(viridian:rollout_duration_seconds:count{phase="provision"}[30d]))`,
		Answers: "how long it takes on average until a new revision is healthy",
	}
	LeadTime = Metric{
		Name: "viridian_lead_time_seconds", Type: Summary, Labels: []string{"namespace", "name"},
		Help:    "Time of promoted changes from the push of their newest image, or where that isn't known from when the template was first seen, until they served all traffic.",
		Query:   `sum(increase(viridian:lead_time_seconds:sum[30d])) / sum(increase(viridian:lead_time_seconds:count[30d]))`,
		Answers: "the average lead time of all applications in a month",
	}
	Recovery = Metric{
		Name: "viridian_recovery_seconds", Type: Summary, Labels: []string{"namespace", "name"},
		Help:    "Time from the decision against a revision that may have had requests, or from the promotion of one that was gone back from, until traffic was at a good one.",
		Query:   `sum(increase(viridian:recovery_seconds:sum[30d])) / sum(increase(viridian:recovery_seconds:count[30d]))`,
		Answers: "the average time to recovery in a month",
	}
	Info = Metric{
		Name: "viridian_deployment_info", Type: Gauge, Labels: []string{"namespace", "name", "strategy"},
		Help:    "1 for each ImmutableDeployment, with its strategy.",
		Query:   `sum by (strategy) (increase(viridian:rollouts:total{outcome="RolledBack"}[30d]) * on (namespace, name) group_left (strategy) max by (namespace, name, strategy) (viridian_deployment_info))`,
		Answers: "rollbacks of a month by strategy",
	}
	Phase = Metric{
		Name: "viridian_deployment_phase", Type: Gauge, Labels: []string{"namespace", "name", "phase"},
		Help:    "1 for the phase that an ImmutableDeployment is in; other phases have no series.",
		Query:   `count by (phase) (viridian_deployment_phase)`,
		Answers: "how many deployments are in each phase",
	}
	Weight = Metric{
		Name: "viridian_weight_ratio", Type: Gauge, Labels: []string{"namespace", "name"},
		Help:    "Share of the requests, from 0 to 1, that goes to the revision that is rolled out, or that serves.",
		Query:   `viridian_weight_ratio < 1`,
		Answers: "the canaries that are under way",
	}
	BlockedSince = Metric{
		Name: "viridian_blocked_since_timestamp_seconds", Type: Gauge, Labels: []string{"namespace", "name", "reason"},
		Help:    "When an ImmutableDeployment began to wait for somebody, by reason, in seconds since 1970. There is a series only while it waits.",
		Query:   `time() - viridian_blocked_since_timestamp_seconds > 3600`,
		Answers: "what has been blocked for more than an hour, for how long and why",
	}
	Stacks = Metric{
		Name: "viridian_stacks", Type: Gauge, Labels: []string{"namespace", "name", "state"},
		Help:    "CloudFormation stacks of an ImmutableDeployment by the phase of their ImmutableRevision. A state without a stack has no series.",
		Query:   `sum by (state) (viridian_stacks)`,
		Answers: "how many stacks there are in each state",
	}
)

// Metrics of calls to AWS, which internal/cloud/aws counts.
var (
	AWSCalls = Metric{
		Name: "viridian_aws_calls_total", Type: Counter, Labels: []string{"service", "operation", "outcome"},
		Help:    "AWS API calls by outcome: Success, or the kind of the error.",
		Query:   `sum by (service, operation) (rate(viridian_aws_calls_total{outcome="Denied"}[15m])) > 0`,
		Answers: "which permissions are missing",
	}
	AWSAttempts = Metric{
		Name: "viridian_aws_attempts_total", Type: Counter, Labels: []string{"service", "operation", "outcome"},
		Help:    "Attempts of AWS API calls, retries included, by outcome.",
		Query:   `sum by (service) (rate(viridian_aws_attempts_total{outcome="Throttled"}[5m]))`,
		Answers: "how often AWS throttles each second, by service; what waited for its turn in vain is in it, too",
	}
	AWSErrors = Metric{
		Name: "viridian_aws_errors_total", Type: Counter, Labels: []string{"service", "operation", "code"},
		Help:    "Attempts of AWS API calls that failed, by AWS's error code; none is a failure without one, such as no answer.",
		Query:   `topk(10, sum by (service, operation, code) (increase(viridian_aws_errors_total[1h])))`,
		Answers: "the most frequent errors of an hour",
	}
	AWSDuration = Metric{
		Name: "viridian_aws_call_duration_seconds", Type: Histogram, Labels: []string{"service", "operation"},
		Help:    "Duration of AWS API calls, retries and their delays included.",
		Query:   `histogram_quantile(0.95, sum by (service, le) (rate(viridian_aws_call_duration_seconds_bucket[10m])))`,
		Answers: "how long 95 of 100 calls take at most, by service",
	}
	AWSWaited = Metric{
		Name: "viridian_aws_waited_seconds_total", Type: Counter, Labels: []string{"service", "operation"},
		Help:    "Seconds that AWS API calls waited for their turn, so that an account's limits are kept.",
		Query:   `sum by (service) (rate(viridian_aws_waited_seconds_total[10m]))`,
		Answers: "how many calls wait at once on average",
	}
)

// Recorded is the beginning of the series that the rules in config/prometheus make
// of a counter or a summary of deployments; "" of any other metric. They are the
// same numbers whichever manager tells them, so that they go on when another one
// takes over.
func Recorded(m *Metric) string {
	if !strings.HasPrefix(m.Name, prefix) || strings.HasPrefix(m.Name, prefix+"aws_") || m.Type != Counter && m.Type != Summary {
		return ""
	}
	return "viridian:" + strings.TrimSuffix(strings.TrimPrefix(m.Name, prefix), "_total")
}

// prefix of all metrics.
const prefix = "viridian_"
