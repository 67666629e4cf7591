// Package simulation runs all of Viridian except its wiring in a simulated
// world, to find out what it does when everything that can go wrong does.
//
// A run is determined by one number. The real reconcilers talk through the real
// AWS SDK to a simulated account and through controller-runtime's fake client
// to a stand-in for the API server; a stand-in for caches, watches and work
// queues delays, repeats and loses events. Users act, processes die, AWS fails.
// Time is virtual (testing/synctest), and a single scheduler lets one thing
// happen at a time, so that the same seed gives the same run to the last line
// of its log. After every step an observer compares what Viridian did with the
// truth about the account.
//
// It contains tests, and the summary of their results. docs/reliability.md says
// what is simulated, what the invariants are and how to repeat a run.
package simulation
