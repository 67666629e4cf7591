// Package prometheus holds no code: its tests compare the rules here, and the
// dashboard in config/grafana, with the metrics that the manager has and with the
// runbook in docs/operations.md.
package prometheus
