package template

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// ecsSource makes the stack of an ECS service from its containers.
type ecsSource struct{}

// Images are those of the containers.
func (ecsSource) Images(t *v1alpha1.RevisionTemplate) []Image {
	images := make([]Image, 0, len(t.Containers))
	for i := range t.Containers {
		c := &t.Containers[i]
		images = append(images, Image{Name: c.Name, Of: "container " + c.Name, Ref: &c.Image})
	}
	return images
}

// Architecture is X86_64 in ECS unless the template says otherwise.
func (ecsSource) Architecture(t *v1alpha1.RevisionTemplate) string {
	if p := t.RuntimePlatform; p != nil && p.CPUArchitecture == "ARM64" {
		return "arm64"
	}
	return "amd64"
}

// Build is the package's.
func (ecsSource) Build(in Input) (string, error) { return Build(in) }

// Outputs are those that Build gives the stack.
func (ecsSource) Outputs(of map[string]string) *v1alpha1.StackOutputs {
	return &v1alpha1.StackOutputs{
		TargetGroupARN: of[OutputTargetGroup],
		PreviewRuleARN: of[OutputPreviewRule],
		Cluster:        of[OutputCluster],
		ServiceName:    of[OutputService],

		TaskDefinitionARN: of[OutputTaskDefinition],
	}
}

// ServiceID is the one that Build gives the service.
func (ecsSource) ServiceID() string { return LogicalService }

// failedChecks finds what ECS and the load balancer say of health checks that the
// load balancer makes: the reason of a task that was stopped, and the codes and
// texts of targets' health, as the references of both have them.
var failedChecks = regexp.MustCompile(`ELB health checks|Health checks failed|Target\.(Timeout|FailedHealthChecks|ResponseCodeMismatch)`)

// otherPlatform finds what ECS and container runtimes say of an image that isn't
// for the tasks' CPU, and exitsAtOnce what ECS says if only the log has that.
var (
	otherPlatform = regexp.MustCompile(`(?i)exec format error|descriptor (matching|for) platform|no matching manifest for`)
	exitsAtOnce   = regexp.MustCompile(`exit code 1\b`)
)

// noLogGroup finds what ECS says of a log group that doesn't exist.
var noLogGroup = regexp.MustCompile(`specified log group does not exist`)

// unassociated is what ECS says of a capacity provider that an existing cluster
// doesn't have.
const unassociated = "capacity provider that is not associated with the cluster"

// Explain names the cluster and the log groups, of which ECS says only that there
// are none, what the load balancer's health check asks, the platform of the tasks,
// and the patches that changed what failed.
func (s ecsSource) Explain(t *v1alpha1.RevisionTemplate, resource, failure string) string {
	if failure == "" {
		return ""
	}
	return s.explain(t, resource, failure) + explainPatches(t, resource)
}

func (s ecsSource) explain(t *v1alpha1.RevisionTemplate, resource, failure string) string {
	switch {
	case resource != LogicalService:
	case noLogGroup.MatchString(failure):
		return explainGroups(t)
	case otherPlatform.MatchString(failure):
		return fmt.Sprintf(" (its tasks run on linux/%s: push an image for that, docker buildx build --platform linux/%[1]s, or correct spec.template.runtimePlatform.cpuArchitecture)", s.Architecture(t))
	case strings.Contains(failure, mountFailure):
		return explainMount(t, failure)
	case strings.Contains(failure, unassociated):
		return fmt.Sprintf(" (add %s to cluster %s: aws ecs put-cluster-capacity-providers --cluster %[2]s --capacity-providers <those it has> %[1]s "+
			"--default-capacity-provider-strategy <the one it has, or []>; aws ecs describe-clusters --clusters %[2]s shows both)", providersOf(t), t.Cluster)
	case t.Cluster != "" && strings.Contains(failure, "Cluster not found"):
		return fmt.Sprintf(" (spec.template.cluster is %q)", t.Cluster)
	case t.Target.ContainerPort != 0 && failedChecks.MatchString(failure):
		return explainCheck(t)
	case exitsAtOnce.MatchString(failure):
		return fmt.Sprintf(" (if the log says \"exec format error\", the image is not for linux/%s, on which its tasks run: see spec.template.runtimePlatform.cpuArchitecture)", s.Architecture(t))
	}
	return ""
}
