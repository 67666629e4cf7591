package cloudwatch

import "math"

// fill is FILL: it puts a number, or the point before, where the series has
// none.
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
	if ev.end.Sub(ev.start)/arg.step > maxDatapoints {
		return value{}, invalid("The function FILL would make more than %d data points", maxDatapoints)
	}
	if second := e.args[1]; second.kind == "word" && second.name == "REPEAT" {
		return ev.filled(arg, math.NaN(), true), nil
	}
	filler, err := ev.eval(e.args[1])
	if err != nil {
		return value{}, err
	}
	if !filler.scalar {
		return value{}, invalid("The function FILL is simulated with a number or REPEAT only")
	}
	return ev.filled(arg, filler.number, false), nil
}

// filled has a point at each period of the request; repeat makes each the
// filler for those after it.
func (ev *evaluator) filled(arg value, filler float64, repeat bool) value {
	out := arg.empty()
	first := floor(ev.start, arg.step)
	if first.Before(ev.start) {
		first = first.Add(arg.step)
	}
	for t := first; t.Before(ev.end); t = t.Add(arg.step) {
		n, there := arg.points[t.Unix()]
		if !there {
			n = filler
		}
		if repeat {
			filler = n
		}
		out.set(t.Unix(), n)
	}
	return out
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
	times := map[int64]bool{}
	for _, a := range args {
		for t := range a.points {
			times[t] = true
		}
	}
	out := coarsest(args)
	if out.scalar {
		return number(chosen(args, 0)), nil
	}
	out = out.empty()
	for t := range times {
		out.set(t, chosen(args, t))
	}
	return out, nil
}

// chosen is what an IF comes to at a time.
func chosen(args []value, t int64) float64 {
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
