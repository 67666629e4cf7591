package controllers

import (
	"context"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// formation is an account with some stacks, which notes what is asked of it.
type formation struct {
	cloud.Stacks
	stacks []cloud.Stack
	// asked are the calls that change something, and lists how often all stacks
	// were listed.
	asked []string
	lists int
	// refusal is the answer to the creation of a stack; nil makes none.
	refusal error
}

func (f *formation) For(context.Context, cloud.Identity) (cloud.Clients, error) {
	return f.clients(), nil
}

func (f *formation) clients() cloud.Clients { return cloud.Clients{Stacks: f, Callers: f} }

func (*formation) Account(context.Context) (cloud.Account, error) { return cloud.Account{}, nil }

func (f *formation) Describe(_ context.Context, nameOrID string) (cloud.Stack, error) {
	for _, s := range f.stacks {
		if s.ID == nameOrID || s.Name == nameOrID && s.Status != cloud.StackDeleteComplete {
			return s, nil
		}
	}
	return cloud.Stack{}, &cloud.Error{Kind: cloud.KindNotFound}
}

func (f *formation) List(context.Context) (out []cloud.StackSummary, err error) {
	f.lists++
	for _, s := range f.stacks {
		out = append(out, cloud.StackSummary{ID: s.ID, Name: s.Name, Status: s.Status})
	}
	return out, nil
}

func (f *formation) Create(_ context.Context, in cloud.CreateStack) (string, error) {
	f.asked = append(f.asked, "create "+in.Name)
	return "id of " + in.Name, f.refusal
}

func (f *formation) Protect(_ context.Context, stackID string, on bool) error {
	f.asked = append(f.asked, fmt.Sprintf("protect %s: %t", stackID, on))
	return nil
}

func (f *formation) Delete(_ context.Context, in cloud.DeleteStack) error {
	f.asked = append(f.asked, "delete "+in.StackID)
	return nil
}

// clusterOf is a cluster with some objects.
func clusterOf(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithStatusSubresource(&v1alpha1.ImmutableDeployment{}, &v1alpha1.ImmutableRevision{}).Build()
}

// unheard records events that nobody reads.
func unheard() events.EventRecorder { return &events.FakeRecorder{} }
