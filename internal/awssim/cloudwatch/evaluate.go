package cloudwatch

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// extraPeriods is how many periods more than asked for an evaluation looks
// back, for data points to use instead of missing ones.
const extraPeriods = 2

// reading is a period as an evaluation sees it.
type reading struct {
	start     time.Time
	value     float64
	there     bool
	breaching bool
}

// evaluate gives a metric alarm the state that its data call for.
func (s *Service) evaluate(a *alarm, now time.Time) {
	if !a.evaluates() {
		return
	}
	readings := s.readings(a.watch, now)
	if state := a.watch.judge(readings); state != "" && state != a.state {
		s.become(a, state, a.watch.reason(readings, a.state, state), "")
		return
	}
	if now.Sub(a.acted) >= s.opts.Resolution {
		s.act(a, now)
	}
}

// readings are the periods that ended, the oldest first.
func (s *Service) readings(w *watch, now time.Time) []reading {
	m := s.metrics[w.metric.key()]
	step := max(w.period, s.opts.Resolution)
	if m != nil {
		step = max(w.period, m.resolution)
	}
	end := floor(now, step)
	start := end.Add(-time.Duration(w.evaluationPeriods+extraPeriods) * step)
	values := map[int64]float64{}
	for _, p := range m.read(window{start: start, end: end, visible: now, period: w.period}) {
		if n, there := w.statistic.of(&p.data); there {
			values[p.start.Unix()] = n
		}
	}
	var readings []reading
	for t := start; t.Before(end); t = t.Add(step) {
		n, there := values[t.Unix()]
		readings = append(readings, reading{t, n, there, there && w.breaches(n)})
	}
	return readings
}

func (w *watch) breaches(n float64) bool {
	switch w.comparison {
	case "GreaterThanThreshold":
		return n > w.threshold
	case "GreaterThanOrEqualToThreshold":
		return n >= w.threshold
	case "LessThanThreshold":
		return n < w.threshold
	default:
		return n <= w.threshold
	}
}

// relevant are the readings that are judged: the newest that are there, from
// farther back if need be, and how many are missing still.
func (w *watch) relevant(readings []reading) (there []reading, missing int) {
	for i := len(readings) - 1; i >= 0 && len(there) < w.evaluationPeriods; i-- {
		if readings[i].there {
			there = append(there, readings[i])
		}
	}
	return there, w.evaluationPeriods - len(there)
}

// judge is the state that the readings call for; "" leaves the alarm as it is.
func (w *watch) judge(readings []reading) string {
	there, missing := w.relevant(readings)
	breaching := countBreaching(there)
	counted := breaching
	if w.missing == treatBreaching {
		counted += missing
	}
	sure := missing == 0 || oneOf(w.missing, treatBreaching, treatNotBreaching)
	switch {
	case counted >= w.datapoints:
		return stateAlarm
	case sure || breaching < len(there):
		return stateOK
	case w.missing == treatIgnore:
		return ""
	case len(there) == 0:
		return stateInsufficient
	case w.oldEnough(readings):
		return stateAlarm
	default:
		return "" // too early to tell
	}
}

func countBreaching(readings []reading) int {
	n := 0
	for _, r := range readings {
		if r.breaching {
			n++
		}
	}
	return n
}

// oldEnough tells whether the oldest reading that is there, all of which are
// breaching, is as old as the number of data points that make an alarm: what
// came after it can only be missing.
func (w *watch) oldEnough(readings []reading) bool {
	for i, r := range readings {
		if r.there {
			return len(readings)-i >= w.datapoints
		}
	}
	return false
}

// reason explains a state in CloudWatch's words.
func (w *watch) reason(readings []reading, before, after string) string {
	there, missing := w.relevant(readings)
	if after == stateInsufficient {
		return fmt.Sprintf("Insufficient Data: %s unknown.", plural(missing, "was", "were"))
	}
	var shown []string
	count := countBreaching(there)
	if after == stateOK {
		count = len(there) - count
	}
	for _, r := range there {
		shown = append(shown, fmt.Sprintf("%s (%s)", strconv.FormatFloat(r.value, 'f', -1, 64), r.start.Format("02/01/06 15:04:05")))
	}
	verb := "was"
	if count != 1 {
		verb = "were"
	}
	if after == stateOK {
		verb += " not"
	}
	if len(there) == 0 {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s missing datapoints were treated as [%s].",
			plural(w.evaluationPeriods, "", ""), plural(missing, "", ""), w.missing)
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s %s the threshold (%s) (minimum %s for %s -> %s transition).",
		count, len(there), strings.Join(shown, ", "), verb, comparisonWords(w.comparison), strconv.FormatFloat(w.threshold, 'f', -1, 64),
		strings.TrimSpace(plural(w.datapoints, "", "")), before, after)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 datapoint " + one
	}
	return strconv.Itoa(n) + " datapoints " + many
}

func comparisonWords(operator string) string {
	return map[string]string{
		"GreaterThanThreshold":          "greater than",
		"GreaterThanOrEqualToThreshold": "greater than or equal to",
		"LessThanThreshold":             "less than",
		"LessThanOrEqualToThreshold":    "less than or equal to",
	}[operator]
}
