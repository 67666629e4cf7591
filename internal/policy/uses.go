package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/configuration"
	"github.com/viridian-dev/viridian/internal/wildcard"
)

// Lists of a DeploymentPolicy's spec.
const (
	listeners         = "listeners"
	ruleARNs          = "ruleARNs"
	clusters          = "clusters"
	vpcIDs            = "vpcIDs"
	subnetIDs         = "subnetIDs"
	securityGroupIDs  = "securityGroupIDs"
	taskRoleARNs      = "taskRoleARNs"
	executionRoleARNs = "executionRoleARNs"
	logGroups         = "logGroups"
	roleARNs          = "roleARNs"
	fileSystemIDs     = "fileSystemIDs"
	hostAccess        = "hostAccess"
	repositories      = "repositories"
	registryARNs      = "serviceRegistryARNs"
	parameters        = "parameters"
	secrets           = "secrets"
	webhookHosts      = "webhookHosts"
	functionARNs      = "functionARNs"
	stateMachineARNs  = "stateMachineARNs"
)

// listed are the lists of patterns. Listeners have patterns of their own.
var listed = map[string]func(*v1alpha1.DeploymentPolicySpec) []string{
	ruleARNs:          func(s *v1alpha1.DeploymentPolicySpec) []string { return s.RuleARNs },
	clusters:          func(s *v1alpha1.DeploymentPolicySpec) []string { return s.Clusters },
	vpcIDs:            func(s *v1alpha1.DeploymentPolicySpec) []string { return s.VPCIDs },
	subnetIDs:         func(s *v1alpha1.DeploymentPolicySpec) []string { return s.SubnetIDs },
	securityGroupIDs:  func(s *v1alpha1.DeploymentPolicySpec) []string { return s.SecurityGroupIDs },
	taskRoleARNs:      func(s *v1alpha1.DeploymentPolicySpec) []string { return s.TaskRoleARNs },
	executionRoleARNs: func(s *v1alpha1.DeploymentPolicySpec) []string { return s.ExecutionRoleARNs },
	logGroups:         func(s *v1alpha1.DeploymentPolicySpec) []string { return s.LogGroups },
	roleARNs:          func(s *v1alpha1.DeploymentPolicySpec) []string { return s.RoleARNs },
	fileSystemIDs:     func(s *v1alpha1.DeploymentPolicySpec) []string { return s.FileSystemIDs },
	hostAccess:        func(s *v1alpha1.DeploymentPolicySpec) []string { return s.HostAccess },
	registryARNs:      func(s *v1alpha1.DeploymentPolicySpec) []string { return s.ServiceRegistryARNs },
	parameters:        func(s *v1alpha1.DeploymentPolicySpec) []string { return s.Parameters },
	secrets:           func(s *v1alpha1.DeploymentPolicySpec) []string { return s.Secrets },
	repositories:      func(s *v1alpha1.DeploymentPolicySpec) []string { return s.Repositories },
	webhookHosts:      func(s *v1alpha1.DeploymentPolicySpec) []string { return s.WebhookHosts },
	functionARNs:      func(s *v1alpha1.DeploymentPolicySpec) []string { return s.FunctionARNs },
	stateMachineARNs:  func(s *v1alpha1.DeploymentPolicySpec) []string { return s.StateMachineARNs },
}

// use is something that a field of an ImmutableDeployment names, and the list of a
// policy that has to cover it.
type use struct{ field, list, value string }

// within tells whether a pattern covers a value, which may be a pattern itself.
// Host names are compared without regard to case.
func within(value string, patterns []string, isHost bool) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if isHost {
			return wildcard.Covers(strings.ToLower(pattern), strings.ToLower(value))
		}
		return wildcard.Covers(pattern, value)
	})
}

// usesOf lists what a spec names, but for its listener and the role by which AWS is
// called. A cluster of the stack's own, and the security groups that are only let
// in, are nobody else's loss.
func usesOf(spec *v1alpha1.ImmutableDeploymentSpec) []use {
	t := &spec.Template
	var out []use
	name := func(field, list string, values ...string) {
		for _, value := range values {
			if value != "" {
				out = append(out, use{field, list, value})
			}
		}
	}
	name("spec.traffic.loadBalancer.ruleARN", ruleARNs, spec.Traffic.LoadBalancer.RuleARN)
	name("spec.template.cluster", clusters, t.Cluster)
	name("spec.template.network.vpcID", vpcIDs, t.Network.VPCID)
	name("spec.template.network.subnetIDs", subnetIDs, t.Network.SubnetIDs...)
	name("spec.template.network.securityGroupIDs", securityGroupIDs, t.Network.SecurityGroupIDs...)
	name("spec.template.executionRoleARN", executionRoleARNs, t.ExecutionRoleARN)
	name("spec.template.taskRoleARN", taskRoleARNs, t.TaskRoleARN)
	for i := range t.Containers {
		if log := t.Containers[i].LogConfiguration; log != nil {
			name(fmt.Sprintf("spec.template.containers[%s].logConfiguration.options[awslogs-group]", t.Containers[i].Name), logGroups, string(log.Options["awslogs-group"]))
		}
	}
	for _, v := range t.Volumes {
		if v.EFSVolumeConfiguration != nil {
			name(fmt.Sprintf("spec.template.volumes[%s].efsVolumeConfiguration.fileSystemID", v.Name), fileSystemIDs, v.EFSVolumeConfiguration.FileSystemID)
		}
	}
	for _, registry := range t.ServiceRegistries {
		name("spec.template.serviceRegistries", registryARNs, registry.RegistryARN)
	}
	for _, r := range configuration.References(t) {
		list := secrets
		if r.In == v1alpha1.InEnvironment {
			list = parameters
		}
		name(r.Field(), list, r.Stored())
	}
	out = append(out, usesOfHost(t)...)
	for i := range spec.Gates {
		out = append(out, usesOfGate(&spec.Gates[i])...)
	}
	return out
}

// usesOfGate lists what a gate has called: nothing if it waits for a person.
func usesOfGate(gate *v1alpha1.Gate) []use {
	field := fmt.Sprintf("spec.gates[%s]", gate.Name)
	switch {
	case gate.Lambda != nil:
		return []use{{field + ".lambda.functionARN", functionARNs, gate.Lambda.FunctionARN}}
	case gate.StepFunctions != nil:
		return []use{{field + ".stepFunctions.stateMachineARN", stateMachineARNs, gate.StepFunctions.StateMachineARN}}
	case gate.Webhook != nil:
		return []use{{field + ".webhook.url", webhookHosts, gate.Webhook.Host()}}
	}
	return nil
}
