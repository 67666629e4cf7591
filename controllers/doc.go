// Package controllers owns the two reconcilers. The ImmutableDeployment's
// moves traffic and keeps revisions; the ImmutableRevision's keeps one
// CloudFormation stack. Each observes, asks a pure package what to do
// (internal/rollout, internal/stack), has at most one effect a pass, writes
// status and says when to look again. What is kept in memory between passes may
// be lost at any time, and nothing waits inside one.
//
// Status may be lost too, or older than AWS, so nothing is destroyed because of
// what it says: who uses a stack is asked of AWS right before the stack is
// deleted (inuse.go), stacks without a record get one again (lost.go,
// recall.go), and a rule that someone with the same identity wrote meanwhile is
// left alone (writer.go). Tags tell what is a deployment's own, and what it may
// adopt (ownership.go).
//
// It imports the API, internal/cloud (never its adapters), the pure packages,
// internal/background, internal/webhook and controller-runtime.
package controllers
