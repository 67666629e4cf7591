// Package wildcard owns patterns in which * stands for any characters, also for
// none, and ? for one. It is pure and imports the standard library only.
package wildcard

import "strings"

// Covers tells whether a pattern matches whatever a value, which may be a pattern
// itself, matches: a * of the value is matched by a * only. It is sensitive to case.
//
// Only the last * is tried again: others decide how many there are, and to try
// all of them takes exponential time.
func Covers(pattern, value string) bool {
	p, v, star, tried := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, tried = p, v
			p++
		case p < len(pattern) && (pattern[p] == value[v] || pattern[p] == '?' && value[v] != '*'):
			p++
			v++
		case star >= 0:
			tried++
			p, v = star+1, tried
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Intersects tells whether some text matches both patterns. It is sensitive to
// case, and takes time in proportion to the product of their lengths.
func Intersects(a, b string) bool {
	for isLiteral(a) && isLiteral(b) { // most differ early
		if a[0] != b[0] {
			return false
		}
		a, b = a[1:], b[1:]
	}
	return intersect(a, b)
}

func isLiteral(pattern string) bool { return pattern != "" && pattern[0] != '*' && pattern[0] != '?' }

// intersect looks at what is left of both patterns from each pair of places on,
// the last ones first. A * of either takes nothing more, or one more character of
// the other.
func intersect(a, b string) bool {
	// rest[j] tells it of a from i+1 on and b from j on. Behind its end a pattern
	// has nothing that a * could take.
	rest := make([]bool, len(b)+2)
	for i := len(a); i >= 0; i-- {
		row := make([]bool, len(b)+2)
		for j := len(b); j >= 0; j-- {
			switch x, y := at(a, i), at(b, j); {
			case x == '*' || y == '*':
				row[j] = rest[j] || row[j+1]
			case x == end || y == end:
				row[j] = x == y
			default:
				row[j] = (x == y || x == '?' || y == '?') && rest[j+1]
			}
		}
		rest = row
	}
	return rest[0]
}

// end is what stands behind the last character of a pattern.
const end = -1

func at(pattern string, i int) int {
	if i == len(pattern) {
		return end
	}
	return int(pattern[i])
}
