package controllers

import (
	"maps"
	"strconv"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// ownerTags mark what belongs to a deployment as a whole.
func (o *Options) ownerTags(namespace, name, uid string) map[string]string {
	return map[string]string{
		v1alpha1.TagCluster:   o.ClusterID,
		v1alpha1.TagNamespace: namespace,
		v1alpha1.TagName:      name,
		v1alpha1.TagUID:       uid,
	}
}

// stackTags are the user's own tags and those that mark a revision's stack.
func (o *Options) stackTags(revision *v1alpha1.ImmutableRevision, ownerUID string) map[string]string {
	tags := make(map[string]string)
	for _, tag := range revision.Spec.Frozen.Template.Tags {
		tags[tag.Key] = tag.Value
	}
	maps.Copy(tags, o.ownerTags(revision.Namespace, revision.Labels[v1alpha1.LabelDeployment], ownerUID))
	tags[v1alpha1.TagRevision] = strconv.FormatInt(revision.Spec.Revision, 10)
	tags[v1alpha1.TagTemplateHash] = revision.Spec.Frozen.TemplateHash
	return tags
}

// ownedBy tells whether tags prove that something belongs to the deployment.
func ownedBy(tags map[string]string, uid string) bool { return tags[v1alpha1.TagUID] == uid }
