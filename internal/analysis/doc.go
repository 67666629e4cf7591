// Package analysis judges a new revision by what CloudWatch says of it. It is
// pure: a check, the step, readings and the time go in, a Verdict comes out,
// with the evidence and a sentence for people.
//
// Evidence is asked for, never assumed: where data is missing, or is too
// little, the verdict is inconclusive, and what then is for the rollout to
// decide. Only what happened in the step counts, as the revision had another
// share of the requests before.
//
// A verdict is derived from the one before, which is all that is remembered.
// A measurement that was made already isn't made again, so judging the same
// readings twice changes nothing.
//
// It imports the standard library, the API's types and the ports of
// internal/cloud only.
package analysis
