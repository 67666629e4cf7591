package controllers

import (
	"maps"
	"strconv"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/ownership"
)

// claimOf is what a deployment may call its own in AWS.
func (o *Options) claimOf(imd *v1alpha1.ImmutableDeployment) *ownership.Claim {
	return ownership.Of(imd, o.ClusterID, o.Live)
}

// claimOfRevision is the claim of the deployment that a record names as its own,
// be that there or not.
func (o *Options) claimOfRevision(imr *v1alpha1.ImmutableRevision, uid string) *ownership.Claim {
	return &ownership.Claim{Cluster: o.ClusterID, Namespace: imr.Namespace, Name: imr.Labels[v1alpha1.LabelDeployment], UID: uid, Namespaces: o.Live}
}

// stackTags are the user's own tags and those that mark a revision's stack.
func (o *Options) stackTags(imr *v1alpha1.ImmutableRevision, ownerUID string) map[string]string {
	tags := make(map[string]string)
	for _, tag := range imr.Spec.Frozen.Template.Tags {
		tags[tag.Key] = tag.Value
	}
	maps.Copy(tags, o.claimOfRevision(imr, ownerUID).Tags())
	tags[v1alpha1.TagRevision] = strconv.FormatInt(imr.Spec.Revision, 10)
	tags[v1alpha1.TagTemplateHash] = imr.Spec.Frozen.TemplateHash
	return tags
}
