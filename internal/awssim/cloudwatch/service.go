package cloudwatch

import (
	"math"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// Options adjust the service. Zero values are usable.
type Options struct {
	// Clock is what all timestamps on the wire are on. Default World.Now.
	Clock func() time.Time
	// Resolution is what a minute of the standard metrics is on Clock, in whole
	// seconds. Default 60 s divided by the world's speed, but at least 1 s.
	Resolution time.Duration
	// Delay is how long after a period's end, on Clock, its data are all
	// visible. Default one Resolution; negative for none.
	Delay time.Duration
	// BalancerDelay is the same for the metrics of load balancers, which come
	// minutes late in AWS. Default three times Delay.
	BalancerDelay time.Duration
}

// Service is the simulated CloudWatch. All methods expect the world's lock to
// be held.
type Service struct {
	world *core.World
	opts  Options
	lb    *elb.Service
	tasks *ecs.Service

	metrics map[string]*metric
	// balanced are the metrics of target groups and load balancers, by the ARN
	// of the load balancer and, after a space, that of the target group.
	balanced map[string]*balanced
	// responses counts, to share responses among the load balancer's nodes.
	responses int
	// late is how much later than usual load balancers publish.
	late time.Duration

	alarms map[string]*alarm
	// onAction is told when an alarm invokes a scaling policy.
	onAction func(Action)
	// sampled is the end of the last period that was sampled, evaluated the
	// time of the last evaluation of all alarms.
	sampled, evaluated time.Time
	timer              *core.Timer
	// begun and begunWorld are one moment on both clocks, to learn how fast
	// Clock runs; sameClock says that there is only one.
	begun, begunWorld time.Time
	sameClock         bool
}

// New returns a CloudWatch without alarms. Start begins its work.
func New(world *core.World, lb *elb.Service, tasks *ecs.Service, opts Options) *Service {
	if opts.Resolution <= 0 {
		opts.Resolution = world.Scale(time.Minute)
	}
	opts.Resolution = max(opts.Resolution.Round(time.Second), time.Second)
	if opts.Delay == 0 {
		opts.Delay = opts.Resolution
	}
	opts.Delay = max(opts.Delay, 0)
	if opts.BalancerDelay == 0 {
		opts.BalancerDelay = 3 * opts.Delay
	}
	opts.BalancerDelay = max(opts.BalancerDelay, 0)
	sameClock := opts.Clock == nil
	if sameClock {
		opts.Clock = world.Now
	}
	return &Service{
		world: world, opts: opts, lb: lb, tasks: tasks, sameClock: sameClock,
		metrics: map[string]*metric{}, balanced: map[string]*balanced{}, alarms: map[string]*alarm{},
		onAction: func(Action) {},
	}
}

// Start begins to sample and to evaluate.
func (s *Service) Start() {
	s.begun, s.begunWorld = s.now(), s.world.Now()
	s.sampled = floor(s.begun, s.opts.Resolution)
	s.evaluated = s.begun
	s.arm()
}

func (s *Service) now() time.Time { return s.opts.Clock().UTC() }

// floor is the beginning of the period around t; periods are aligned to the
// epoch.
func floor(t time.Time, period time.Duration) time.Time {
	past := t.UnixNano() % int64(period)
	if past < 0 {
		past += int64(period)
	}
	return t.Add(-time.Duration(past)).UTC()
}

// step is how often alarms are evaluated: every minute, or with the period of
// an alarm that has a shorter one.
func (s *Service) step() time.Duration {
	step := s.opts.Resolution
	for _, a := range s.alarms {
		if a.evaluates() {
			step = min(step, a.period())
		}
	}
	return step
}

// arm waits for what comes next: the end of a period or an evaluation.
func (s *Service) arm() {
	now := s.now()
	next := s.sampled.Add(s.opts.Resolution)
	if step := s.step(); step < s.opts.Resolution {
		if soon := floor(now, step).Add(step); soon.Before(next) {
			next = soon
		}
	}
	s.timer.Stop()
	s.timer = s.world.After(s.wait(next.Sub(now)), func() {
		s.catchUp()
		s.arm()
	})
}

// The bounds of a wait: a clock that stands still must not keep the timer busy,
// and one that leaps must be noticed.
const (
	shortestWait = time.Millisecond
	longestWait  = time.Minute
	// learningTime is how long a clock is watched to know how fast it runs.
	learningTime = 10 * time.Millisecond
)

// wait turns a duration on Clock into one as AWS would take it, which the world
// scales.
func (s *Service) wait(d time.Duration) time.Duration {
	scale := float64(s.world.Scale(time.Hour)) / float64(time.Hour)
	wait := min(max(s.waitInWorld(d), shortestWait), max(s.world.Scale(longestWait), shortestWait))
	return time.Duration(math.Ceil(float64(wait) / scale))
}

// waitInWorld is how long a duration on Clock takes, as far as can be told from
// how Clock ran so far.
func (s *Service) waitInWorld(d time.Duration) time.Duration {
	if s.sameClock {
		return d
	}
	passed, ran := s.world.Now().Sub(s.begunWorld), s.now().Sub(s.begun)
	if passed < learningTime || ran <= 0 {
		return learningTime
	}
	return time.Duration(math.Ceil(float64(d) * float64(passed) / float64(ran)))
}

// catchUp does what is due at this moment of Clock. Each call does it first, so
// that what it sees doesn't depend on which came first, the timer or the call.
func (s *Service) catchUp() {
	now := s.now()
	if oldest := floor(now, s.opts.Resolution).Add(-retention * s.opts.Resolution); s.sampled.Before(oldest) {
		s.sampled = oldest // the clock leapt
	}
	for end := s.sampled.Add(s.opts.Resolution); !end.After(now); end = end.Add(s.opts.Resolution) {
		s.sample(end.Add(-s.opts.Resolution))
		s.sampled = end
	}
	if step := s.step(); floor(now, step).After(s.evaluated) {
		s.evaluated = now
		for _, name := range s.alarmNames() {
			s.evaluate(s.alarms[name], now)
		}
	}
}

// SigningName is the service in the credential scope.
func (s *Service) SigningName() string { return "monitoring" }

// Shape is the service's name in Smithy.
func (s *Service) Shape() string { return "GraniteServiceVersion20100801" }

// RPC lists the operations.
func (s *Service) RPC() map[string]core.RPCFunc {
	return map[string]core.RPCFunc{
		"PutMetricData":     operation(s, s.putMetricData),
		"ListMetrics":       operation(s, s.listMetrics),
		"GetMetricData":     operation(s, s.getMetricData),
		"DescribeAlarms":    operation(s, s.describeAlarms),
		"PutMetricAlarm":    operation(s, s.putMetricAlarm),
		"PutCompositeAlarm": operation(s, s.putCompositeAlarm),
		"DeleteAlarms":      operation(s, s.deleteAlarms),
		"SetAlarmState":     operation(s, s.setAlarmState),
	}
}

// operation decodes an operation's input.
func operation[In any](s *Service, f func(In) (any, error)) core.RPCFunc {
	return func(decode func(any) error) (any, error) {
		var in In
		if err := decode(&in); err != nil {
			return nil, err
		}
		s.catchUp()
		return f(in)
	}
}

func invalid(format string, args ...any) error {
	return core.Errorf("ValidationError", format, args...)
}

func badValue(format string, args ...any) error {
	return core.Errorf("InvalidParameterValueException", format, args...)
}

func badCombination(format string, args ...any) error {
	return core.Errorf("InvalidParameterCombinationException", format, args...)
}

func missing(parameter string) error {
	return core.Errorf("MissingRequiredParameterException", "The parameter %s is required.", parameter)
}

func badToken() error { return core.Errorf("InvalidNextToken", "The next token specified is invalid.") }

// oneOf tells whether a text is one of the allowed ones.
func oneOf(text string, allowed ...string) bool { return slices.Contains(allowed, text) }
