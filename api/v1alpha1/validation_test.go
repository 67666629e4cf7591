package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// worker takes no requests.
func worker() v1alpha1.ImmutableDeploymentSpec {
	return v1alpha1.ImmutableDeploymentSpec{
		Template: v1alpha1.RevisionTemplate{
			Containers: []v1alpha1.Container{{
				Name: "app", Image: "checkout:1", PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}},
			}},
			CPU:              "256",
			Memory:           "512",
			ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
			Network: v1alpha1.Network{
				VPCID: "vpc-0a1b2c3d", SubnetIDs: []string{"subnet-0a1b2c3d", "subnet-1a2b3c4d"},
			},
		},
		Strategy: v1alpha1.Strategy{Type: v1alpha1.StrategyBlueGreen},
	}
}

// behindLoadBalancer turns a worker into an application.
func behindLoadBalancer(s *v1alpha1.ImmutableDeploymentSpec) {
	addTarget(s)
	addGroups(s)
	addListener(s)
}

func addTarget(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.Target.ContainerPort = 8080 }

func addGroups(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Template.Network.LoadBalancerSecurityGroupIDs = []string{"sg-0a1b2c3d"}
}

func addListener(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Traffic.LoadBalancer = v1alpha1.LoadBalancer{
		ListenerARN: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/0123456789abcdef/fedcba9876543210",
		Priority:    new(int32(100)),
		Conditions:  []v1alpha1.RuleCondition{{Field: "host-header", Values: []string{"checkout.example.com"}}},
	}
}

// A load balancer, a target and the load balancer's security groups go
// together or not at all, and an application stays what it is.
func TestWorkersAndApplications(t *testing.T) {
	type edit = func(*v1alpha1.ImmutableDeploymentSpec)
	const (
		needs   = "spec.traffic.loadBalancer needs spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs"
		without = "a worker without spec.traffic.loadBalancer takes no requests: leave out"
		fixed   = "spec.traffic.loadBalancer can't be added, removed or changed"
	)
	tests := map[string]struct {
		create []edit
		// update, if there is one, is made to what was created.
		update edit
		// want is part of the refusal of the last of the two; "" is none.
		want string
	}{
		"worker":                    {},
		"worker with a policy":      {create: []edit{func(s *v1alpha1.ImmutableDeploymentSpec) { s.Traffic.OnDrift = v1alpha1.DriftEnforce }}},
		"worker with a target":      {create: []edit{addTarget}, want: without},
		"worker with groups":        {create: []edit{addGroups}, want: without},
		"application":               {create: []edit{behindLoadBalancer}},
		"application with nothing":  {create: []edit{addListener}, want: needs},
		"application, no groups":    {create: []edit{addListener, addTarget}, want: needs},
		"application, no target":    {create: []edit{addListener, addGroups}, want: needs},
		"worker changes":            {update: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.Memory = "1024" }},
		"worker gets a listener":    {update: behindLoadBalancer, want: fixed},
		"application changes":       {create: []edit{behindLoadBalancer}, update: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.Memory = "1024" }},
		"application becomes other": {create: []edit{behindLoadBalancer}, update: func(s *v1alpha1.ImmutableDeploymentSpec) { *s = worker() }, want: fixed},
		"application moves": {
			create: []edit{behindLoadBalancer},
			update: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Traffic.LoadBalancer.Priority = new(int32(101)) },
			want:   fixed,
		},
		"application without previews": {
			create: []edit{behindLoadBalancer},
			update: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Traffic.LoadBalancer.Preview = v1alpha1.PreviewNone },
		},
		"target that no container maps": {
			create: []edit{behindLoadBalancer},
			update: func(s *v1alpha1.ImmutableDeploymentSpec) { s.Template.Target.ContainerPort = 81 },
			want:   "spec.template.target must name a container and a containerPort",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			imd := &v1alpha1.ImmutableDeployment{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "checkout-"}, Spec: worker(),
			}
			for _, f := range tc.create {
				f(&imd.Spec)
			}
			err := api.Create(t.Context(), imd)
			if tc.update != nil && err == nil {
				tc.update(&imd.Spec)
				err = api.Update(t.Context(), imd)
			}
			if got := fmt.Sprint(err); err == nil != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %q", got, tc.want)
			}
		})
	}
}

// The defaults of a target and of a listener must not create them.
func TestWorkerIsStoredAsWritten(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "stored"}, Spec: worker()}
	if err := api.Create(t.Context(), imd); err != nil {
		t.Fatal(err)
	}
	if s := imd.Spec; s.Template.Target.ContainerPort != 0 || s.Template.Target.HealthCheck.Path != "" ||
		s.Traffic.OnDrift != "" || s.Traffic.LoadBalancer.PreviewPriorities.First != nil {
		t.Errorf("stored is %+v, %+v", s.Traffic, s.Template.Target)
	}
}

func TestRevisionIsFrozen(t *testing.T) {
	tests := map[string]struct {
		edit func(*v1alpha1.ImmutableRevisionSpec)
		want string
	}{
		"state and count": {edit: func(s *v1alpha1.ImmutableRevisionSpec) {
			s.StackState, s.DesiredCount = v1alpha1.StackAbsent, new(int32(0))
		}},
		"bounds of its scaling": {edit: func(s *v1alpha1.ImmutableRevisionSpec) { s.Scaling = &v1alpha1.Scaling{Min: 1, Max: 3} }},
		"count gone":            {edit: func(s *v1alpha1.ImmutableRevisionSpec) { s.DesiredCount = nil }},
		"count below zero": {
			edit: func(s *v1alpha1.ImmutableRevisionSpec) { s.DesiredCount = new(int32(-1)) },
			want: "should be greater than or equal to 0",
		},
		"template": {
			edit: func(s *v1alpha1.ImmutableRevisionSpec) { s.Frozen.Template.CPU = "512" },
			want: "an ImmutableRevision can't change",
		},
		"value of a patch": {
			edit: func(s *v1alpha1.ImmutableRevisionSpec) {
				s.Frozen.Template.Patches[0].Value = json.RawMessage(`{"Type": "COUNT", "Value": 6}`)
			},
			want: "an ImmutableRevision can't change",
		},
		"listener": {
			edit: func(s *v1alpha1.ImmutableRevisionSpec) { s.Frozen.ListenerARN = "arn:x" },
			want: "an ImmutableRevision can't change",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			imr := &v1alpha1.ImmutableRevision{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "worker-"},
				Spec: v1alpha1.ImmutableRevisionSpec{
					Revision: 1, StackName: "viridian-worker-1", StackState: v1alpha1.StackPresent, DesiredCount: new(int32(2)),
					Frozen: v1alpha1.FrozenRevision{
						TemplateHash: strings.Repeat("0", 64), Template: patched(), TemplateBody: "{}",
					},
				},
			}
			if err := api.Create(t.Context(), imr); err != nil {
				t.Fatal(err)
			}
			tc.edit(&imr.Spec)
			err := api.Update(t.Context(), imr)
			if got := fmt.Sprint(err); err == nil != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %q", got, tc.want)
			}
		})
	}
}

// A new object must not look current: kstatus considers one without
// status.observedGeneration and conditions to be current.
func TestNewIsUnobserved(t *testing.T) {
	imd := &v1alpha1.ImmutableDeployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "unobserved"},
		Spec:       worker(),
	}
	if err := api.Create(t.Context(), imd); err != nil {
		t.Fatal(err)
	}
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(imd), imd); err != nil {
		t.Fatal(err)
	}
	if imd.Status.ObservedGeneration != -1 {
		t.Errorf("status of a new object: %+v", imd.Status)
	}
}
