package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

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

// owns tells whether tags prove that something belongs to the deployment: of
// this cluster, since a copy of its etcd has the same UIDs elsewhere.
func (o *Options) owns(tags map[string]string, uid string) bool {
	return uid != "" && tags[v1alpha1.TagUID] == uid && tags[v1alpha1.TagCluster] == o.ClusterID
}

// namesakes tells whether tags name the deployment's namespace and name, be it
// with another UID or in another cluster.
func namesakes(tags map[string]string, namespace, name string) bool {
	return tags[v1alpha1.TagUID] != "" && tags[v1alpha1.TagNamespace] == namespace && tags[v1alpha1.TagName] == name
}

// mayAdopt tells whether the deployment may take over what tags mark as another
// one's: its own annotation says so for what has its namespace and name, that
// of the namespace, which belongs to administrators, for everything.
func (o *Options) mayAdopt(ctx context.Context, imd *v1alpha1.ImmutableDeployment, tags map[string]string) (bool, error) {
	uid := tags[v1alpha1.TagUID]
	if uid == "" {
		return false, nil
	}
	if namesakes(tags, imd.Namespace, imd.Name) && slices.Contains(splitList(imd.Annotations[v1alpha1.AnnotationAdopt]), uid) {
		return true, nil
	}
	var ns corev1.Namespace
	if err := o.Live.Get(ctx, client.ObjectKey{Name: imd.Namespace}, &ns); err != nil {
		return false, fmt.Errorf("get namespace %s: %w", imd.Namespace, err)
	}
	return slices.Contains(splitList(ns.Annotations[v1alpha1.AnnotationAdopt]), uid), nil
}

// adopted lists what the deployment's annotation names already, each with a comma
// after it: a remedy that replaces the annotation must not take that back.
func adopted(imd *v1alpha1.ImmutableDeployment) string {
	var list strings.Builder
	for _, uid := range splitList(imd.Annotations[v1alpha1.AnnotationAdopt]) {
		if !strings.Contains(uid, "/") {
			list.WriteString(uid + ",")
		}
	}
	return list.String()
}

// isOurs tells whether the deployment owns what tags mark, or may take it over.
func (o *Options) isOurs(ctx context.Context, imd *v1alpha1.ImmutableDeployment, tags map[string]string) (bool, error) {
	if o.owns(tags, string(imd.UID)) {
		return true, nil
	}
	return o.mayAdopt(ctx, imd, tags)
}

// adoption is what to type to have the deployment take over what tags mark.
func adoption(imd *v1alpha1.ImmutableDeployment, tags map[string]string) string {
	uid := tags[v1alpha1.TagUID]
	if namesakes(tags, imd.Namespace, imd.Name) {
		return fmt.Sprintf("kubectl annotate imd %s -n %s --overwrite %s=%s%s", imd.Name, imd.Namespace, v1alpha1.AnnotationAdopt, adopted(imd), uid)
	}
	return fmt.Sprintf("an administrator: kubectl annotate namespace %s %s=%s", imd.Namespace, v1alpha1.AnnotationAdopt, uid)
}

// owner names whom tags point to.
func (o *Options) owner(tags map[string]string) string {
	switch tags[v1alpha1.TagCluster] {
	case "":
		return "someone else"
	case o.ClusterID:
		return fmt.Sprintf("the ImmutableDeployment %s/%s with the UID %s", tags[v1alpha1.TagNamespace], tags[v1alpha1.TagName], tags[v1alpha1.TagUID])
	}
	return fmt.Sprintf("the ImmutableDeployment %s/%s with the UID %s in the cluster %s",
		tags[v1alpha1.TagNamespace], tags[v1alpha1.TagName], tags[v1alpha1.TagUID], tags[v1alpha1.TagCluster])
}
