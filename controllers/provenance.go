package controllers

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

const (
	requestedByLength = 256
	managerLength     = 128
)

// provenance says where a revision that is made now comes from.
func (r *DeploymentReconciler) provenance(imd *v1alpha1.ImmutableDeployment, view *deploymentView) *v1alpha1.Provenance {
	now := stamp(r.Now())
	p := &v1alpha1.Provenance{
		Cause: v1alpha1.CauseTemplate, RequestedBy: truncate(imd.Annotations[v1alpha1.AnnotationRequestedBy], requestedByLength),
		Generation: imd.Generation, FrozenAt: &now,
	}
	if reference := view.reference(imd); view.values.rollOut && reference != nil && reference.Spec.Frozen.TemplateHash == view.facts.WantTemplate {
		p.Cause = v1alpha1.CauseConfiguration
	}
	if writer := writerOf(imd.ManagedFields); writer != nil {
		p.Manager, p.RequestedAt = truncate(writer.Manager, managerLength), writer.Time
	}
	return p
}

// writerOf is who wrote spec.template last, as the API server keeps it; nil if it
// doesn't.
func writerOf(managed []metav1.ManagedFieldsEntry) (last *metav1.ManagedFieldsEntry) {
	for i := range managed {
		e := &managed[i]
		if e.Subresource != "" || e.FieldsV1 == nil || e.Time == nil || !ownsTemplate(e.FieldsV1) {
			continue
		}
		if last == nil || last.Time.Before(e.Time) {
			last = e
		}
	}
	return last
}

// ownsTemplate tells whether fields have spec.template or a part of it.
func ownsTemplate(fields *metav1.FieldsV1) bool {
	var owned struct {
		Spec struct {
			Template json.RawMessage `json:"f:template"`
		} `json:"f:spec"`
	}
	return json.Unmarshal(fields.GetRawBytes(), &owned) == nil && owned.Spec.Template != nil
}
