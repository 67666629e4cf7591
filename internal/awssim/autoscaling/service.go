package autoscaling

import (
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// The namespace and the dimension that are simulated.
const (
	namespace = "ecs"
	dimension = "ecs:service:DesiredCount"
)

// Quotas (user guide, "Quotas for Application Auto Scaling").
const (
	maxTargets   = 3000
	maxPolicies  = 50
	maxSchedules = 200
	maxSteps     = 20
)

// Service is Application Auto Scaling in one account and region. All methods expect
// the world's lock to be held.
type Service struct {
	world    *core.World
	services *ecs.Service
	alarms   *cloudwatch.Service
	// targets are in order of their registration.
	targets    []*target
	activities []Activity
}

// New returns Application Auto Scaling without targets.
func New(w *core.World, services *ecs.Service, alarms *cloudwatch.Service) *Service {
	s := &Service{world: w, services: services, alarms: alarms}
	services.OnDelete(s.serviceDeleted)
	alarms.OnAction(s.invoked)
	return s
}

// SigningName implements core.JSONService.
func (s *Service) SigningName() string { return "application-autoscaling" }

// TargetPrefix implements core.JSONService.
func (s *Service) TargetPrefix() string { return "AnyScaleFrontendService" }

// JSON implements core.JSONService.
func (s *Service) JSON() map[string]core.JSONFunc {
	return map[string]core.JSONFunc{
		"RegisterScalableTarget":    core.Action(s.registerScalableTarget),
		"DeregisterScalableTarget":  core.Action(s.deregisterScalableTarget),
		"DescribeScalableTargets":   core.Action(s.describeScalableTargets),
		"PutScalingPolicy":          core.Action(s.putScalingPolicy),
		"DeleteScalingPolicy":       core.Action(s.deleteScalingPolicy),
		"DescribeScalingPolicies":   core.Action(s.describeScalingPolicies),
		"PutScheduledAction":        core.Action(s.putScheduledAction),
		"DeleteScheduledAction":     core.Action(s.deleteScheduledAction),
		"DescribeScheduledActions":  core.Action(s.describeScheduledActions),
		"DescribeScalingActivities": core.Action(s.describeScalingActivities),
	}
}

func invalid(format string, args ...any) error {
	return core.Errorf("ValidationException", format, args...)
}

// invalidMember is a value that the API's model refuses.
func invalidMember(value any, member, constraint string) error {
	return invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}

func notFound(format string, args ...any) error {
	return core.Errorf("ObjectNotFoundException", format, args...)
}

// resource names a scalable target.
type resource struct {
	ServiceNamespace  string
	ResourceId        string
	ScalableDimension string
}

func (r resource) String() string {
	return fmt.Sprintf("service namespace: %s, resource ID: %s, scalable dimension: %s", r.ServiceNamespace, r.ResourceId, r.ScalableDimension)
}

// parse finds the names of cluster and service.
func (r resource) parse() (cluster, service string, err error) {
	if err := checkNamespace(r.ServiceNamespace); err != nil {
		return "", "", err
	}
	switch {
	case r.ResourceId == "":
		return "", "", invalidMember("", "resourceId", "Member must have length greater than or equal to 1")
	case r.ScalableDimension == "":
		return "", "", invalidMember("", "scalableDimension", "Member must not be null")
	}
	parts := strings.Split(r.ResourceId, "/")
	if r.ScalableDimension != dimension || len(parts) != 3 || slices.Contains(parts, "") || parts[0] != "service" {
		return "", "", invalid("Unsupported service namespace, resource type or scalable dimension")
	}
	return parts[1], parts[2], nil
}

// namespaces are those that AWS has besides.
var namespaces = []string{
	"elasticmapreduce", "ec2", "appstream", "dynamodb", "rds", "sagemaker", "custom-resource", "comprehend",
	"lambda", "cassandra", "kafka", "elasticache", "neptune", "workspaces",
}

func checkNamespace(name string) error {
	switch {
	case name == namespace:
		return nil
	case slices.Contains(namespaces, name):
		return invalid("The service namespace %s is not simulated, only %s is", name, namespace)
	default:
		return invalidMember(name, "serviceNamespace", "Member must satisfy enum value set: ["+namespace+", "+strings.Join(namespaces, ", ")+"]")
	}
}

// listing is what all calls that list have.
type listing struct {
	ServiceNamespace  string
	ScalableDimension string
	MaxResults        *int
	NextToken         string
}

const maxPage = 50

func (in listing) check() error {
	if err := checkNamespace(in.ServiceNamespace); err != nil {
		return err
	}
	switch {
	case in.ScalableDimension != "" && in.ScalableDimension != dimension:
		return invalid("Unsupported service namespace, resource type or scalable dimension")
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > maxPage):
		return invalidMember(*in.MaxResults, "maxResults", fmt.Sprintf("Member must have value between 1 and %d", maxPage))
	}
	return nil
}

// checkIDs refuses too many names of what is asked for.
func checkIDs(ids []string, member string) error {
	if len(ids) > maxPage {
		return invalidMember("["+strings.Join(ids, ", ")+"]", member, fmt.Sprintf("Member must have length less than or equal to %d", maxPage))
	}
	return nil
}

// page cuts a page out of all items. A token is the number of the first item.
func page[T any](in listing, all []T) (items []T, next string, err error) {
	from, size := 0, maxPage
	if in.NextToken != "" {
		if _, err := fmt.Sscanf(in.NextToken, "from:%d", &from); err != nil || from < 1 {
			return nil, "", core.Errorf("InvalidNextTokenException", "The next token is invalid")
		}
	}
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	all = all[min(from, len(all)):]
	if len(all) > size {
		return all[:size], fmt.Sprintf("from:%d", from+size), nil
	}
	return append([]T{}, all...), "", nil
}
