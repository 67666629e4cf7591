package analysis

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Maximum lengths of the texts of a verdict, and of a summary.
const (
	maxMessage = 512
	maxSummary = 1000
)

// significant is how many digits of a value are shown.
const significant = 3

// subject is the name of a check in a sentence.
func subject(check *v1alpha1.MetricCheck) string {
	if check.Builtin != "" {
		return string(check.Builtin)
	}
	return check.Name
}

// unit of the values of a check, as written after the number.
func unit(check *v1alpha1.MetricCheck) string {
	switch check.Builtin {
	case v1alpha1.MetricErrorRate, v1alpha1.MetricCPU, v1alpha1.MetricMemory:
		return "%"
	case v1alpha1.MetricLatencyP50, v1alpha1.MetricLatencyP90, v1alpha1.MetricLatencyP99:
		return " ms"
	case v1alpha1.MetricRequestCount:
		return "/min"
	default:
		return ""
	}
}

// byRequests reports whether the check's samples are requests.
func byRequests(check *v1alpha1.MetricCheck) bool {
	switch check.Builtin {
	case v1alpha1.MetricErrorRate, v1alpha1.MetricLatencyP50, v1alpha1.MetricLatencyP90, v1alpha1.MetricLatencyP99:
		return true
	default:
		return false
	}
}

// samples formats n of a check's samples.
func samples(check *v1alpha1.MetricCheck, n int64) string {
	noun := "data point"
	if byRequests(check) {
		noun = "request"
	}
	if n != 1 {
		noun += "s"
	}
	return count(n) + " " + noun
}

// where is the step of a verdict; "" outside of steps.
func where(step Step) string {
	if step.Number == 0 {
		return ""
	}
	return fmt.Sprintf(" at step %d (weight %d)", step.Number, step.Weight)
}

// clock formats a time of day, with the day if it isn't today.
func clock(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04:05 UTC")
	}
	return t.Format("2006-01-02 15:04:05 UTC")
}

// against formats value with as many digits as it takes to see whether it is
// above bound.
func against(value, bound float64) string {
	for digits := significant; digits < 16; digits++ {
		text := number(value, digits)
		shown, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
		if err == nil && (shown > bound) == (value > bound) && (shown < bound) == (value < bound) {
			return text
		}
	}
	return exact(value)
}

// number formats x with that many significant digits, or all those before the
// point.
func number(x float64, digits int) string {
	if x == 0 {
		return "0"
	}
	if math.Abs(x) >= 1e15 {
		return strconv.FormatFloat(x, 'g', digits, 64)
	}
	decimals := max(0, digits-1-int(math.Floor(math.Log10(math.Abs(x)))))
	return grouped(strconv.FormatFloat(x, 'f', min(decimals, 15), 64))
}

// exact formats x with all its digits.
func exact(x float64) string { return grouped(strconv.FormatFloat(x, 'f', -1, 64)) }

func count(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// grouped adds thousands separators and drops trailing zeros.
func grouped(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		return "-" + whole
	}
	return whole
}

// cut shortens s to that many characters.
func cut(s string, length int) string {
	if utf8.RuneCountInString(s) <= length {
		return s
	}
	return string([]rune(s)[:length-1]) + "…"
}

func are(n int32) string {
	if n == 1 {
		return "1 is"
	}
	return count(int64(n)) + " are"
}
