package ownership_test

import (
	"context"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/ownership"
)

// answering is a cluster that answers every Get alike.
type answering struct {
	client.Reader
	err error
}

func (a answering) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	into.SetUID("uid-of-another")
	return a.err
}

// TestIsAlive: a deployment that can't be seen may be there.
func TestIsAlive(t *testing.T) {
	kind := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "immutabledeployments"}
	tags := map[string]string{v1alpha1.TagUID: "uid-of-another", v1alpha1.TagCluster: "here", v1alpha1.TagNamespace: "payments", v1alpha1.TagName: "ledger"}
	for name, c := range map[string]struct {
		err    error
		want   bool
		failed bool
	}{
		"there":        {nil, true, false},
		"not there":    {apierrors.NewNotFound(kind, "ledger"), false, false},
		"can't tell":   {apierrors.NewForbidden(kind, "ledger", errors.New("no role")), true, false},
		"doesn't work": {apierrors.NewInternalError(errors.New("etcd")), false, true},
	} {
		claim := ownership.Claim{Cluster: "here", Namespace: "shop", Name: "checkout", UID: "own", Namespaces: answering{err: c.err}}
		if got, err := claim.IsAlive(t.Context(), tags); got != c.want || (err != nil) != c.failed {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
}
