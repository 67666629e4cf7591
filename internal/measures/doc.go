// Package measures says what the manager measures: the catalogue of its metrics,
// from which docs/metrics.md is made; how rollouts that ended are counted in the
// status of their deployment; and the collector that makes metrics of the objects
// in the cache. Nothing is counted in memory, so a manager that restarts goes on
// with the same numbers.
package measures
