// Package template owns the CloudFormation template of a revision's stack and
// every name that is derived from an ImmutableDeployment: it converts a
// RevisionTemplate to JSON, and reads the record back from it. It is pure: the
// same input gives the same bytes.
//
// It imports the standard library, a library for JSON Patch, api/v1alpha1 and the
// plain types of internal/cloud; never an SDK of AWS or Kubernetes.
package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// Parameters of the template: numbers that may differ each time the same
// revision gets a stack.
const (
	// ParamDesiredCount is how many tasks the service starts with.
	ParamDesiredCount = "DesiredCount"
	// ParamMinCapacity and ParamMaxCapacity bound the number of tasks where the
	// template says how they are scaled.
	ParamMinCapacity = "MinCapacity"
	ParamMaxCapacity = "MaxCapacity"
	// ParamPreviewPriority is the preview rule's priority on the listener. A
	// worker's template doesn't have it.
	ParamPreviewPriority = "PreviewPriority"
)

// Outputs of the stack. A worker's has no target group and no preview rule.
const (
	// OutputTargetGroup is the target group's ARN.
	OutputTargetGroup = "TargetGroupArn"
	// OutputPreviewRule is the preview rule's ARN.
	OutputPreviewRule = "PreviewRuleArn"
	// OutputCluster is the name of the ECS cluster, whether it is the stack's
	// own or not.
	OutputCluster = "ClusterName"
	// OutputService is the name of the ECS service.
	OutputService = "ServiceName"
	// OutputTaskDefinition is the ARN of the ECS task definition.
	OutputTaskDefinition = "TaskDefinitionArn"
	// OutputLogGroup is the name of the stack's log group. There is none if no
	// container logs to it.
	OutputLogGroup = "LogGroupName"
)

// Logical IDs of the stack's resources.
const (
	LogicalService     = "Service"
	LogicalPreviewRule = "PreviewRule"
	LogicalTargetGroup = "TargetGroup"
	LogicalLogGroup    = "LogGroup"

	logicalCluster        = "Cluster"
	logicalSecurityGroup  = "SecurityGroup"
	logicalTaskDefinition = "TaskDefinition"
)

// EnvRevision is the environment variable in which every container finds the
// number of its revision. A container that sets this name itself, in
// environment or secrets, keeps its own.
const EnvRevision = "VIRIDIAN_REVISION"

// MaxBytes is CloudFormation's quota for a template that is passed in the
// CreateStack call itself.
const MaxBytes = 51_200

// Input is what a stack's template is built from.
type Input struct {
	// Namespace, Name and UID of the ImmutableDeployment.
	Namespace, Name, UID string
	// Revision is the revision's number.
	Revision int64
	// Template with its images pinned to digests. Optional fields that are not
	// set get the defaults of AWS: the API server has filled in those of
	// Viridian.
	Template v1alpha1.RevisionTemplate
	// Images as the user named them, for the record.
	Images []v1alpha1.FrozenImage
	// Configuration is what Template holds of the values that it refers to, and
	// Provenance where the revision comes from, for the record.
	Configuration *v1alpha1.FrozenConfiguration
	Provenance    *v1alpha1.Provenance
	// StopFirst is true if a task of the service is stopped before another one
	// replaces it, where the template says nothing of that: what Recreate is
	// chosen for may not run twice within a revision either.
	StopFirst bool
	// ListenerARN of the listener that gets the preview rule. Without it, the
	// stack is a worker's: nothing in it receives requests.
	ListenerARN string
	// PreviewToken is the value of the header by which the preview rule finds the
	// revision. It opens the way past the weights to whoever has it, so nobody
	// must be able to guess it.
	PreviewToken string
	// Conditions of the production rule, its actions before the last one, and
	// its transforms, which the preview rule repeats; none for a worker.
	Conditions []cloud.Condition
	Before     []cloud.Action
	Transforms []cloud.Transform
}

// Build returns the template as compact JSON. It fails if the input can't
// become a stack, whatever the state of AWS: a template above MaxBytes, a
// target without a listener or one that no container maps, containers that wait
// for each other, a preview rule that the load balancer would reject, a patch that
// can't be applied or changes what none may, or a dynamic reference.
func Build(in Input) (string, error) {
	doc, err := newDocument(in)
	if err != nil {
		return "", err
	}
	body, err := encode(doc)
	if held := in.Configuration; err == nil && len(body) > MaxBytes && held != nil {
		// What is held of each value matters less than what the template is.
		doc.Metadata.Revision.Configuration = &v1alpha1.FrozenConfiguration{State: held.State, SHA256: held.SHA256}
		body, err = encode(doc)
	}
	if err == nil && len(body) > MaxBytes {
		doc.Metadata = nil // the resources matter more than the record
		body, err = encode(doc)
	}
	if err != nil {
		return "", err
	}
	if err := checkDynamicReferences(body); err != nil {
		return "", err
	}
	if len(body) > MaxBytes {
		return "", fmt.Errorf("the stack's template would be %d bytes and CloudFormation takes %d: "+
			"shorten environment, command and healthCheck.command of spec.template.containers, "+
			"or move large values to Systems Manager parameters (secrets)", len(body), MaxBytes)
	}
	return string(body), nil
}

func newDocument(in Input) (document, error) {
	if err := errors.Join(checkOrder(in.Template.Containers), checkFrozen(in.Template.Containers)); err != nil {
		return document{}, err
	}
	doc := document{
		Version: "2010-09-09",
		Description: fmt.Sprintf("Revision %d of ImmutableDeployment %s/%s. "+
			"Viridian replaces this stack and never updates it.", in.Revision, in.Namespace, in.Name),
		Metadata: &metadata{Record{
			Template: in.Template, Images: in.Images, Configuration: in.Configuration, Provenance: in.Provenance, ListenerARN: in.ListenerARN,
		}},
		Parameters: map[string]parameter{
			ParamDesiredCount: {
				Type: "Number", MinValue: 0, MaxValue: 5000,
				Description: "Tasks that the service starts with.",
			},
		},
		Resources: map[string]resource{
			logicalTaskDefinition: taskDefinition(in),
		},
	}
	if in.Template.OwnInterface() {
		doc.Resources[logicalSecurityGroup] = securityGroup(in)
	}
	cluster := any(in.Template.Cluster)
	if in.Template.Cluster == "" {
		doc.Resources[logicalCluster] = ownCluster(in.Template)
		cluster = ref{logicalCluster}
	}
	doc.Outputs = map[string]output{
		OutputTaskDefinition: {"ECS task definition that the service runs.", ref{logicalTaskDefinition}},
		OutputCluster:        {"ECS cluster that runs the tasks.", cluster},
		OutputService:        {"ECS service that keeps the tasks running.", getAtt{[2]string{LogicalService, "Name"}}},
	}
	if slices.ContainsFunc(in.Template.Containers, func(c v1alpha1.Container) bool { return logsToStack(&c) }) {
		doc.Resources[LogicalLogGroup] = logGroup(in.Template)
		doc.Outputs[OutputLogGroup] = output{"Log group that the containers log to.", ref{LogicalLogGroup}}
	}
	target, err := receive(&doc, in)
	if err != nil {
		return document{}, err
	}
	doc.Resources[LogicalService] = service(in, cluster, target)
	scale(&doc, in, cluster)
	doc.Resources, err = patch(doc.Resources, in.Template.Patches)
	return doc, err
}

// checkFrozen rejects a variable whose value was not read: it would be empty.
func checkFrozen(containers []v1alpha1.Container) error {
	for _, c := range containers {
		for _, e := range c.Environment {
			if e.ValueFrom != nil {
				return fmt.Errorf("the value of %s in environment of container %s is not there: it has to be read from Systems Manager first", e.Name, c.Name)
			}
		}
	}
	return nil
}

// receive adds what routes requests to the tasks and returns the name of the
// container that gets them: "" for a worker, for which nothing is added.
func receive(doc *document, in Input) (string, error) {
	if in.ListenerARN == "" {
		return "", checkWorker(in.Template)
	}
	rule, err := previewRule(in)
	if err != nil {
		return "", err
	}
	target, err := targetContainer(in.Template)
	if err != nil {
		return "", err
	}
	doc.Parameters[ParamPreviewPriority] = parameter{
		Type: "Number", MinValue: 1, MaxValue: 50_000,
		Description: "Priority of the preview rule, free on the listener.",
	}
	doc.Resources[LogicalTargetGroup] = targetGroup(in)
	doc.Resources[LogicalPreviewRule] = rule
	doc.Outputs[OutputTargetGroup] = output{"Target group that the tasks register with.", ref{LogicalTargetGroup}}
	doc.Outputs[OutputPreviewRule] = output{"Listener rule that finds the revision by its header.", ref{LogicalPreviewRule}}
	return target, nil
}

// checkWorker rejects a template with a target, so that a missing listener
// never leads to a stack that can't serve.
func checkWorker(t v1alpha1.RevisionTemplate) error {
	if t.Target.ContainerPort == 0 && len(t.Network.LoadBalancerSecurityGroupIDs) == 0 {
		return nil
	}
	return errors.New("spec.template.target and spec.template.network.loadBalancerSecurityGroupIDs " +
		"need spec.traffic.loadBalancer: leave them out for a worker")
}

// encode writes compact JSON. Maps come sorted by key, everything else in the
// order of the structs.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	// An escaped <, > or & would count six bytes against MaxBytes.
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the stack's template: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

var dynamicReference = regexp.MustCompile(`(?i)\{\{\s*resolve\s*:[^"}]{0,80}`)

// checkDynamicReferences rejects {{resolve:…}}. CloudFormation replaces it
// wherever it occurs, with the permissions of the caller that creates the
// stack, and has no escape for it: a user could read any secret that the
// controller's role can read, and have it stored in plain text in the task
// definition.
func checkDynamicReferences(body []byte) error {
	found := dynamicReference.Find(body)
	if found == nil {
		return nil
	}
	return fmt.Errorf("spec holds the dynamic reference %q, which CloudFormation would replace "+
		"with the controller's permissions: use spec.template.containers[].secrets", found)
}
