// Package view owns how the objects of Viridian are shown to people: it turns
// them into what is told, and that into text or JSON. It is pure: the objects, the
// time and the width of the terminal are its input.
//
// It imports the API and internal/{command,rollout}.
package view
