package cloudwatch

import (
	"strings"
	"testing"
)

func TestRule(t *testing.T) {
	states := map[string]string{"a": stateAlarm, "b": stateOK, "c": stateInsufficient, "two words": stateAlarm, `q"q`: stateOK, "OK": stateOK}
	tests := map[string]bool{
		"ALARM(a)":                                true,
		"OK(a)":                                   false,
		"INSUFFICIENT_DATA(c)":                    true,
		"ALARM(a) AND ALARM(b)":                   false,
		"ALARM(a) AND NOT ALARM(b)":               true,
		"NOT NOT ALARM(a)":                        true,
		"NOT (ALARM(a) OR ALARM(b))":              false,
		"ALARM(b) AND ALARM(b) OR ALARM(a)":       true,
		"ALARM(b) AND (ALARM(b) OR ALARM(a))":     false,
		`ALARM("two words")`:                      true,
		`OK("q\"q") AND OK(OK)`:                   true,
		"(TRUE)":                                  true,
		"FALSE OR INSUFFICIENT_DATA( \"c\" )":     true,
		"(ALARM(a) OR ALARM(b))\n\tAND OK(\"b\")": true,
	}
	for text, want := range tests {
		r, err := parseRule(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := r.holds(func(name string) string { return states[name] }); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func TestRuleRefusals(t *testing.T) {
	tests := []string{
		"", "a", "ALARM", "ALARM()", "ALARM(a", "ALARM(a) ALARM(b)", "ALARM(a) XOR ALARM(b)", "AND ALARM(a)", "NOT", "(TRUE", "TRUE)",
		`ALARM("a)`, `ALARM("")`, "alarm(a)", "ALARM(two words)", "ALARM(a,b)", "AT_LEAST(1, ALARM, (a))",
		strings.Repeat("TRUE AND ", 600) + "TRUE", strings.Repeat("x", maxRule+1),
	}
	for _, text := range tests {
		if _, err := parseRule(text); err == nil || !strings.Contains(err.Error(), "AlarmRule") {
			t.Errorf("%.40q: got %v", text, err)
		}
	}
}

func FuzzRule(f *testing.F) {
	for _, seed := range []string{`ALARM("a b") AND NOT (OK(c) OR TRUE)`, "((", `ALARM("\"")`, "INSUFFICIENT_DATA(x)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRule(text)
		if err != nil {
			return
		}
		r.holds(func(string) string { return stateOK })
		for _, child := range r.children() {
			if child == "" {
				t.Errorf("%q: a child without a name", text)
			}
		}
	})
}
