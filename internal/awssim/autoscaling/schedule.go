package autoscaling

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // so that zones are known wherever the simulator runs
)

// schedule tells when a scheduled action is due.
type schedule interface {
	// next is the first time after a time, zero if there is none. begun is when the
	// schedule was made.
	next(after, begun time.Time) time.Time
}

var (
	atShape   = regexp.MustCompile(`^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$`)
	rateShape = regexp.MustCompile(`^rate\((\d{1,6}) (minutes?|hours?|days?)\)$`)
	cronShape = regexp.MustCompile(`^cron\(([^()]*)\)$`)
)

// parseSchedule reads at(…), rate(…) and cron(…). Rates have no time zone.
func parseSchedule(text string, zone *time.Location) (schedule, error) {
	if m := atShape.FindStringSubmatch(text); m != nil {
		at, err := time.ParseInLocation("2006-01-02T15:04:05", m[1], zone)
		if err != nil {
			return nil, badSchedule(text)
		}
		return once(at), nil
	}
	if m := rateShape.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1]) // the pattern was checked
		unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[m[2][0]]
		if n < 1 || (n == 1) == strings.HasSuffix(m[2], "s") {
			return nil, badSchedule(text)
		}
		return every(time.Duration(n) * unit), nil
	}
	if m := cronShape.FindStringSubmatch(text); m != nil {
		return parseCron(text, strings.Fields(m[1]), zone)
	}
	return nil, badSchedule(text)
}

func badSchedule(text string) error { return invalid("Schedule expression %s is not valid", text) }

type once time.Time

func (o once) next(after, _ time.Time) time.Time {
	if at := time.Time(o); at.After(after) {
		return at
	}
	return time.Time{}
}

type every time.Duration

func (e every) next(after, begun time.Time) time.Time {
	passed := after.Sub(begun) / time.Duration(e)
	return begun.Add((max(passed, 0) + 1) * time.Duration(e))
}

// cron has the values that match, by field.
type cron struct {
	minutes, hours, days, months, weekdays, years []bool
	zone                                          *time.Location
}

// The names of days and months, in AWS's numbers: 1 is Sunday and January.
var (
	dayNames   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
)

const (
	firstYear = 1970
	lastYear  = 2199
)

// parseCron reads the six fields of a cron expression: minutes, hours, day of month,
// month, day of week, year. L, W and # aren't simulated.
func parseCron(text string, fields []string, zone *time.Location) (schedule, error) {
	if len(fields) != 6 {
		return nil, badSchedule(text)
	}
	if (fields[2] == "?") == (fields[4] == "?") { // exactly one of the days is open
		return nil, badSchedule(text)
	}
	c := &cron{zone: zone}
	for i, field := range []struct {
		to          *[]bool
		first, last int
		names       []string
	}{
		{&c.minutes, 0, 59, nil}, {&c.hours, 0, 23, nil}, {&c.days, 1, 31, nil}, {&c.months, 1, 12, monthNames},
		{&c.weekdays, 1, 7, dayNames}, {&c.years, firstYear, lastYear, nil},
	} {
		values, ok := parseField(fields[i], field.first, field.last, field.names)
		if !ok {
			return nil, badSchedule(text)
		}
		*field.to = values
	}
	return c, nil
}

// parseField reads one field: a list of values, ranges and steps.
func parseField(text string, first, last int, names []string) (values []bool, ok bool) {
	values = make([]bool, last+1)
	for part := range strings.SplitSeq(text, ",") {
		bounds, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			var err error
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return nil, false
			}
		}
		from, to, ok := fieldRange(bounds, stepped, first, last, names)
		if !ok {
			return nil, false
		}
		for v := from; v <= to; v += step {
			values[v] = true
		}
	}
	return values, true
}

// fieldRange reads a value, a range of values, or all. A value with a step begins a
// range that ends with the last one.
func fieldRange(text string, stepped bool, first, last int, names []string) (from, to int, ok bool) {
	if text == "*" || text == "?" {
		return first, last, true
	}
	low, high, ranged := strings.Cut(text, "-")
	if from, ok = fieldValue(low, first, last, names); !ok {
		return 0, 0, false
	}
	switch {
	case ranged:
		to, ok = fieldValue(high, first, last, names)
		return from, to, ok && to >= from
	case stepped:
		return from, last, true
	default:
		return from, from, true
	}
}

func fieldValue(text string, first, last int, names []string) (int, bool) {
	if i := slices.Index(names, strings.ToUpper(text)); i >= 0 {
		return first + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= first && n <= last
}

// next looks minute by minute, but skips days and hours that don't match.
func (c *cron) next(after, _ time.Time) time.Time {
	t := after.In(c.zone).Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear && t.Year() <= after.Year()+8 {
		switch {
		case !c.onDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, c.zone)
		case !c.hours[t.Hour()]:
			t = t.Truncate(time.Minute).Add(time.Duration(60-t.Minute()) * time.Minute)
		case !c.minutes[t.Minute()]:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

func (c *cron) onDay(t time.Time) bool {
	return c.years[t.Year()] && c.months[t.Month()] && c.days[t.Day()] && c.weekdays[t.Weekday()+1]
}
