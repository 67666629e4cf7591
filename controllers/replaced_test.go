package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/background"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// moved is AWS while the credentials are replaced by those of another account:
// right after whose they are was asked for the first time. Nothing is there.
type moved struct {
	cloud.Stacks
	cloud.Services
	cloud.Images
	asked int
}

func (m *moved) For(context.Context, cloud.Identity) (cloud.Clients, error) {
	return cloud.Clients{Callers: m, Stacks: m, Services: m, Images: m, Network: m, Roles: m}, nil
}

func (m *moved) Account(context.Context) (cloud.Account, error) {
	m.asked++
	if m.asked > 1 {
		return cloud.Account{ID: "999988887777", Region: "eu-west-1"}, nil
	}
	return cloud.Account{ID: "111122223333", Region: "eu-west-1"}, nil
}

func (m *moved) Describe(context.Context, string) (cloud.Stack, error) {
	return cloud.Stack{}, &cloud.Error{Kind: cloud.KindNotFound}
}

func (m *moved) List(context.Context) ([]cloud.StackSummary, error) { return nil, nil }

func (m *moved) Service(context.Context, string, string) (cloud.Service, error) {
	return cloud.Service{}, &cloud.Error{Kind: cloud.KindNotFound}
}

func (m *moved) Cluster(context.Context, string, cloud.Capacity) (cloud.Cluster, error) {
	return cloud.Cluster{}, &cloud.Error{Kind: cloud.KindNotFound}
}

func (m *moved) Subnets(context.Context, []string) (map[string]cloud.Subnet, error) { return nil, nil }

func (m *moved) SecurityGroups(context.Context, []string) (map[string]cloud.SecurityGroup, error) {
	return nil, nil
}

func (m *moved) Role(context.Context, string) (cloud.Role, error) {
	return cloud.Role{}, &cloud.Error{Kind: cloud.KindNotFound}
}

// What isn't found isn't gone if the credentials were replaced meanwhile.
func TestCredentialsReplacedWhileLooking(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer", UID: "1"}}
	imd.Status.Stable = 1
	imr := &v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mailer-1",
		Labels: map[string]string{v1alpha1.LabelDeployment: "mailer"}}}
	imr.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(imd, v1alpha1.GroupVersion.WithKind("ImmutableDeployment"))}
	imr.Spec.Revision, imr.Spec.StackState = 1, v1alpha1.StackPresent
	imr.Status.StackID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/viridian-shop-mailer-1/1"
	imr.Status.Phase, imr.Status.Outputs = v1alpha1.RevisionCreated, &v1alpha1.StackOutputs{}
	cluster := fake.NewClientBuilder().WithScheme(scheme).WithObjects(imd, imr).Build()
	for name, look := range map[string]func(Options) error{
		"deployment": func(o Options) error {
			r := &DeploymentReconciler{Options: o}
			_, err := r.observe(t.Context(), imd)
			return err
		},
		"revision": func(o Options) error {
			r := &RevisionReconciler{Options: o}
			_, err := r.observe(t.Context(), imr)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := look(Options{Client: cluster, Live: client.Reader(cluster), Cloud: &moved{}, Calls: background.New[rollout.Answer](1), Now: time.Now})
			refused, ok := errors.AsType[*refusal.Error](err)
			if !ok || refused.Reason != v1alpha1.ReasonWrongAccount {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The remedy follows from what the controller is given and what spec.aws says.
func TestMoving(t *testing.T) {
	a, b, c := cloud.Account{ID: "1", Region: "x"}, cloud.Account{ID: "2", Region: "x"}, cloud.Account{ID: "1", Region: "y"}
	for name, tt := range map[string]struct {
		from, to cloud.Account
		aws      v1alpha1.AWS
		want     string
	}{
		"account": {a, b, v1alpha1.AWS{Region: "x"},
			"Give the controller credentials of account 2, or create the ImmutableDeployment anew with a roleARN of account 2 in spec.aws"},
		"region": {a, c, v1alpha1.AWS{RoleARN: "arn:aws:iam::1:role/r"},
			"Give the controller AWS_REGION=y, or create the ImmutableDeployment anew with region: y in spec.aws"},
		"both": {b, c, v1alpha1.AWS{},
			"Give the controller credentials of account 1 and AWS_REGION=y, or create the ImmutableDeployment anew with a roleARN of account 1 and region: y in spec.aws"},
		"account of the role": {a, b, v1alpha1.AWS{RoleARN: "arn:aws:iam::1:role/r"},
			"Create the ImmutableDeployment anew with a roleARN of account 2 in spec.aws"},
		"region of spec": {a, c, v1alpha1.AWS{Region: "x"},
			"Create the ImmutableDeployment anew with region: y in spec.aws"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := moving(tt.from, tt.to, tt.aws); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
