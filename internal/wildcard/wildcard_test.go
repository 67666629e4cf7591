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

// TestIntersects: for all short patterns, two intersect if and only if there is a
// text that both match. What needs more characters than both have has none.
func TestIntersects(t *testing.T) {
	patterns, texts := upTo(3, "ab*?"), upTo(6, "ab")
	matched := map[string][]bool{}
	for _, p := range patterns {
		for _, text := range texts {
			matched[p] = append(matched[p], Covers(p, text))
		}
	}
	for _, a := range patterns {
		for _, b := range patterns {
			want := false
			for i := range texts {
				want = want || matched[a][i] && matched[b][i]
			}
			if Intersects(a, b) != want {
				t.Errorf("Intersects(%q, %q) is %t", a, b, !want)
			}
		}
	}
	// To try all ways would take hours.
	if a := strings.Repeat("*a", 64); Intersects(a, strings.Repeat("*b", 64)+"b") {
		t.Error("a text can't end with two letters")
	}
}

// upTo are all texts of so many of the letters, and shorter ones.
func upTo(length int, letters string) []string {
	all, longest := []string{""}, []string{""}
	for range length {
		var longer []string
		for _, text := range longest {
			for _, letter := range letters {
				longer = append(longer, text+string(letter))
			}
		}
		all, longest = append(all, longer...), longer
	}
	return all
}

// FuzzIntersects: it doesn't matter which pattern comes first, a pattern
// intersects all that it covers, and a text without wildcards all that covers it.
func FuzzIntersects(f *testing.F) {
	f.Add("*.example.com", "shop.*")
	f.Add("a?c*", "*b?")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 50 || len(b) > 50 {
			return
		}
		got := Intersects(a, b)
		if got != Intersects(b, a) {
			t.Errorf("%q and %q: it depends on the order", a, b)
		}
		if covers := Covers(a, b); covers && !got || !strings.ContainsAny(b, "*?") && covers != got {
			t.Errorf("%q covers %q: %t, intersects it: %t", a, b, covers, got)
		}
	})
}
