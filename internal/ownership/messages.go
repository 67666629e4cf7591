package ownership

import (
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
)

// OwnerOf names whom tags point to.
func (c *Claim) OwnerOf(tags map[string]string) string {
	switch tags[v1alpha1.TagCluster] {
	case "":
		return "someone else"
	case c.Cluster:
		return fmt.Sprintf("the ImmutableDeployment %s/%s with the UID %s", tags[v1alpha1.TagNamespace], tags[v1alpha1.TagName], tags[v1alpha1.TagUID])
	}
	return fmt.Sprintf("the ImmutableDeployment %s/%s with the UID %s in the cluster %s",
		tags[v1alpha1.TagNamespace], tags[v1alpha1.TagName], tags[v1alpha1.TagUID], tags[v1alpha1.TagCluster])
}

// Adopted lists what the deployment's annotation names already, each with a comma
// after it: a remedy that replaces the annotation must not take that back.
func (c *Claim) Adopted() string {
	var list strings.Builder
	for _, uid := range c.Adopts {
		if !strings.Contains(uid, "/") {
			list.WriteString(uid + ",")
		}
	}
	return list.String()
}

// Adoption is what to type to have the deployment take over what tags mark.
func (c *Claim) Adoption(tags map[string]string) string {
	uid := tags[v1alpha1.TagUID]
	if c.IsNamesake(tags) {
		return command.Annotate(c.Namespace, c.Name, v1alpha1.AnnotationAdopt, c.Adopted()+uid)
	}
	return "an administrator: " + command.AnnotateNamespace(c.Namespace, v1alpha1.AnnotationAdopt, uid)
}

// Overruling is what to type to have this cluster go on after the writer of a
// mark.
func (c *Claim) Overruling(mark string) string {
	return command.Annotate(c.Namespace, c.Name, v1alpha1.AnnotationAdopt, c.Adopted()+c.UID+"/"+mark)
}

// Retaining is what to type to have the deployment leave everything in AWS.
func (c *Claim) Retaining() string {
	return command.Patch(c.Namespace, c.Name, `{"deletionPolicy":"Retain"}`)
}
