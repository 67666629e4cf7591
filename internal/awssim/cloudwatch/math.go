package cloudwatch

import (
	"maps"
	"math"
	"slices"
	"time"
)

// value is what an expression evaluates to: a number or a time series.
type value struct {
	scalar bool
	// number is a scalar's; NaN if there is none, as after a division by zero.
	number float64
	// points are a series' values by the Unix time of their period's start.
	points map[int64]float64
	// period is what was asked for, step how far apart the points can be.
	period, step time.Duration
}

func number(n float64) value {
	if math.IsInf(n, 0) {
		n = math.NaN()
	}
	return value{scalar: true, number: n}
}

// at is the value at a time; NaN if there is none.
func (v value) at(t int64) float64 {
	if v.scalar {
		return v.number
	}
	if n, there := v.points[t]; there {
		return n
	}
	return math.NaN()
}

func (v value) times() []int64 { return slices.Sorted(maps.Keys(v.points)) }

// empty is a series with v's periods and no points.
func (v value) empty() value {
	return value{points: map[int64]float64{}, period: v.period, step: v.step}
}

// set keeps a point unless it isn't a number.
func (v value) set(t int64, n float64) {
	if !math.IsNaN(n) && !math.IsInf(n, 0) {
		v.points[t] = n
	}
}

// evaluator evaluates the expressions of one request.
type evaluator struct {
	// start and end are the request's range, end no later than now.
	start, end time.Time
	// id finds what an id stands for.
	id func(name string) (value, error)
}

func mathFunctions() []string {
	return []string{"ABS", "CEIL", "FLOOR", "IF", "FILL", "RATE", "DIFF", "PERIOD", "SUM", "AVG", "MIN", "MAX"}
}

func (ev *evaluator) eval(e *expression) (value, error) {
	switch e.kind {
	case "number":
		return number(e.number), nil
	case "id":
		return ev.id(e.name)
	case "word":
		return value{}, invalid("%s is not known or not simulated here", e.name)
	case "array":
		return value{}, invalid("An array is simulated as the argument of SUM, AVG, MIN and MAX only")
	case "call":
		return ev.call(e)
	}
	args, err := ev.all(e.args)
	if err != nil {
		return value{}, err
	}
	if e.kind == "negate" {
		return each(args, func(n []float64) float64 { return -n[0] }), nil
	}
	f := binaryOperator(e.kind)
	return each(args, func(n []float64) float64 { return f(n[0], n[1]) }), nil
}

func (ev *evaluator) all(list []*expression) ([]value, error) {
	values := make([]value, len(list))
	for i, e := range list {
		var err error
		if values[i], err = ev.eval(e); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// each applies f point by point. Scalars are the same at all times; a point
// that any series misses is missing in the result.
func each(args []value, f func([]float64) float64) value {
	var result value
	for _, a := range args {
		if !a.scalar && (result.points == nil || a.step > result.step) {
			result = a
		}
	}
	numbers := make([]float64, len(args))
	apply := func(t int64) float64 {
		for i, a := range args {
			numbers[i] = a.at(t)
		}
		if slices.ContainsFunc(numbers, math.IsNaN) {
			return math.NaN()
		}
		return f(numbers)
	}
	if result.points == nil {
		return number(apply(0))
	}
	out := result.empty()
	for t := range result.points {
		out.set(t, apply(t))
	}
	return out
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func binaryOperator(operator string) func(a, b float64) float64 {
	return map[string]func(a, b float64) float64{
		"+":   func(a, b float64) float64 { return a + b },
		"-":   func(a, b float64) float64 { return a - b },
		"*":   func(a, b float64) float64 { return a * b },
		"/":   divide,
		"^":   math.Pow,
		"<":   func(a, b float64) float64 { return truth(a < b) },
		">":   func(a, b float64) float64 { return truth(a > b) },
		"<=":  func(a, b float64) float64 { return truth(a <= b) },
		">=":  func(a, b float64) float64 { return truth(a >= b) },
		"==":  func(a, b float64) float64 { return truth(a == b) },
		"!=":  func(a, b float64) float64 { return truth(a != b) },
		"AND": func(a, b float64) float64 { return truth(a != 0 && b != 0) },
		"OR":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
	}[operator]
}

func divide(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

func (ev *evaluator) call(e *expression) (value, error) {
	switch e.name {
	case "SUM", "AVG", "MIN", "MAX":
		return ev.aggregate(e)
	case "FILL":
		return ev.fill(e)
	case "IF":
		return ev.choose(e)
	}
	if len(e.args) != 1 {
		return value{}, invalid("The function %s takes 1 argument, not %d", e.name, len(e.args))
	}
	arg, err := ev.eval(e.args[0])
	if err != nil {
		return value{}, err
	}
	switch e.name {
	case "ABS":
		return each([]value{arg}, func(n []float64) float64 { return math.Abs(n[0]) }), nil
	case "CEIL":
		return each([]value{arg}, func(n []float64) float64 { return math.Ceil(n[0]) }), nil
	case "FLOOR":
		return each([]value{arg}, func(n []float64) float64 { return math.Floor(n[0]) }), nil
	}
	if arg.scalar {
		return value{}, invalid("The function %s takes a time series, not a number", e.name)
	}
	if e.name == "PERIOD" {
		return number(arg.period.Seconds()), nil
	}
	return change(arg, e.name == "RATE"), nil
}

// change is the difference of each point to the one before it, per second if
// it is a rate. The first has none.
func change(arg value, rate bool) value {
	out := arg.empty()
	times := arg.times()
	for i := 1; i < len(times); i++ {
		difference := arg.points[times[i]] - arg.points[times[i-1]]
		if rate {
			difference /= float64(times[i] - times[i-1])
		}
		out.set(times[i], difference)
	}
	return out
}

// aggregate sums up the series of an array point by point, from those that have
// one.
func (ev *evaluator) aggregate(e *expression) (value, error) {
	if len(e.args) != 1 || e.args[0].kind != "array" || len(e.args[0].args) == 0 {
		return value{}, invalid("The function %s is simulated for an array of time series such as [m1, m2] only", e.name)
	}
	series, err := ev.all(e.args[0].args)
	if err != nil {
		return value{}, err
	}
	numbers := map[int64][]float64{}
	out := value{}
	for _, v := range series {
		if v.scalar {
			return value{}, invalid("The function %s is not simulated for an array that holds a number", e.name)
		}
		if out.points == nil || v.step > out.step {
			out = v.empty()
		}
		for t, n := range v.points {
			numbers[t] = append(numbers[t], n)
		}
	}
	for t, list := range numbers {
		out.set(t, summary(e.name, list))
	}
	return out, nil
}

func summary(name string, list []float64) float64 {
	switch name {
	case "MIN":
		return slices.Min(list)
	case "MAX":
		return slices.Max(list)
	}
	sum := 0.0
	for _, n := range list {
		sum += n
	}
	if name == "AVG" {
		sum /= float64(len(list))
	}
	return sum
}

// fill puts a number, or the point before, where the series has none.
func (ev *evaluator) fill(e *expression) (value, error) {
	if len(e.args) != 2 {
		return value{}, invalid("The function FILL takes 2 arguments, not %d", len(e.args))
	}
	arg, err := ev.eval(e.args[0])
	if err != nil {
		return value{}, err
	}
	if arg.scalar {
		return value{}, invalid("The function FILL takes a time series, not a number")
	}
	repeat := e.args[1].kind == "word" && e.args[1].name == "REPEAT"
	filler := number(math.NaN())
	if !repeat {
		if filler, err = ev.eval(e.args[1]); err != nil {
			return value{}, err
		}
		if !filler.scalar {
			return value{}, invalid("The function FILL is simulated with a number or REPEAT only")
		}
	}
	if ev.end.Sub(ev.start)/arg.step > maxDatapoints {
		return value{}, invalid("The function FILL would make more than %d data points", maxDatapoints)
	}
	out := arg.empty()
	first := floor(ev.start, arg.step)
	if first.Before(ev.start) {
		first = first.Add(arg.step)
	}
	for t := first; t.Before(ev.end); t = t.Add(arg.step) {
		n, there := arg.points[t.Unix()]
		if !there {
			n = filler.number
		}
		if repeat {
			filler.number = n
		}
		out.set(t.Unix(), n)
	}
	return out, nil
}

// choose is IF: without a third argument there is no point where the condition
// is false. What isn't chosen may be missing.
func (ev *evaluator) choose(e *expression) (value, error) {
	if len(e.args) != 2 && len(e.args) != 3 {
		return value{}, invalid("The function IF takes 2 or 3 arguments, not %d", len(e.args))
	}
	args, err := ev.all(e.args)
	if err != nil {
		return value{}, err
	}
	if len(args) == 2 {
		args = append(args, number(math.NaN()))
	}
	pick := func(t int64) float64 {
		condition := args[0].at(t)
		switch {
		case math.IsNaN(condition):
			return math.NaN()
		case condition != 0:
			return args[1].at(t)
		default:
			return args[2].at(t)
		}
	}
	times := map[int64]bool{}
	var out value
	for _, a := range args {
		if !a.scalar && (out.points == nil || a.step > out.step) {
			out = a.empty()
		}
		for t := range a.points {
			times[t] = true
		}
	}
	if out.points == nil {
		return number(pick(0)), nil
	}
	for t := range times {
		out.set(t, pick(t))
	}
	return out, nil
}
