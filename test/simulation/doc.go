// Package simulation runs the whole of Viridian but its wiring in a simulated
// world, to find out what it does when everything that can go wrong does.
//
// A run is decided by one number. The real reconcilers talk through the real
// AWS SDK to a simulated account and through controller-runtime's fake client
// to a stand-in for the API server; a stand-in for caches, watches and work
// queues delays, repeats and loses what they are told. Users act, processes
// die, AWS fails. Time is virtual (testing/synctest), and a single scheduler
// lets one thing happen at a time, so that the same seed gives the same run to
// the last line of its log. After every step an observer compares what
// Viridian did with the truth about the account.
//
// It holds tests, and what sums them up. docs/reliability.md says what is
// simulated, what must hold and how to repeat a run.
package simulation
