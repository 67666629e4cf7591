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
	series := coarsest(args)
	if series.scalar {
		return number(apply(0))
	}
	out := series.empty()
	for t := range series.points {
		out.set(t, apply(t))
	}
	return out
}

// coarsest is the series with the longest periods, or a number if there are
// only numbers.
func coarsest(args []value) value {
	result := number(math.NaN())
	for _, a := range args {
		if !a.scalar && (result.scalar || a.step > result.step) {
			result = a
		}
	}
	return result
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
	for _, v := range series {
		if v.scalar {
			return value{}, invalid("The function %s is not simulated for an array that holds a number", e.name)
		}
		for t, n := range v.points {
			numbers[t] = append(numbers[t], n)
		}
	}
	out := coarsest(series).empty()
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
