// Package controllers owns the two reconcilers. The ImmutableDeployment's
// moves traffic and keeps revisions; the ImmutableRevision's keeps one
// CloudFormation stack. Each observes, asks a pure package what to do
// (internal/rollout, internal/stack), has at most one effect a pass, writes
// status and says when to look again. Nothing waits inside a pass.
//
// Little is kept in memory between passes, and all of it may be lost at any
// time: which revisions this process wrote until the cache shows them
// (written.go), when stacks were listed last (audits in lost.go), and the calls
// of gates under way (Options.Calls). A restart reads the cache anew, lists
// again, and asks gates again by the same key.
//
// Status may be lost too, or older than AWS, so nothing is destroyed because of
// what it says: who uses a stack is asked of AWS right before the stack is
// deleted (inuse.go), stacks without a record get one again (lost.go,
// recall.go), and a rule that someone with the same identity wrote meanwhile is
// left alone (writer.go). Tags tell what is a deployment's own, and what it may
// adopt (internal/ownership).
//
// What the reconcilers see of a deployment is in its view, of which facts are
// what the decision rests on. How requests get to revisions, how gates are asked,
// where metrics come from and what stacks are made of is behind interfaces
// (internal/route, internal/gate, internal/metric, internal/template). Sentences
// about what is in the way are in messages.go.
//
// It imports the API, internal/cloud (never its adapters), the pure packages
// internal/{analysis,hook,refusal,rollout,stack,template},
// internal/{background,gate,metric,ownership}, internal/route and its kinds, and
// controller-runtime.
package controllers
