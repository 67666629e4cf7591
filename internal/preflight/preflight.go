// Package preflight owns what a revision's stack needs in AWS before it is made,
// and the sentences about what is missing. CloudFormation would find one thing
// at a time, each in a stack that fails. It is pure: what it judges was read by
// its callers.
//
// It imports the API, internal/{cloud,rollout}.
package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/rollout"
)

// Report is what was found, and what could not be looked at.
type Report struct {
	// Findings are what is missing or doesn't fit.
	Findings []rollout.Blocked
	// Unchecked are what wasn't looked at for lack of a permission or of an answer.
	Unchecked []string
}

// Find adds a finding.
func (r *Report) Find(problem, remedy string) {
	r.Findings = append(r.Findings, rollout.Blocked{Reason: v1alpha1.ReasonPreflightFailed, Message: problem, Remedy: remedy})
}

// Skip notes what was not looked at if the error is that a permission is
// missing, which is no reason not to make the stack. It returns any other error.
func (r *Report) Skip(what string, err error) error {
	if cloud.KindOf(err) != cloud.KindDenied {
		return err
	}
	r.Unchecked = append(r.Unchecked, what)
	return nil
}

// SkipOptional is the same for services that nothing else asks, Amazon EC2 and
// IAM: a network may have no way to them, so one that doesn't answer is left out,
// too.
func (r *Report) SkipOptional(what string, err error) error {
	if cloud.KindOf(err) != cloud.KindTransient {
		return r.Skip(what, err)
	}
	r.Unchecked = append(r.Unchecked, what)
	return nil
}

// Add adds another report.
func (r *Report) Add(other Report) {
	r.Findings = append(r.Findings, other.Findings...)
	r.Unchecked = append(r.Unchecked, other.Unchecked...)
}

// Prerequisites are the report in terms of a decision: all that is missing at
// once, numbered like the remedies.
func (r *Report) Prerequisites() rollout.Prerequisites {
	out := rollout.Prerequisites{Unchecked: strings.Join(r.Unchecked, ", ")}
	switch n := len(r.Findings); n {
	case 0:
	case 1:
		out.Missing = &r.Findings[0]
	default:
		problems, remedies := make([]string, n), make([]string, n)
		for i, f := range r.Findings {
			problems[i] = fmt.Sprintf("(%d) %s", i+1, f.Message)
			remedies[i] = fmt.Sprintf("(%d) %s", i+1, f.Remedy)
		}
		out.Missing = &rollout.Blocked{
			Reason:  v1alpha1.ReasonPreflightFailed,
			Message: fmt.Sprintf("%d things are missing: %s", n, strings.Join(problems, "; ")),
			Remedy:  strings.Join(remedies, "; "),
		}
	}
	return out
}

// Entry is where requests to the tasks come from. The zero value is a worker's.
type Entry struct {
	// Name such as "the load balancer shop", for sentences.
	Name  string
	VPCID string
	// Zones that it reaches tasks in.
	Zones []string
	// SecurityGroupIDs are those that it has.
	SecurityGroupIDs []string
	// EnableZone is the command that has it reach tasks in another zone.
	EnableZone string
}

// Groups are the security groups that the network of a template names.
func Groups(n *v1alpha1.Network) []string {
	return slices.Concat(n.LoadBalancerSecurityGroupIDs, n.SecurityGroupIDs)
}

// Subnets judges the subnets of a template by those that exist, and by where
// requests come from.
func Subnets(n *v1alpha1.Network, exist map[string]cloud.Subnet, from *Entry) (r Report) {
	var gone, elsewhere, outside []string
	for _, id := range n.SubnetIDs {
		subnet, found := exist[id]
		switch {
		case !found:
			gone = append(gone, id)
		case subnet.VPCID != n.VPCID:
			elsewhere = append(elsewhere, id+" is in "+subnet.VPCID)
		case len(from.Zones) > 0 && !slices.Contains(from.Zones, subnet.Zone):
			outside = append(outside, id+" is in "+subnet.Zone)
		}
	}
	const correct = "Correct spec.template.network.subnetIDs"
	if len(gone) > 0 {
		r.Find(fmt.Sprintf("Of spec.template.network.subnetIDs, %s %s not exist", list(gone), verb(gone, "does", "do")),
			correct+"; to see which there are: aws ec2 describe-subnets --filters Name=vpc-id,Values="+n.VPCID)
	}
	if len(elsewhere) > 0 {
		r.Find(fmt.Sprintf("Of spec.template.network.subnetIDs, %s, not in vpcID %s", list(elsewhere), n.VPCID), correct+" or vpcID")
	}
	if len(outside) > 0 {
		r.Find(fmt.Sprintf("%s is enabled in %s, and sends no requests to tasks elsewhere: %s", upper(from.Name), list(from.Zones), list(outside)),
			"Leave such subnets out of spec.template.network.subnetIDs, or enable the zone: "+from.EnableZone)
	}
	if from.VPCID != "" && from.VPCID != n.VPCID {
		r.Find(fmt.Sprintf("%s is in %s, spec.template.network.vpcID is %s", upper(from.Name), from.VPCID, n.VPCID),
			fmt.Sprintf("Set spec.template.network.vpcID to %s, with subnets and security groups of that VPC", from.VPCID))
	}
	return r
}

// SecurityGroups judges the security groups of a template by those that exist.
func SecurityGroups(n *v1alpha1.Network, exist map[string]cloud.SecurityGroup) (r Report) {
	for _, field := range []struct {
		name string
		ids  []string
	}{
		{"loadBalancerSecurityGroupIDs", n.LoadBalancerSecurityGroupIDs},
		{"securityGroupIDs", n.SecurityGroupIDs},
	} {
		var gone, elsewhere []string
		for _, id := range field.ids {
			switch group, found := exist[id]; {
			case !found:
				gone = append(gone, id)
			case group.VPCID != n.VPCID:
				elsewhere = append(elsewhere, id+" is in "+group.VPCID)
			}
		}
		path := "spec.template.network." + field.name
		if len(gone) > 0 {
			r.Find(fmt.Sprintf("Of %s, %s %s not exist", path, list(gone), verb(gone, "does", "do")), "Correct "+path)
		}
		if len(elsewhere) > 0 {
			r.Find(fmt.Sprintf("Of %s, %s, not in vpcID %s", path, list(elsewhere), n.VPCID), "Correct "+path+" or vpcID")
		}
	}
	return r
}

// Reach judges whether requests can reach the tasks at all: one of the security
// groups that are let in has to be one that they come from.
func Reach(n *v1alpha1.Network, from *Entry) (r Report) {
	in := n.LoadBalancerSecurityGroupIDs
	has := func(id string) bool { return slices.Contains(from.SecurityGroupIDs, id) }
	if len(in) == 0 || len(from.SecurityGroupIDs) == 0 || slices.ContainsFunc(in, has) {
		return r
	}
	r.Find(fmt.Sprintf("%s has the security groups %s, and none of spec.template.network.loadBalancerSecurityGroupIDs (%s), so its requests could not reach the tasks",
		upper(from.Name), list(from.SecurityGroupIDs), list(in)),
		fmt.Sprintf("Set spec.template.network.loadBalancerSecurityGroupIDs to [%s]", strings.Join(from.SecurityGroupIDs, ", ")))
	return r
}

// tasksPrincipal begins the name of the service that assumes the roles of tasks.
const tasksPrincipal = "ecs-tasks.amazonaws.com"

// tasksTrust is a trust policy for it, quoted for a shell.
const tasksTrust = `'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + tasksPrincipal + `"},"Action":"sts:AssumeRole"}]}'`

// pathOf is the path of a role: …:role/team/app has /team/.
func pathOf(arn string) string {
	_, resource, _ := strings.Cut(arn, ":role/")
	return "/" + resource[:strings.LastIndex(resource, "/")+1]
}

// Role judges a role that tasks are to have. found is false if there is none of
// that ARN.
func Role(field, arn string, role cloud.Role, found bool) (r Report) {
	name := arn[strings.LastIndex(arn, "/")+1:]
	trusts := func(principal string) bool { return principal == "*" || strings.HasPrefix(principal, tasksPrincipal) }
	switch {
	case !found:
		r.Find(fmt.Sprintf("The role %s of %s does not exist", arn, field),
			fmt.Sprintf("Correct %s; to see a role of that name, whose path is a part of its ARN: aws iam get-role --role-name %s. Or create it: aws iam create-role --path %s --role-name %[2]s --assume-role-policy-document %[4]s",
				field, name, pathOf(arn), tasksTrust))
	case len(role.Trusted) > 0 && !slices.ContainsFunc(role.Trusted, trusts):
		r.Find(fmt.Sprintf("The role %s of %s does not trust %s, only %s, so that ECS can't assume it", arn, field, tasksPrincipal, list(role.Trusted)),
			fmt.Sprintf("Correct %s, or let the tasks assume the role, and nobody else any more: aws iam update-assume-role-policy --role-name %s --policy-document %s", field, name, tasksTrust))
	}
	return r
}

// ForeignRole says that a role is of another account, from which none can be
// passed.
func ForeignRole(field, arn, account string) (r Report) {
	r.Find(fmt.Sprintf("The role %s of %s is of another account than the stack, which is made in %s", arn, field, account),
		"Use a role of account "+account+", or set spec.aws.roleARN of a new ImmutableDeployment to a role of the other account")
	return r
}

// Cluster judges the cluster that a template names, and whether it has the capacity
// that the template needs. Its status is "" if there is none. A capacity provider may
// get its first instance by the first task.
func Cluster(name string, cluster cloud.Cluster, needs cloud.Capacity) (r Report) {
	switch cluster.Status {
	case cloud.ClusterActive:
		if lacks := cluster.Lacks(needs.Providers); len(lacks) > 0 {
			r.Find(fmt.Sprintf("The ECS cluster %q of spec.template.cluster does not have the capacity %s %s of spec.template.capacityProviderStrategy",
				name, verb(lacks, "provider", "providers"), strings.Join(lacks, ", ")),
				"Let it have what it lacks: "+putProviders(name, append(slices.Clone(cluster.CapacityProviders), lacks...), cluster.DefaultStrategy)+
					"; or correct spec.template.capacityProviderStrategy")
		}
		if needs.Instances && cluster.Instances == 0 {
			r.Find(fmt.Sprintf("The ECS cluster %q of spec.template.cluster has no container instances, on which spec.template.launchType: EC2 runs the tasks", name),
				"Register instances with it: launch some from an ECS-optimized AMI with ECS_CLUSTER="+name+" in /etc/ecs/ecs.config; or name a capacity provider that has some, "+
					"in spec.template.capacityProviderStrategy; or correct spec.template.cluster")
		}
	case "":
		r.Find(fmt.Sprintf("The ECS cluster %q of spec.template.cluster does not exist", name),
			"Create it: aws ecs create-cluster --cluster-name "+name+"; or correct spec.template.cluster, or leave it out to have each stack bring its own")
	default:
		r.Find(fmt.Sprintf("The ECS cluster %q of spec.template.cluster is %s, not %s", name, cluster.Status, cloud.ClusterActive),
			"Create it anew: aws ecs create-cluster --cluster-name "+name+"; or correct spec.template.cluster")
	}
	return r
}

// putProviders is the command that gives a cluster these capacity providers. It takes
// away what isn't named, the default strategy included.
func putProviders(cluster string, providers []string, strategy []cloud.CapacityShare) string {
	shares := []string{}
	for _, s := range strategy {
		shares = append(shares, fmt.Sprintf("capacityProvider=%s,base=%d,weight=%d", s.Provider, s.Base, s.Weight))
	}
	if len(shares) == 0 {
		shares = []string{"'[]'"}
	}
	return "aws ecs put-cluster-capacity-providers --cluster " + cluster + " --capacity-providers " + strings.Join(providers, " ") +
		" --default-capacity-provider-strategy " + strings.Join(shares, " ")
}

// Platform says that an image isn't for the CPU architecture of the tasks.
func Platform(of, image, architecture string) (r Report) {
	r.Find(fmt.Sprintf("The image %s of %s is not for linux/%s, on which its tasks run", image, of, architecture),
		"Push it for that platform, too (docker buildx build --platform linux/"+architecture+"), or correct spec.template.runtimePlatform.cpuArchitecture")
	return r
}

func verb(of []string, one, many string) string {
	if len(of) == 1 {
		return one
	}
	return many
}

// list joins words for a sentence.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
