// Package controllers owns the two reconcilers. The ImmutableDeployment's
// moves traffic and keeps revisions; the ImmutableRevision's keeps one
// CloudFormation stack. Each observes, asks a pure package what to do
// (internal/rollout, internal/stack), has at most one effect a pass, writes
// status and says when to look again. Nothing is kept in memory between
// passes, and nothing waits inside one.
//
// It imports the API, internal/cloud (never its adapters), internal/rollout,
// internal/stack, internal/template and controller-runtime.
package controllers
