// Package ownership owns how tags in AWS tell to which ImmutableDeployment, of
// which cluster, something belongs, and what else a deployment may take over.
//
// It imports the API, internal/command and controller-runtime's reader of
// namespaces.
package ownership

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Claim is what an ImmutableDeployment may call its own in AWS.
type Claim struct {
	// Cluster is the ID of the cluster that the deployment is in.
	Cluster string
	// Namespace, Name and UID of the deployment.
	Namespace, Name, UID string
	// Adopts are the UIDs, and the marks of writers, that the deployment's own
	// annotation names.
	Adopts []string
	// Namespaces reads what administrators allow, and which other deployments
	// there are.
	Namespaces client.Reader
}

// Of is the claim of a deployment in a cluster.
func Of(imd *v1alpha1.ImmutableDeployment, cluster string, namespaces client.Reader) *Claim {
	return &Claim{
		Cluster: cluster, Namespace: imd.Namespace, Name: imd.Name, UID: string(imd.UID),
		Adopts: SplitList(imd.Annotations[v1alpha1.AnnotationAdopt]), Namespaces: namespaces,
	}
}

// Tags mark what belongs to the deployment as a whole.
func (c *Claim) Tags() map[string]string {
	return map[string]string{
		v1alpha1.TagCluster:   c.Cluster,
		v1alpha1.TagNamespace: c.Namespace,
		v1alpha1.TagName:      c.Name,
		v1alpha1.TagUID:       c.UID,
	}
}

// Owns tells whether tags prove that something belongs to the deployment: of
// this cluster, since a copy of its etcd has the same UIDs elsewhere.
func (c *Claim) Owns(tags map[string]string) bool {
	return c.UID != "" && tags[v1alpha1.TagUID] == c.UID && tags[v1alpha1.TagCluster] == c.Cluster
}

// IsNamesake tells whether tags name the deployment's namespace and name, be it
// with another UID or in another cluster.
func (c *Claim) IsNamesake(tags map[string]string) bool {
	return tags[v1alpha1.TagUID] != "" && tags[v1alpha1.TagNamespace] == c.Namespace && tags[v1alpha1.TagName] == c.Name
}

// IsLocalNamesake tells whether tags name the deployment's namespace and name in
// its own cluster: with another UID that is a deployment which is gone, since
// there can't be two of a name.
func (c *Claim) IsLocalNamesake(tags map[string]string) bool {
	return c.IsNamesake(tags) && tags[v1alpha1.TagCluster] == c.Cluster
}

// MayAdopt tells whether the deployment may take over what tags mark as another
// one's: its own annotation says so for what has its namespace and name, that
// of the namespace, which belongs to administrators, for everything.
func (c *Claim) MayAdopt(ctx context.Context, tags map[string]string) (bool, error) {
	uid := tags[v1alpha1.TagUID]
	if uid == "" {
		return false, nil
	}
	if c.IsNamesake(tags) && slices.Contains(c.Adopts, uid) {
		return true, nil
	}
	var ns corev1.Namespace
	if err := c.Namespaces.Get(ctx, client.ObjectKey{Name: c.Namespace}, &ns); err != nil {
		return false, fmt.Errorf("get namespace %s: %w", c.Namespace, err)
	}
	return slices.Contains(SplitList(ns.Annotations[v1alpha1.AnnotationAdopt]), uid), nil
}

// IsAlive tells whether the deployment that tags name is there, in this cluster.
// Whether one of another cluster is can't be seen from here. One in a namespace
// that the manager may not look into may well be there.
func (c *Claim) IsAlive(ctx context.Context, tags map[string]string) (bool, error) {
	if tags[v1alpha1.TagUID] == "" || tags[v1alpha1.TagCluster] != c.Cluster {
		return false, nil
	}
	var owner v1alpha1.ImmutableDeployment
	key := client.ObjectKey{Namespace: tags[v1alpha1.TagNamespace], Name: tags[v1alpha1.TagName]}
	err := c.Namespaces.Get(ctx, key, &owner)
	if apierrors.IsForbidden(err) {
		return true, nil
	}
	if err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return string(owner.UID) == tags[v1alpha1.TagUID], nil
}

// IsOurs tells whether the deployment owns what tags mark, or may take it over.
func (c *Claim) IsOurs(ctx context.Context, tags map[string]string) (bool, error) {
	if c.Owns(tags) {
		return true, nil
	}
	return c.MayAdopt(ctx, tags)
}

// Overrules tells whether someone decided that this cluster goes on after the
// writer of a mark.
func (c *Claim) Overrules(mark string) bool {
	return mark != "" && slices.Contains(c.Adopts, c.UID+"/"+mark)
}

// SplitList splits the value of an annotation at commas and drops white space.
func SplitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}
