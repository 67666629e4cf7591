package wildcard

import (
	"strings"
	"testing"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{"a", "a", true},
		{"a", "A", false},
		{"a", "b", false},
		{"", "", true},
		{"*", "", true},
		{"*", "a", true},
		{"*", "*", true},
		{"a*", "a", true},
		{"*a", "*", false},
		{"a", "*", false},
		{"?", "a", true},
		{"?", "", false},
		{"?", "?", true},
		{"?", "*", false},
		{"a", "?", false},
		{"*.example.com", "shop.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "*.example.com", true},
		{"*.example.com", "*.shop.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "*.com", false},
		{"shop.example.com", "*.example.com", false},
		{"*.example.com", "evil.com/x.example.com.evil", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c", false},
		{"*a*a*a*a*b", strings.Repeat("a", 2000), false}, // to try all ways would take hours
	} {
		if got := Covers(c.pattern, c.value); got != c.want {
			t.Errorf("Covers(%q, %q) is %t", c.pattern, c.value, got)
		}
	}
}

// FuzzCovers: what a pattern covers that is a pattern itself, it covers with
// anything in the place of its wildcards.
func FuzzCovers(f *testing.F) {
	f.Add("*.example.com", "*.shop.example.com", "x")
	f.Add("a?c*", "a?c*b*", "")
	f.Fuzz(func(t *testing.T, pattern, value, filling string) {
		if len(pattern) > 50 || len(value) > 50 || strings.ContainsAny(filling, "*?") || !Covers(pattern, value) {
			return
		}
		filled := strings.ReplaceAll(strings.ReplaceAll(value, "*", filling), "?", "x")
		if !Covers(pattern, filled) {
			t.Errorf("%q covers %q and not %q", pattern, value, filled)
		}
	})
}
