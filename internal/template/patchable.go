package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// place is where patches may change something, or not. A place with none of the
// fields below stays as it was built.
type place struct {
	// fields of an object, each of which may be changed as its own place says.
	// Others stay as they are.
	fields map[string]place
	// each is what may be changed of the elements of a list. Their number and order
	// stay as they are.
	each *place
	// free may hold any value of this shape, or none.
	free *shape
}

// shape is what a value may look like: a string, number or boolean, unless it is a
// list or an object. An object with other keys doesn't fit, so none can be an
// intrinsic function.
type shape struct {
	list   *shape
	object map[string]shape
}

var scalar = shape{}

func free(s shape) place { return place{free: &s} }

func listOf(s shape) place { return free(shape{list: &s}) }

func inProperties(fields map[string]place) place {
	return place{fields: map[string]place{"Properties": {fields: fields}}}
}

// patchable is what patches may change. What belongs here is what no field of the
// API says, the controller doesn't rely on, and no policy restricts. It may
// name nothing that is somebody else's: no role, network, log group, file system
// or secret.
var patchable = place{fields: map[string]place{"Resources": {fields: map[string]place{
	logicalCluster: inProperties(map[string]place{
		"ClusterSettings": listOf(shape{object: map[string]shape{"Name": scalar, "Value": scalar}}),
		"Configuration": free(shape{object: map[string]shape{
			"ExecuteCommandConfiguration": {object: map[string]shape{"KmsKeyId": scalar}},
			"ManagedStorageConfiguration": {object: map[string]shape{"FargateEphemeralStorageKmsKeyId": scalar, "KmsKeyId": scalar}},
		}}),
	}),
	LogicalLogGroup: inProperties(map[string]place{
		"FieldIndexPolicies": listOf(shape{object: map[string]shape{"Fields": {list: &scalar}}}),
		"KmsKeyId":           free(scalar),
		"LogGroupClass":      free(scalar),
	}),
	logicalSecurityGroup: inProperties(map[string]place{
		// By default everything is allowed, so this can only be less.
		"SecurityGroupEgress": listOf(shape{object: map[string]shape{
			"CidrIp": scalar, "CidrIpv6": scalar, "Description": scalar, "FromPort": scalar, "IpProtocol": scalar, "ToPort": scalar,
		}}),
	}),
	LogicalService: inProperties(map[string]place{
		"DeploymentConfiguration": {fields: map[string]place{"DeploymentCircuitBreaker": {fields: map[string]place{
			"ThresholdConfiguration": free(shape{object: map[string]shape{"Type": scalar, "Value": scalar}}),
		}}}},
	}),
	logicalTaskDefinition: inProperties(map[string]place{
		// Containers have fields for all that may be changed: none of theirs is
		// here, but messages name the field to use.
		"ContainerDefinitions": {each: &place{fields: map[string]place{}}},
		"EnableFaultInjection": free(scalar),
	}),
}}}}

// absent is a value that isn't there.
type absent struct{}

// change is the path of the first change, from was to is, that patches may not
// make at this place; "" if there is none.
func (p place) change(at string, was, is any) string {
	if reflect.DeepEqual(was, is) {
		return ""
	}
	switch {
	case p.free != nil && is != (absent{}):
		return p.free.misfit(at, is)
	case p.free != nil:
		return ""
	case p.each != nil:
		return p.changeOfList(at, was, is)
	case p.fields != nil:
		return p.changeOfObject(at, was, is)
	}
	return at
}

func (p place) changeOfObject(at string, was, is any) string {
	before, wasObject := was.(map[string]any)
	after, isObject := is.(map[string]any)
	if !wasObject || !isObject {
		return at
	}
	keys := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if found := p.fields[key].change(at+"/"+key, valueOf(before, key), valueOf(after, key)); found != "" {
			return found
		}
	}
	return ""
}

func (p place) changeOfList(at string, was, is any) string {
	before, wasList := was.([]any)
	after, isList := is.([]any)
	if !wasList || !isList || len(before) != len(after) {
		return at
	}
	for i := range before {
		if found := p.each.change(at+"/"+strconv.Itoa(i), before[i], after[i]); found != "" {
			return found
		}
	}
	return ""
}

func valueOf(object map[string]any, key string) any {
	if value, ok := object[key]; ok {
		return value
	}
	return absent{}
}

// misfit is the path of the first value that doesn't have the shape; "" if all
// have.
func (s shape) misfit(at string, value any) string {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			field, known := s.object[key]
			if !known {
				return at + "/" + key
			}
			if found := field.misfit(at+"/"+key, value[key]); found != "" {
				return found
			}
		}
		return misfitUnless(s.object != nil, at)
	case []any:
		for i := range value {
			if s.list == nil {
				break
			}
			if found := s.list.misfit(at+"/"+strconv.Itoa(i), value[i]); found != "" {
				return found
			}
		}
		return misfitUnless(s.list != nil, at)
	case string, json.Number, bool:
		return misfitUnless(s.list == nil && s.object == nil, at)
	}
	return at
}

func misfitUnless(fits bool, at string) string {
	if fits {
		return ""
	}
	return at
}

// notPatchable says why a patch may not change a place, and what to do instead.
func notPatchable(built map[string]any, p *v1alpha1.Patch, at string) error {
	what := "it"
	if at != p.Path {
		what = at
	}
	parts := strings.Split(at, "/")
	id := resourceIn(at)
	if _, exists := fieldOf(built, "Resources", id); !exists {
		return errors.New(noResource(id))
	}
	if len(parts) < 5 || parts[3] != "Properties" {
		return fmt.Errorf("patches may not change %s, only properties of a resource: correct path", what)
	}
	return fmt.Errorf("patches may not change %s: %s", what, insteadOf(id, parts[4:]))
}

// noResource is about a resource that isn't in the stack.
func noResource(id string) string {
	switch id {
	case "":
		return "patches change the Properties of a resource: begin path with /Resources/<name>/Properties/"
	case logicalCluster:
		return "the stack has no cluster of its own: leave the patch out, or spec.template.cluster"
	case LogicalLogGroup:
		return "no container logs to a log group of the stack: leave the patch out, or awslogs-group of logConfiguration"
	}
	return "the stack has no resource of that name, and patches add none: " +
		"make what lives longer than a revision outside, and leave the patch out"
}

// Remedies for what patches may not change.
const (
	remedyName  = "leave it out: names are made for each revision, since a second stack could not exist beside the first"
	remedyOther = "it is not among the properties that docs/patches.md lists: leave the patch out"
)

// instead are the fields to use, by resource and property. Those of
// containers follow from the API.
var instead = map[string]map[string]string{
	logicalCluster: {
		"CapacityProviders": "capacityProviderStrategy", "DefaultCapacityProviderStrategy": "capacityProviderStrategy",
		"ServiceConnectDefaults": "serviceConnectConfiguration",
	},
	LogicalLogGroup: {"RetentionInDays": "logRetentionDays"},
	logicalSecurityGroup: {
		"SecurityGroupIngress": "network.loadBalancerSecurityGroupIDs, or a group of spec.template.network.securityGroupIDs",
		"SecurityGroupEgress":  "network.securityGroupIDs for rules about groups and prefix lists", "VpcId": "network.vpcID",
	},
	LogicalService: {
		"AvailabilityZoneRebalancing": "availabilityZoneRebalancing", "CapacityProviderStrategy": "capacityProviderStrategy", "Cluster": "cluster",
		"DeploymentConfiguration": "deploymentConfiguration", "EnableExecuteCommand": "enableExecuteCommand",
		"HealthCheckGracePeriodSeconds": "target.healthCheckGracePeriodSeconds, or for a worker spec.template.healthCheckGracePeriodSeconds", "LaunchType": "capacityProviderStrategy", "LoadBalancers": "target",
		"NetworkConfiguration": "network", "PlatformVersion": "platformVersion", "ServiceConnectConfiguration": "serviceConnectConfiguration",
		"ServiceRegistries": "serviceRegistries",
	},
	LogicalTargetGroup: {
		"HealthCheckIntervalSeconds": "target.healthCheck", "HealthCheckPath": "target.healthCheck", "HealthCheckPort": "target.healthCheck",
		"HealthCheckProtocol": "target.healthCheck", "HealthCheckTimeoutSeconds": "target.healthCheck", "HealthyThresholdCount": "target.healthCheck",
		"Matcher": "target.healthCheck", "Port": "target.containerPort", "Protocol": "target.protocol", "ProtocolVersion": "target.protocolVersion",
		"TargetGroupAttributes": "target", "UnhealthyThresholdCount": "target.healthCheck", "VpcId": "network.vpcID",
	},
	logicalTaskDefinition: {
		"Cpu": "cpu", "EphemeralStorage": "ephemeralStorage", "ExecutionRoleArn": "executionRoleARN", "Memory": "memory", "PidMode": "pidMode",
		"RuntimePlatform": "runtimePlatform", "TaskRoleArn": "taskRoleARN", "Volumes": "volumes",
	},
}

// namesOf are properties that name a resource.
var namesOf = []string{"ClusterName", "Family", "GroupName", "LogGroupName", "Name", "ServiceName"}

// insteadOf says what to do instead of a patch of a resource's property.
func insteadOf(id string, property []string) string {
	const use = "use spec.template."
	switch first := property[0]; {
	case id == LogicalPreviewRule:
		return "the preview rule does with requests what the production rule does: change spec.traffic.loadBalancer"
	case slices.Contains(namesOf, first):
		return remedyName
	case first == "Tags":
		return use + "tags"
	case id == LogicalService && first == "DesiredCount":
		return "use spec.desiredCount"
	case id == logicalTaskDefinition && first == "ContainerDefinitions":
		return insteadOfContainer(property[1:])
	case instead[id][first] != "":
		return use + instead[id][first]
	}
	return remedyOther
}

// insteadOfContainer says what to do instead of a patch of a container. Fields of
// containers have the names that properties have, but for the case of letters.
func insteadOfContainer(property []string) string {
	if len(property) < 2 {
		return "use spec.template.containers"
	}
	for field := range reflect.TypeFor[v1alpha1.Container]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); strings.EqualFold(name, property[1]) {
			return "use " + name + " of spec.template.containers"
		}
	}
	return remedyOther
}
