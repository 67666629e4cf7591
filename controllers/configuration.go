package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/configuration"
	"github.com/viridian-dev/viridian/internal/preflight"
)

// values is what a pass knows of the values that the template refers to.
type values struct {
	// rollOut is true if changes are rolled out.
	rollOut bool
	// apart is true if revisions of one template that hold other values are told
	// apart: where changes are rolled out, and where they were. wanted is then the
	// SHA-256 of those of the one that is wanted; "" if it is a new one, whatever it
	// will hold.
	apart  bool
	wanted string
	// choice is among the revisions of the template in spec.
	choice configuration.Choice
	// current are the values that the template in spec refers to; nil while nobody
	// asked.
	current *configuration.Answers
	// seen is how what a revision holds compares with what is current; nil while
	// nobody looked. hurry is true if that is to be rolled out, or isn't any more, and
	// unread if what is current is only to be read yet.
	seen          *v1alpha1.ConfigurationStatus
	hurry, unread bool
}

// chooseValues tells which revision of the template in spec is wanted, where there
// may be several that hold other values.
func (view *deploymentView) chooseValues(imd *v1alpha1.ImmutableDeployment) {
	refers := len(configuration.References(&imd.Spec.Template)) > 0
	view.values.rollOut = refers && imd.Spec.Configuration.OnChange == v1alpha1.ChangeRollOut
	view.values.choice = view.choose(imd)
	view.values.apart = view.values.rollOut || refers && view.values.choice.Differ()
	if view.values.apart {
		view.values.wanted = view.values.choice.Wanted()
	}
	view.facts.WantHash = view.hash(view.facts.WantTemplate, view.values.wanted)
}

// hash tells revisions apart: by their templates and, where it matters, by what those
// of the template in spec hold.
func (view *deploymentView) hash(ofTemplate, ofValues string) string {
	if !view.values.apart || ofTemplate != view.facts.WantTemplate {
		return ofTemplate
	}
	return ofTemplate + "/" + ofValues
}

// hashOf is that of a revision.
func (view *deploymentView) hashOf(imr *v1alpha1.ImmutableRevision) string {
	return view.hash(imr.Spec.Frozen.TemplateHash, heldSum(imr))
}

// isWanted tells whether a revision has the template in spec, and the values that are
// wanted, whichever they are if those of a new revision are.
func (view *deploymentView) isWanted(imr *v1alpha1.ImmutableRevision) bool {
	return imr.Spec.Frozen.TemplateHash == view.facts.WantTemplate &&
		(!view.values.apart || view.values.wanted == "" || heldSum(imr) == view.values.wanted)
}

// heldSum is the SHA-256 of the values that a revision holds; "" if it isn't known.
func heldSum(imr *v1alpha1.ImmutableRevision) string {
	if held := imr.Spec.Frozen.Configuration; held != nil {
		return held.SHA256
	}
	return ""
}

// choose makes the choice among the revisions of the template in spec.
func (view *deploymentView) choose(imd *v1alpha1.ImmutableDeployment) configuration.Choice {
	c := configuration.Choice{Stable: imd.Status.Stable, Rollout: imd.Status.Rollout, Retried: asksRetry(imd)}
	if view.values.rollOut {
		c.Seen = imd.Status.Configuration
	}
	c.Remember(imd.Status.History)
	for i := range view.records {
		imr := &view.records[i]
		// One that serves and is made anew, since its stack was lost, is made with what
		// it held.
		there := imr.DeletionTimestamp.IsZero() || view.values.rollOut && imr.Spec.Revision == c.Stable
		if there && imr.Spec.Frozen.TemplateHash == view.facts.WantTemplate {
			c.Revisions = append(c.Revisions, configuration.Revision{Number: imr.Spec.Revision, Name: imr.Name, SHA256: heldSum(imr)})
		}
	}
	return c
}

// asksRetry tells whether somebody asks to try the last rollout again, and that wasn't
// heard yet: it is heard in this pass, and what is current is to be tried.
func asksRetry(imd *v1alpha1.ImmutableDeployment) bool {
	r, name := imd.Status.Rollout, imd.Annotations[v1alpha1.AnnotationRetry]
	if handled := imd.Status.Handled; r == nil || handled != nil && handled.Retry == name {
		return false
	}
	return name == r.ID || name == fmt.Sprintf("%s-%d", imd.Name, r.Revision)
}

// reference is the revision whose values are compared with those that are current;
// nil if there is none that refers to any.
func (view *deploymentView) reference(imd *v1alpha1.ImmutableDeployment) *v1alpha1.ImmutableRevision {
	number := imd.Status.Stable
	if view.values.rollOut {
		if r := view.values.choice.Reference(); r != nil {
			number = r.Number
		}
	}
	i := slices.IndexFunc(view.records, func(imr v1alpha1.ImmutableRevision) bool { return imr.Spec.Revision == number })
	if i < 0 || view.records[i].Spec.Frozen.Configuration == nil {
		return nil
	}
	return &view.records[i]
}

// observeConfiguration compares what the revision that serves holds with what is
// current, while nothing is rolled out. What can't be read leaves what was found:
// nothing is told and nothing is rolled out for want of an answer.
func (r *DeploymentReconciler) observeConfiguration(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView) error {
	reference := view.reference(imd)
	if reference == nil || view.facts.Deleting || view.facts.Blocked != nil || !view.isSettled(imd, reference) {
		return nil
	}
	reference, err := r.whole(ctx, reference)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	answers := configuration.NewAnswers(view.identity.Region)
	parameters, secrets := configuration.Sources(reference.Spec.Frozen.Configuration.Entries)
	err = answers.Take(view.clients.Parameters.Watch(ctx, parameters), view.clients.Secrets.Watch(ctx, secrets), func(what string, err error) error {
		switch cloud.KindOf(err) { //nolint:exhaustive // the others are about all calls
		case cloud.KindDenied, cloud.KindInvalid, cloud.KindTransient:
			log.FromContext(ctx).V(1).Info("A parameter or secret is not compared", "name", what, keyReason, err.Error())
			return nil
		}
		return err
	})
	view.values.unread = errors.Is(err, cloud.ErrPending)
	if err != nil {
		log.FromContext(ctx).V(1).Info("Parameters and secrets are not compared", keyReason, err.Error())
		return nil
	}
	if len(answers.Unread) < len(parameters)+len(secrets) {
		r.compare(imd, view, reference, answers)
	}
	return nil
}

// isSettled tells whether nothing is rolled out, nor about to be.
func (view *deploymentView) isSettled(imd *v1alpha1.ImmutableDeployment, reference *v1alpha1.ImmutableRevision) bool {
	last := imd.Status.Rollout
	switch {
	case last != nil && last.FinishedAt == nil:
		return false
	case !view.values.rollOut || view.hashOf(reference) == view.facts.WantHash:
		return true
	}
	return last != nil && last.Outcome.Bad() && slices.ContainsFunc(view.records, func(imr v1alpha1.ImmutableRevision) bool {
		return imr.Spec.Revision == last.Revision && view.hashOf(&imr) == view.facts.WantHash
	})
}

// compare notes how what a revision holds compares with what is current.
func (r *DeploymentReconciler) compare(imd *v1alpha1.ImmutableDeployment, view *deploymentView, reference *v1alpha1.ImmutableRevision, answers *configuration.Answers) {
	c := configuration.Comparison{
		Revision: reference.Name, Held: reference.Spec.Frozen.Configuration,
		Policy: imd.Spec.Configuration.Secrets, Before: imd.Status.Configuration,
		GivenUp: view.values.choice.ValuesGivenUp(), Now: r.Now(),
	}
	if reference.Spec.Frozen.TemplateHash == view.facts.WantTemplate {
		c.Template = &imd.Spec.Template
	}
	if view.values.seen = configuration.Compare(&c, answers); view.values.seen == nil {
		return
	}
	before := ""
	if was := imd.Status.Configuration; was != nil && was.Revision == reference.Name {
		before = was.Changed
	}
	view.values.hurry = view.values.rollOut && view.values.seen.Changed != before
}

// lookAtConfiguration looks at the values that the template in spec refers to: a
// revision that is to be made of it has to hold them, and one that has values, its own
// or those of one that was lost, needs those that ECS resolves.
func (r *DeploymentReconciler) lookAtConfiguration(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, report *preflight.Report) error {
	t := imd.Spec.Template.DeepCopy()
	if made := view.holder(imd); made != nil {
		made, err := r.whole(ctx, made)
		if err != nil {
			return err
		}
		held := configuration.Held(&v1alpha1.FrozenRevision{Template: *t, Configuration: made.Spec.Frozen.Configuration})
		return lookForValues(ctx, view.clients, view.identity.Region, configuration.Resolved(held), report)
	}
	if err := r.readValues(ctx, imd, view, report); err != nil {
		return err
	}
	if _, missing := configuration.Freeze(t, imd.Spec.Configuration.Secrets, view.values.current); missing != nil {
		report.Findings = append(report.Findings, *missing)
	}
	return nil
}

// lookForValues looks whether what ECS resolves is there. What can't be looked at is
// left out, as ECS resolves it with another role.
func lookForValues(ctx context.Context, clients cloud.Clients, region string, held []v1alpha1.FrozenReference, report *preflight.Report) error {
	answers := configuration.NewAnswers(region)
	if err := read(ctx, clients, nil, held, answers, report); err != nil {
		return err
	}
	if missing := configuration.Missing(held, answers); missing != nil {
		report.Findings = append(report.Findings, *missing)
	}
	return nil
}

// readValues reads the values that the template in spec refers to, once in a pass.
func (r *DeploymentReconciler) readValues(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, report *preflight.Report) error {
	if view.values.current != nil {
		return nil
	}
	answers := configuration.NewAnswers(view.identity.Region)
	needed, others := configuration.Needed(&imd.Spec.Template, imd.Spec.Configuration.Secrets)
	if err := read(ctx, view.clients, needed, others, answers, report); err != nil {
		return err
	}
	view.values.current = answers
	if reference := view.reference(imd); view.values.rollOut && reference != nil && reference.Spec.Frozen.TemplateHash == view.facts.WantTemplate {
		reference, err := r.whole(ctx, reference)
		if err != nil {
			return err
		}
		r.compare(imd, view, reference, answers) // what was seen before may have changed again
	}
	return nil
}

// read reads what references name. What a revision has to hold is needed; of the
// others, what can't be looked at is noted in the report.
func read(ctx context.Context, clients cloud.Clients, needed, others []v1alpha1.FrozenReference, answers *configuration.Answers, report *preflight.Report) error {
	must := func(_ string, err error) error { return err }
	if err := readSome(ctx, clients, needed, answers, must); err != nil {
		return err
	}
	return readSome(ctx, clients, others, answers, func(what string, err error) error {
		if cloud.KindOf(err) == cloud.KindInvalid || cloud.KindOf(err) == cloud.KindThrottled {
			report.Unchecked = append(report.Unchecked, what)
			return nil // ECS reads it with another role and in another way, and may well find it
		}
		return report.SkipOptional(what, err)
	})
}

// readSome reads references. skip tells what is done about what can't be read.
func readSome(ctx context.Context, clients cloud.Clients, of []v1alpha1.FrozenReference, answers *configuration.Answers, skip func(what string, err error) error) error {
	if len(of) == 0 {
		return nil
	}
	parameters, secrets := configuration.Sources(of)
	return answers.Take(clients.Parameters.Get(ctx, parameters), clients.Secrets.Describe(ctx, secrets), skip)
}

// whole is a record with what it holds of each value, which the cache doesn't have.
func (r *DeploymentReconciler) whole(ctx context.Context, imr *v1alpha1.ImmutableRevision) (*v1alpha1.ImmutableRevision, error) {
	if imr.Spec.Frozen.Configuration == nil {
		return imr, nil
	}
	out := &v1alpha1.ImmutableRevision{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(imr), out); err != nil {
		return nil, fmt.Errorf("get revision %s: %w", imr.Name, err)
	}
	return out, nil
}

// recordOf is the newest record of a revision; nil if there is none.
func (view *deploymentView) recordOf(hash string) *v1alpha1.ImmutableRevision {
	for i := len(view.records) - 1; i >= 0; i-- {
		if imr := &view.records[i]; view.hashOf(imr) == hash && imr.DeletionTimestamp.IsZero() {
			return imr
		}
	}
	return nil
}

// holder is the record of the revision whose values one of the template in spec has:
// its own or, if that is to be made anew, of the one that was lost. nil if values have
// to be read.
func (view *deploymentView) holder(imd *v1alpha1.ImmutableDeployment) *v1alpha1.ImmutableRevision {
	if made := view.recordOf(view.facts.WantHash); made != nil {
		return made
	}
	if _, _, lost := view.pinnedOfLost(imd); lost != nil && lost.Spec.Frozen.Configuration != nil {
		return lost
	}
	return nil
}

// hold has a template hold the values that it refers to, as they are current. made is
// false if other values are current by now than those for which a revision was to be
// made: the next pass decides anew. It is an error if that may be for want of an answer.
func (r *DeploymentReconciler) hold(ctx context.Context, imd *v1alpha1.ImmutableDeployment, view *deploymentView, t *v1alpha1.RevisionTemplate) (held *v1alpha1.FrozenConfiguration, made bool, err error) {
	if err := r.readValues(ctx, imd, view, &preflight.Report{}); err != nil {
		return nil, false, err
	}
	held, missing := configuration.Freeze(t, imd.Spec.Configuration.Secrets, view.values.current)
	if missing != nil {
		return nil, false, refused(missing)
	}
	other := view.values.rollOut && view.values.wanted != "" && held.SHA256 != view.values.wanted
	if other && view.values.current.Refusal != nil {
		// What was read when the change was seen can't be read now. Nobody could tell
		// whether that is why the values differ, and the next pass would find the same.
		return nil, false, fmt.Errorf("read the values of the next revision: %w", view.values.current.Refusal)
	}
	return held, !other, nil
}

// checkValues refuses to have a stack created whose tasks could not start, since what
// ECS has to resolve isn't there.
func (r *RevisionReconciler) checkValues(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView) error {
	var report preflight.Report
	held := configuration.Resolved(configuration.Held(&imr.Spec.Frozen))
	if err := lookForValues(ctx, view.clients, imr.Spec.Frozen.AWS.Region, held, &report); err != nil || len(report.Findings) == 0 {
		return err
	}
	return refused(&report.Findings[0])
}

// isCompared tells whether a revision's values may be compared in later passes: the
// one that serves or, where other values are rolled out, the one that was given up.
func (view *deploymentView) isCompared(imd *v1alpha1.ImmutableDeployment, next *v1alpha1.ImmutableDeploymentStatus, revision string) bool {
	last := next.Rollout
	return revision == next.StableRevision ||
		view.values.rollOut && last != nil && revision == fmt.Sprintf("%s-%d", imd.Name, last.Revision)
}

// keepConfiguration writes down how what is held compares with what is current. What
// was found of a revision that isn't compared any more goes.
func (view *deploymentView) keepConfiguration(imd *v1alpha1.ImmutableDeployment, next *v1alpha1.ImmutableDeploymentStatus, set conditionSetter) {
	if view.values.seen != nil {
		next.Configuration = view.values.seen
	}
	if c := next.Configuration; c != nil && !view.isCompared(imd, next, c.Revision) {
		next.Configuration = nil
	}
	if next.Configuration == nil {
		set.while(v1alpha1.ConditionConfigurationCurrent, false, "", "")
		return
	}
	givenUp := view.values.choice.GaveUp(next.Configuration.Changed)
	says := configuration.Judge(next.Configuration, imd.Namespace, imd.Name, view.values.rollOut, givenUp)
	set.set(v1alpha1.ConditionConfigurationCurrent, truth(says.Current), says.Reason, says.Message)
}
