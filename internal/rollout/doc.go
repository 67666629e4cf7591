// Package rollout decides how a deployment goes on. It is pure: an Observation
// of Kubernetes and AWS and the time go in, a Decision comes out: at most one
// effect, what to remember, and what to tell people.
//
// Only what can't be observed is remembered (Progress): which revision is
// proven, the rollout's step and when it was reached, an outcome once decided.
// Every strategy is compiled to one Plan, a list of steps, so that all of them
// share one engine.
//
// What is remembered may be lost or old. Where it contradicts what AWS shows,
// AWS is right, or someone has to decide (recovery.go).
//
// The order of things makes crashes harmless. An outcome is remembered before
// the first effect that follows from it. Every effect is absolute, so that
// doing it twice is doing it once. What was remembered too late is seen again:
// a rule that already routes as intended was written by a run that crashed.
//
// It imports the standard library, the API's constants and internal/command only.
package rollout
