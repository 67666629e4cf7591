package policy_test

import (
	"fmt"
	"slices"
	"strings"
)

// estate is what somebody has in AWS: a namespace what Viridian made for its
// deployment checkout and what that uses, or others what has nothing to do with
// Viridian.
type estate struct {
	account string
	// namespace is that of the tags; others have none.
	namespace string
	// stack is what the names of stacks begin with, and path what those of roles
	// and repositories do.
	stack, path string
	// gate is what the names of functions and state machines begin with.
	gate string
	// cluster, listener and vpc are what services are put into.
	cluster, listener, vpc string
}

// tenant is the estate of a namespace that uses an account's shared cluster,
// listener and VPC.
func tenant(account, namespace, gate, cluster, listener string) estate {
	return estate{
		account: account, namespace: namespace, stack: "viridian-" + namespace + "-checkout-3-9e9591ef", path: namespace,
		gate: gate, cluster: cluster, listener: listener, vpc: "vpc-0a1b2c3d4e5f60718",
	}
}

// strangers is the estate of others in an account.
func strangers(account string) estate {
	return estate{
		account: account, stack: "network", path: "billing", gate: "delete-everything",
		cluster: "batch", listener: "billing/60dc6c495c0c9188/a2f7dc8efc522ab2", vpc: "vpc-11111111111111111",
	}
}

// resources are the ARNs of a kind, with the names of IAM's service authorization
// reference. A kind that begins with + isn't there yet, so it has no tags.
var resources = map[string]func(e estate) string{
	"stack":         func(e estate) string { return e.arn("cloudformation", "stack/"+e.stack+"/1e0d4f50") },
	"stack by name": func(e estate) string { return e.arn("cloudformation", "stack/"+e.stack+"/*") },
	"listener":      func(e estate) string { return e.arn("elasticloadbalancing", "listener/app/"+e.listener) },
	"rule": func(e estate) string {
		return e.arn("elasticloadbalancing", "listener-rule/app/"+e.listener+"/9683b2d02a6cabee")
	},
	"target group": func(e estate) string {
		return e.arn("elasticloadbalancing", "targetgroup/checkout-3-9e9591ef/73e2d6bc24d8a067")
	},
	"cluster":     func(e estate) string { return e.arn("ecs", "cluster/"+e.cluster) },
	"own cluster": func(e estate) string { return e.arn("ecs", "cluster/"+e.stack+"-Cluster-bX3") },
	"service":     func(e estate) string { return e.arn("ecs", "service/"+e.cluster+"/"+e.stack+"-Service-aB1") },
	"own service": func(e estate) string { return e.arn("ecs", "service/"+e.stack+"-Cluster-bX3/"+e.stack+"-Service-aB1") },
	"service deployment": func(e estate) string {
		return e.arn("ecs", "service-deployment/"+e.cluster+"/"+e.stack+"-Service-aB1/kP9")
	},
	"task":               func(e estate) string { return e.arn("ecs", "task/"+e.cluster+"/0a1b2c3d") },
	"container instance": func(e estate) string { return e.arn("ecs", "container-instance/"+e.cluster+"/*") },
	"task definition":    func(e estate) string { return e.arn("ecs", "task-definition/"+e.stack+":1") },
	"repository":         func(e estate) string { return e.arn("ecr", "repository/"+e.path+"/checkout") },
	// The last part is random: it doesn't tell the service.
	"scalable target": func(e estate) string {
		return e.arn("application-autoscaling", "scalable-target/0ec5a1b2c3d4e5f60718293a4b5c6d7e8f90")
	},
	"parameter":      func(e estate) string { return e.arn("ssm", "parameter/"+e.path+"/production/features") },
	"secret":         func(e estate) string { return e.arn("secretsmanager", "secret:"+e.path+"/db-AbCdEf") },
	"function":       func(e estate) string { return e.arn("lambda", "function:"+e.gate+"smoke-test") },
	"state machine":  func(e estate) string { return e.arn("states", "stateMachine:"+e.gate+"approve") },
	"execution":      func(e estate) string { return e.arn("states", "execution:"+e.gate+"approve:0a1b2c3d") },
	"security group": func(e estate) string { return e.arn("ec2", "security-group/sg-0a1b2c3d") },
	"vpc":            func(e estate) string { return e.arn("ec2", "vpc/"+e.vpc) },
	"log group":      func(e estate) string { return e.arn("logs", "log-group:"+e.stack+"-LogGroup-cY4") },
	"role":           func(e estate) string { return "arn:aws:iam::" + e.account + ":role/" + e.path + "/checkout" },
	"service-linked role": func(e estate) string {
		return "arn:aws:iam::" + e.account + ":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
	},
	"service-linked role of scaling": func(e estate) string {
		return "arn:aws:iam::" + e.account + ":role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
	},
	"alarm": func(e estate) string { return e.arn("cloudwatch", "alarm:"+e.stack+"-QueueAlarm-dZ5") },
	// Its name is Application Auto Scaling's.
	"tracking alarm": func(e estate) string {
		return e.arn("cloudwatch", "alarm:TargetTracking-service/"+e.cluster+"/"+e.stack+"-Service-aB1-AlarmHigh-0a1b2c3d")
	},
	"*": func(estate) string { return "*" },
}

// serviceOf is the service for which a kind of role is made.
var serviceOf = map[string]string{
	"service-linked role": "ecs.amazonaws.com", "service-linked role of scaling": "ecs.application-autoscaling.amazonaws.com",
}

// shared are kinds that Viridian doesn't make, so that they don't have its tags;
// nor do kinds whose tags IAM doesn't know.
var shared = []string{
	"listener", "cluster", "vpc", "role", "service-linked role", "service-linked role of scaling", "tracking alarm", "repository", "function", "state machine", "execution",
	"parameter", "secret",
	"scalable target", "service deployment", "container instance", "stack by name", "*",
}

func (e estate) arn(service, name string) string {
	return fmt.Sprintf("arn:aws:%s:eu-west-1:%s:%s", service, e.account, name)
}

// tags are Viridian's tags as condition keys begin: aws:RequestTag/ or
// aws:ResourceTag/.
func (e estate) tags(key string) []string {
	if e.namespace == "" {
		return nil
	}
	return []string{key + "viridian.dev/namespace", e.namespace, key + "viridian.dev/uid", "0b0b7a5e-7f65-4d0e-9a43-0f9b7c1d2e3f"}
}

// resource is a thing of a kind.
func (e estate) resource(kind string) resource {
	kind, isNew := strings.CutPrefix(kind, "+")
	r := resource{arn: resources[kind](e)}
	if !isNew && !slices.Contains(shared, kind) {
		r.facts = r.facts.with(e.tags("aws:ResourceTag/")...)
	}
	return r
}

// call is a request for an action on things of these kinds. With tags it has
// those of everything that Viridian makes.
func (e estate) call(action string, with usage, kinds ...string) request {
	r := request{action: action, facts: with.facts}
	if with.tagged {
		r.facts = r.facts.with(e.tags("aws:RequestTag/")...)
	}
	if with.clustered {
		r.facts = r.facts.with("ecs:cluster", e.resource("cluster").arn)
	}
	if with.throughCloudFormation {
		r.facts = r.facts.with("aws:CalledVia", "cloudformation.amazonaws.com")
	}
	for _, kind := range kinds {
		r.resources = append(r.resources, e.resource(kind))
		if service := serviceOf[kind]; service != "" {
			r.facts = r.facts.with("iam:AWSServiceName", service)
		}
	}
	return r
}

// usage is what is known of a call besides what it is about.
type usage struct {
	// tagged calls give what they make the tags of its owner.
	tagged bool
	// clustered calls have ecs:cluster.
	clustered             bool
	throughCloudFormation bool
	facts                 facts
}
