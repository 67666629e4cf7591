// Package plugin is kubectl viridian: the commands by which people look at rollouts,
// steer them, and check manifests before they apply them. What is shown is made in
// its package view; what is asked of the controller are the annotations and fields
// of docs/control.md.
package plugin
