package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DeploymentPolicy lists what the ImmutableDeployments of some namespaces may
// use in AWS. It belongs to the cluster's administrators. A namespace that no
// policy selects may use everything, unless the manager runs with
// --require-policy. One that policies select may use what any of them lists, and
// nothing else. A change of a policy decides about what is new: it takes away
// nothing that serves, and hinders no rollback, abort or deletion.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=dpol,categories=viridian
// +kubebuilder:printcolumn:name="Namespaces",type=string,JSONPath=`.spec.namespaceSelector`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type DeploymentPolicy struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the selected namespaces may use.
	// +required
	Spec DeploymentPolicySpec `json:"spec,omitzero"`
}

// DeploymentPolicyList is a list of DeploymentPolicies.
//
// +kubebuilder:object:root=true
type DeploymentPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DeploymentPolicy `json:"items"`
}

// DeploymentPolicySpec is what the selected namespaces may use. In every list, *
// stands for any characters, also for none: "*" alone lists all. What isn't
// listed may not be used.
type DeploymentPolicySpec struct {
	// namespaceSelector selects namespaces by their labels; {} selects all. The
	// label kubernetes.io/metadata.name is a namespace's name.
	// +required
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && size(e.values) > 0 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || size(e.values) == 0))",message="spec.namespaceSelector.matchExpressions have the operator In or NotIn with values, or Exists or DoesNotExist without"
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`

	// listeners on which rules may be created, by spec.traffic.loadBalancer.listenerARN.
	// One entry has to allow all of a rule.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Listeners []AllowedListener `json:"listeners,omitempty"`

	// ruleARNs are the rules that may be adopted, by
	// spec.traffic.loadBalancer.ruleARN, whatever their conditions are.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.ruleARNs are ARNs of listener rules, in which * stands for any characters, or * alone for all: arn:aws:elasticloadbalancing:<region>:<account>:listener-rule/app/..."
	// +listType=set
	RuleARNs []string `json:"ruleARNs,omitempty"`

	// clusters are the names of ECS clusters, for spec.template.cluster. A
	// cluster of the stack's own needs no entry.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-zA-Z0-9_*-]+$')",message="spec.clusters are names of ECS clusters, the part after cluster/ of their ARNs, in which * stands for any characters"
	// +listType=set
	Clusters []string `json:"clusters,omitempty"`

	// vpcIDs for spec.template.network.vpcID.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('vpc-')",message="spec.vpcIDs are IDs, vpc-..., or * for all"
	// +listType=set
	VPCIDs []string `json:"vpcIDs,omitempty"`

	// subnetIDs for spec.template.network.subnetIDs.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('subnet-')",message="spec.subnetIDs are IDs, subnet-..., or * for all"
	// +listType=set
	SubnetIDs []string `json:"subnetIDs,omitempty"`

	// securityGroupIDs that tasks may be given, by
	// spec.template.network.securityGroupIDs. Those of a load balancer need no
	// entry: they are only let in.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('sg-')",message="spec.securityGroupIDs are IDs, sg-..., or * for all"
	// +listType=set
	SecurityGroupIDs []string `json:"securityGroupIDs,omitempty"`

	// taskRoleARNs for spec.template.taskRoleARN.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.taskRoleARNs are ARNs of IAM roles, in which * stands for any characters, or * alone for all: arn:aws:iam::<account>:role/<name>"
	// +listType=set
	TaskRoleARNs []string `json:"taskRoleARNs,omitempty"`

	// executionRoleARNs for spec.template.executionRoleARN. Whoever may use a
	// role reads the secrets that it may read.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.executionRoleARNs are ARNs of IAM roles, in which * stands for any characters, or * alone for all: arn:aws:iam::<account>:role/<name>"
	// +listType=set
	ExecutionRoleARNs []string `json:"executionRoleARNs,omitempty"`

	// logGroups are the names of log groups in CloudWatch Logs that containers may
	// log to, by awslogs-group of logConfiguration.options, in any region. A log
	// group of the stack's own needs no entry.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Za-z0-9._/#*-]+$')",message="spec.logGroups are names of log groups, not ARNs, in which * stands for any characters: /ecs/shop/*"
	// +listType=set
	LogGroups []string `json:"logGroups,omitempty"`

	// roleARNs for spec.aws.roleARN. The annotation viridian.dev/allowed-role-arns
	// of the namespace, or the manager's flag, has to allow the role besides. Where
	// a policy lists roles, one of them has to be used, and not the controller's
	// own; "*" allows that, too.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.roleARNs are ARNs of IAM roles, in which * stands for any characters, or * alone for all: arn:aws:iam::<account>:role/<name>"
	// +listType=set
	RoleARNs []string `json:"roleARNs,omitempty"`

	// fileSystemIDs of Amazon EFS that tasks may mount, by
	// spec.template.volumes[].efsVolumeConfiguration.fileSystemID.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('fs-')",message="spec.fileSystemIDs are IDs, fs-..., or * for all"
	// +listType=set
	FileSystemIDs []string `json:"fileSystemIDs,omitempty"`

	// hostAccess is what containers on instances of EC2 may have of their instance,
	// and so of all that runs there: privileged, networkMode:host, pidMode:host,
	// ipcMode:host, capability:<name>, device:<hostPath>, securityOption:<option>,
	// volume:<host.sourcePath> and dockerVolume:<driver>. Nothing of it may be used
	// that isn't listed, and nothing of it exists on Fargate.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=1100
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([*]|privileged|(networkMode|pidMode|ipcMode):host|(capability|device|securityOption|volume|dockerVolume):.+)$')",message="spec.hostAccess has privileged, networkMode:host, pidMode:host, ipcMode:host, capability:<name>, device:<path>, securityOption:<option>, volume:<path> and dockerVolume:<driver>, in which * stands for any characters, or * alone for all"
	// +listType=set
	HostAccess []string `json:"hostAccess,omitempty"`

	// serviceRegistryARNs are the services of AWS Cloud Map that tasks may
	// register with, by spec.template.serviceRegistries: whoever asks for their
	// names is sent to those tasks.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.serviceRegistryARNs are ARNs of services of AWS Cloud Map, in which * stands for any characters, or * alone for all: arn:aws:servicediscovery:<region>:<account>:service/srv-..."
	// +listType=set
	ServiceRegistryARNs []string `json:"serviceRegistryARNs,omitempty"`

	// parameters of Systems Manager whose values may go into environment, by
	// valueFrom.ssm: their full names, or ARNs where they are named so. The
	// controller reads them with the role of spec.aws, or its own. What secrets
	// refer to is listed in secrets.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=1100
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^(arn:aws[a-z*-]*:ssm:.+|[a-zA-Z0-9_.*/-]+)$')",message="spec.parameters are names of parameters of Systems Manager, or their ARNs, in which * stands for any characters: /shop/production/*"
	// +listType=set
	Parameters []string `json:"parameters,omitempty"`

	// secrets that secrets and logConfiguration.secretOptions of containers may refer
	// to: ARNs of secrets of Secrets Manager, without JSON key, staging label and
	// version, and full names of parameters of Systems Manager, or ARNs where they
	// are named so. ECS reads their values, with the execution role; the controller
	// tells whether they exist, and their versions.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^(arn:aws[a-z*-]*:(secretsmanager|ssm):.+|[a-zA-Z0-9_.*/-]+)$') && !self.matches(':(secret:[^:]+|parameter/[^:]+):')",message="spec.secrets are ARNs of secrets of Secrets Manager, and names of parameters of Systems Manager or their ARNs, without JSON key, label and version, in which * stands for any characters: arn:aws:secretsmanager:<region>:<account>:secret:shop/*"
	// +listType=set
	Secrets []string `json:"secrets,omitempty"`

	// repositories in Amazon ECR that spec.imagePolicy.missingRepository: Create
	// may create, with their registry, such as
	// 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/*.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.matches('^[a-z0-9.*-]+/[a-z0-9._/*-]+$')",message="spec.repositories are repositories with their registry and without a tag, in which * stands for any characters: <account>.dkr.ecr.<region>.amazonaws.com/<name>"
	// +listType=set
	Repositories []string `json:"repositories,omitempty"`

	// webhookHosts are the hosts of webhooks that gates may call.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-zA-Z0-9._*-]+$')",message="spec.webhookHosts are host names without https://, port and path, in which * stands for any characters: hooks.example.com or *.example.com"
	// +listType=set
	WebhookHosts []string `json:"webhookHosts,omitempty"`

	// functionARNs are the Lambda functions that gates may call, with their
	// version or alias if spec.gates names one.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.functionARNs are ARNs of Lambda functions, in which * stands for any characters, or * alone for all: arn:aws:lambda:<region>:<account>:function:<name>"
	// +listType=set
	FunctionARNs []string `json:"functionARNs,omitempty"`

	// stateMachineARNs are the state machines of AWS Step Functions that gates
	// may start.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.stateMachineARNs are ARNs of state machines, in which * stands for any characters, or * alone for all: arn:aws:states:<region>:<account>:stateMachine:<name>"
	// +listType=set
	StateMachineARNs []string `json:"stateMachineARNs,omitempty"`
}

// AllowedListener is a listener on which rules may be created. What is left out
// isn't restricted.
type AllowedListener struct {
	// arn of the listener.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self == '*' || self.startsWith('arn:')",message="spec.listeners[].arn is the ARN of a listener, in which * stands for any characters, or * alone for all: arn:aws:elasticloadbalancing:<region>:<account>:listener/app/..."
	ARN string `json:"arn,omitempty"`

	// priorities that rules may have, and that spec.traffic.loadBalancer.previewPriorities
	// may name.
	// +optional
	Priorities PriorityRange `json:"priorities,omitzero"`

	// hosts that rules may match. Each value of a rule's host-header condition has
	// to match within one of them: a rule for *.example.com isn't within
	// shop.example.com, nor is a rule without that condition.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-zA-Z0-9._*?-]+$')",message="spec.listeners[].hosts are host names without https://, port and path, in which * stands for any characters: shop.example.com or *.shop.example.com"
	// +listType=set
	Hosts []string `json:"hosts,omitempty"`

	// paths that rules may match, in the same way by their path-pattern condition.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.startsWith('/') || self.startsWith('*')",message="spec.listeners[].paths begin with / or *, such as /shop/*"
	// +listType=set
	Paths []string `json:"paths,omitempty"`
}

// PriorityRange is a range of listener rule priorities, both ends included.
//
// +kubebuilder:validation:XValidation:rule="self.first <= self.last",message="priorities.first must not be greater than priorities.last"
type PriorityRange struct {
	// first priority of the range.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50000
	First int32 `json:"first,omitempty"`

	// last priority of the range.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50000
	Last int32 `json:"last,omitempty"`
}
