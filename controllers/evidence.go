package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/analysis"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/gate"
	"github.com/viridian-dev/viridian/internal/metric"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// observeEvidence reads what a decision about the rollout needs besides the
// health of its revisions: alarms, metrics, scans and the answers of gates.
func (r *DeploymentReconciler) observeEvidence(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	view.facts.Gates = gate.FromSpec(imd.Spec.Gates)
	needed := view.facts.EvidenceNeeded()
	if err := view.observeRestarts(ctx, needed.Rolled); err != nil {
		return err
	}
	if err := r.observeImages(ctx, imd, view, needed.Vetted); err != nil {
		return err
	}
	if err := r.observeShare(ctx, view, needed.Shared); err != nil {
		return err
	}
	if imd.Spec.Analysis != nil {
		if err := r.observeAnalysis(ctx, imd.Spec.Analysis, view, needed); err != nil {
			return err
		}
	}
	if err := view.checkKnown(&imd.Spec); err != nil {
		return err
	}
	return r.observeGates(ctx, imd, view)
}

// checkKnown stops a rollout that isn't decided if only a newer version, whose
// CRDs are installed already, knows its strategy or where its gates are.
func (view *deploymentView) checkKnown(spec *v1alpha1.ImmutableDeploymentSpec) error {
	r := view.facts.Progress.Rollout
	if r == nil || r.Outcome != "" {
		return nil
	}
	errs := []error{checkStrategy(&spec.Strategy)}
	for i := range spec.Gates {
		errs = append(errs, gate.CheckPoint(&spec.Gates[i]))
	}
	if err := errors.Join(errs...); err != nil {
		return view.unreadable(err)
	}
	return nil
}

// checkStrategy refuses a strategy, or an approval of its steps, that isn't known
// here: traffic would move all at once, or without the approval.
func checkStrategy(s *v1alpha1.Strategy) error {
	switch s.Type {
	case "", v1alpha1.StrategyBlueGreen, v1alpha1.StrategyCanary, v1alpha1.StrategyRolling, v1alpha1.StrategyRecreate:
	default:
		return unknownValue("spec.strategy.type", string(s.Type))
	}
	var approvals []v1alpha1.Approval
	if s.BlueGreen != nil {
		approvals = append(approvals, s.BlueGreen.Approval)
	}
	for _, step := range s.Canary.All() {
		approvals = append(approvals, step.Approval)
	}
	for _, approval := range approvals {
		if approval != "" && approval != v1alpha1.ApprovalManual {
			return unknownValue("an approval in spec.strategy", string(approval))
		}
	}
	return nil
}

// observeAnalysis reads the alarms and, in a step that is measured, judges them
// and the metrics.
func (r *DeploymentReconciler) observeAnalysis(ctx context.Context, spec *v1alpha1.Analysis, view *deploymentView, needed rollout.Evidence) error {
	if !needed.Alarms {
		return nil
	}
	var alarms []cloud.Alarm
	var err error
	if len(spec.Alarms) > 0 {
		alarms, err = view.clients.Alarms.States(ctx, spec.Alarms)
	}
	if err == nil {
		view.facts.Analysis.Trouble = missingAlarms(spec.Alarms, alarms, view.region())
	} else if err := view.unreadable(err); err != nil {
		return err
	}
	view.facts.Analysis.Unread = err != nil
	view.facts.Analysis.Firing, view.facts.Analysis.FiringARNs = firing(alarms)
	if needed.Measured == nil {
		return nil
	}
	m := measurer{spec: spec, view: view, Measured: *needed.Measured, delay: r.Timing.MetricDelay, now: r.Now()}
	m.alarms(alarms, err)
	if err := m.metrics(ctx); err != nil {
		return err
	}
	view.facts.Analysis.Checks = m.verdicts
	return nil
}

// observeShare reads what share of the requests the new revision really gets, where
// that isn't its weight. Nothing is decided by it, so that nothing waits for it.
func (r *DeploymentReconciler) observeShare(ctx context.Context, view *deploymentView, step *rollout.Measured) error {
	if step == nil {
		return nil
	}
	m := measurer{view: view, Measured: *step}
	check := analysis.RequestCounts()
	readings, err := m.read(ctx, &check)
	if err != nil {
		if _, ok := troubleOf(err, view.identity); ok || errors.Is(err, cloud.ErrPending) {
			return nil
		}
		return err
	}
	if share, ok := analysis.Share(readings, step.Since, r.Timing.MetricDelay, r.Now()); ok {
		share.Step = step.Step
		view.facts.Share = &share
	}
	return nil
}

// unreadable tells what it means that evidence can't be read. A pass goes on
// without it, since the health of both revisions is still to be watched: what
// passes by itself leaves a check without a verdict, what has to be put right
// stops the rollout. Errors of the cluster end the pass.
func (view *deploymentView) unreadable(err error) error {
	if errors.Is(err, cloud.ErrPending) {
		return nil
	}
	t, ok := troubleOf(err, view.identity)
	if !ok {
		return err
	}
	if !t.passing && view.facts.Analysis.Trouble == nil {
		view.facts.Analysis.Trouble = &t.Blocked
	}
	return nil
}

// region is where AWS is called for a deployment; "" where only the manager's
// environment says it.
func (view *deploymentView) region() string {
	where := view.identity.Region
	for _, arn := range view.router.ARNs() {
		where = cmp.Or(where, placeOf(arn).Region)
	}
	return where
}

// missingAlarms says which alarms don't exist; nil if all do. An alarm that
// isn't there can't speak against a revision, and must not be taken for one
// that is silent.
func missingAlarms(names []string, found []cloud.Alarm, region string) *rollout.Blocked {
	var missing []string
	for _, name := range names {
		if !slices.ContainsFunc(found, func(a cloud.Alarm) bool { return a.Name == name }) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return alarmsNotFound(missing, region)
}

// firing tells which alarms are on; "" if none is.
func firing(alarms []cloud.Alarm) (what string, arns []string) {
	var parts []string
	for _, a := range alarms {
		if a.State == cloud.AlarmFiring {
			parts = append(parts, fmt.Sprintf("%s (%s)", a.Name, truncate(a.Reason, 200)))
			arns = append(arns, a.ARN)
		}
	}
	return strings.Join(parts, ", "), arns
}

// measurer judges the alarms and metrics of a step.
type measurer struct {
	rollout.Measured
	spec  *v1alpha1.Analysis
	view  *deploymentView
	delay time.Duration
	now   time.Time

	verdicts []v1alpha1.Verdict
}

func (m *measurer) step() analysis.Step {
	return analysis.Step{Number: m.Step, Weight: m.Weight, Since: m.Since, RolloutStarted: m.Started}
}

// before is a check's last verdict; nil if there is none.
func (m *measurer) before(source v1alpha1.VerdictSource, name string) *v1alpha1.Verdict {
	for i := range m.Before {
		if v := &m.Before[i]; v.Source == source && v.Name == name {
			return v
		}
	}
	return nil
}

// unread is the verdict when nothing was read. While a reading is pending, what
// was said of the step before stays true; when it fails, only that the revision
// is bad does.
func (m *measurer) unread(source v1alpha1.VerdictSource, name string, err error) v1alpha1.Verdict {
	before := m.before(source, name)
	here := before != nil && before.Step == m.Step
	if pending := errors.Is(err, cloud.ErrPending); here && (pending || before.Result == v1alpha1.ResultFail) {
		return *before
	} else if pending {
		return m.blank(source, name, v1alpha1.ResultPending, "not read yet")
	}
	v := m.blank(source, name, v1alpha1.ResultInconclusive, "not read: "+err.Error())
	if here {
		v.To, v.Failures = before.To, before.Failures
		if before.Result == v.Result {
			v.Since = before.Since
		}
	}
	return v
}

// blank is a verdict without a measurement.
func (m *measurer) blank(source v1alpha1.VerdictSource, name string, result v1alpha1.Result, message string) v1alpha1.Verdict {
	v := v1alpha1.Verdict{Source: source, Name: name, Step: m.Step, Weight: m.Weight, Result: result, Message: message, Since: stamp(m.now)}
	if before := m.before(source, name); before != nil {
		v.Measurements = before.Measurements
	}
	return v
}

// alarms judges the alarms in the order of spec.
func (m *measurer) alarms(read []cloud.Alarm, err error) {
	for _, name := range m.spec.Alarms {
		i := slices.IndexFunc(read, func(a cloud.Alarm) bool { return a.Name == name })
		switch {
		case err != nil:
			m.verdicts = append(m.verdicts, m.unread(v1alpha1.SourceAlarm, name, err))
			continue
		case i < 0:
			m.verdicts = append(m.verdicts, m.blank(v1alpha1.SourceAlarm, name, v1alpha1.ResultInconclusive, "there is no such alarm"))
			continue
		}
		proceed := m.spec.IfAlarmBefore == v1alpha1.AlarmProceed
		m.verdicts = append(m.verdicts, analysis.Alarm(read[i], m.step(), proceed, m.before(v1alpha1.SourceAlarm, name), m.now))
	}
}

// metrics reads and judges the metrics.
func (m *measurer) metrics(ctx context.Context) error {
	for i := range m.spec.Metrics {
		check := &m.spec.Metrics[i]
		readings, err := m.read(ctx, check)
		if err == nil {
			m.verdicts = append(m.verdicts, analysis.Metric(*check, m.step(), readings, m.delay, m.before(v1alpha1.SourceMetric, check.Name), m.now))
			continue
		}
		m.verdicts = append(m.verdicts, m.unread(v1alpha1.SourceMetric, check.Name, err))
		if err := m.view.unreadable(metric.Refused(check, err)); err != nil {
			return err
		}
	}
	return nil
}

// read reads a metric of both revisions. The old stack is gone before the new
// one is made by Recreate, or was deleted by others.
func (m *measurer) read(ctx context.Context, check *v1alpha1.MetricCheck) (analysis.Readings, error) {
	sources := metric.Sources{Metrics: m.view.clients.Metrics}
	source, err := sources.Of(check)
	if err != nil {
		return analysis.Readings{}, err
	}
	candidate := m.view.recordWithStack(m.Revision)
	if candidate == nil {
		return analysis.Readings{}, cloud.ErrPending // which is not for a metric to find
	}
	return source.Read(ctx, check, candidate, m.view.recordWithStack(m.Stable), m.Since)
}

// recordWithStack is the record of a revision that has a stack; nil if there is
// none.
func (view *deploymentView) recordWithStack(number int64) *v1alpha1.ImmutableRevision {
	for i := range view.records {
		if imr := &view.records[i]; imr.Spec.Revision == number && imr.Status.Outputs != nil {
			return imr
		}
	}
	return nil
}

// restartsRead bounds how many stopped tasks are looked at.
const restartsRead = 500

// observeRestarts counts the tasks of a revision that stopped on their own
// since it was verified. ECS's own count of failed tasks starts anew whenever
// one runs.
func (view *deploymentView) observeRestarts(ctx context.Context, number int64) error {
	seen, imr := view.revision(number), view.recordWithStack(number)
	if seen == nil || imr == nil || !seen.Health.Known {
		return nil
	}
	health, out := &seen.Health, imr.Status.Outputs
	stopped, err := view.clients.Services.StoppedTasks(ctx, out.Cluster, out.ServiceName, restartsRead)
	if cloud.IsNotFound(err) {
		return nil // its health says so already
	}
	if err != nil {
		return err
	}
	for _, task := range stopped {
		if !task.Failed || !task.StoppedAt.After(view.facts.Progress.Rollout.VerifiedAt) {
			continue
		}
		if health.Restarts == 0 {
			health.RestartCause = task.Reason // the newest comes first
		}
		health.Restarts++
	}
	return nil
}
