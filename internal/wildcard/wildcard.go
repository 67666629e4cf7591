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
	// rest[j] tells it of what is left of a, and of b from j on.
	rest := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		row := make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				row[j] = true
			case i < len(a) && a[i] == '*':
				row[j] = rest[j] || j < len(b) && row[j+1]
			case j < len(b) && b[j] == '*':
				row[j] = row[j+1] || i < len(a) && rest[j]
			case i < len(a) && j < len(b):
				row[j] = (a[i] == b[j] || a[i] == '?' || b[j] == '?') && rest[j+1]
			}
		}
		rest = row
	}
	return rest[0]
}
