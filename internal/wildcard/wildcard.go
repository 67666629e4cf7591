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
