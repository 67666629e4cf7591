// Package analysis judges a new revision by its metrics and alarms in
// CloudWatch. It is pure: its input is a check, the step, readings and the
// time, its output is a Verdict with the evidence and a sentence for people.
//
// Evidence is required, never assumed: if data is missing or insufficient, the
// verdict is inconclusive, and the rollout decides what to do then. Only what
// happened in the step counts, as the revision had a different share of the
// requests before.
//
// A verdict is derived from the previous one, which is the only state. A
// measurement isn't repeated, so judging the same readings twice changes
// nothing.
//
// It imports only the standard library, the API's types and the ports of
// internal/cloud.
package analysis
