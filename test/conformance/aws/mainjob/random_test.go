package mainjob_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// random generates all kinds of deployments. Numbers and lengths lie on the
// bounds of the CRD's schema as often as between them; the API server decides
// whether it admits the result.
type random struct{ *rand.Rand }

// maybe returns true with a probability of one half.
func (r random) maybe() bool { return r.IntN(2) == 0 }

// between returns a number in a range, often on its bounds.
func (r random) between(low, high int32) int32 {
	switch r.IntN(4) {
	case 0:
		return low
	case 1:
		return high
	default:
		return low + r.Int32N(high-low+1)
	}
}

// optional returns nil or a number in a range.
func (r random) optional(low, high int32) *int32 {
	if r.maybe() {
		return nil
	}
	return new(r.between(low, high))
}

func pick[T any](r random, values ...T) T { return values[r.IntN(len(values))] }

// text returns a text over an alphabet, one to limit characters long.
func (r random) text(alphabet string, limit int32) string {
	letters := []rune(alphabet)
	var b strings.Builder
	for range r.between(1, limit) {
		b.WriteRune(letters[r.IntN(len(letters))])
	}
	return b.String()
}

const (
	lower    = "abcdefghijklmnopqrstuvwxyz"
	digits   = "0123456789"
	printing = lower + digits + ` ABC!"#$%&'()*+,-./:;<=>?@[\]^_{|}~äß€` + "\t"
)

// name returns a name that is valid in Kubernetes and, after its first letter,
// in AWS.
func (r random) name(limit int32) string {
	return pick(r, strings.Split(lower, "")...) + r.text(lower+digits, limit-1)
}

// names are all different.
func (r random) names(n, limit int32) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%d", r.name(limit-3), i))
	}
	return names
}

func (r random) deployment(n int) *v1alpha1.ImmutableDeployment {
	worker := r.IntN(4) == 0
	imd := &v1alpha1.ImmutableDeployment{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s%d", r.name(36), n), Namespace: "default"},
		Spec: v1alpha1.ImmutableDeploymentSpec{
			DesiredCount: r.optional(1, 1000), Template: r.template(worker),
			Strategy: v1alpha1.Strategy{Type: pick(r, v1alpha1.StrategyBlueGreen, v1alpha1.StrategyRecreate)},
		},
	}
	if worker {
		imd.Spec.Strategy.Type = v1alpha1.StrategyRecreate
		return imd
	}
	imd.Spec.Traffic.LoadBalancer = v1alpha1.LoadBalancer{
		ListenerARN: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2",
		Priority:    new(r.between(100, 50_000)), Conditions: r.conditions(),
	}
	return imd
}

// memory for each cpu: the least, the most and the steps between them.
var memory = map[string][3]int32{
	"256": {512, 1024, 512}, "512": {1024, 4096, 1024}, "1024": {2048, 8192, 1024}, "2048": {4096, 16_384, 1024},
	"4096": {8192, 30_720, 1024}, "8192": {16_384, 61_440, 4096}, "16384": {32_768, 122_880, 8192},
}

func (r random) template(worker bool) v1alpha1.RevisionTemplate {
	cpu := pick(r, "256", "512", "1024", "2048", "4096", "8192", "16384")
	bounds := memory[cpu]
	t := v1alpha1.RevisionTemplate{
		CPU:              cpu,
		Memory:           fmt.Sprint(bounds[0] + bounds[2]*r.between(0, (bounds[1]-bounds[0])/bounds[2])),
		ExecutionRoleARN: "arn:aws:iam::111122223333:role/" + r.text(lower+digits+"+=,.@-_", 60),
		Network:          r.network(worker),
		Cluster:          pick(r, "", "shop", r.name(255)),
		Containers:       r.containers(worker),
	}
	if r.maybe() {
		t.TaskRoleARN = "arn:aws:iam::111122223333:role/path/" + r.name(40)
	}
	if r.maybe() {
		t.RuntimePlatform = &v1alpha1.RuntimePlatform{CPUArchitecture: pick(r, "X86_64", "ARM64")}
	}
	if r.maybe() {
		t.LogRetentionDays = new(pick[int32](r, 1, 3, 5, 7, 14, 30, 365, 731, 2192, 3653))
	}
	for i, key := range r.names(r.between(0, 40), 100) {
		t.Tags = append(t.Tags, v1alpha1.Tag{Key: key, Value: strings.Repeat("v", 1+(i*7)%256)})
	}
	if !worker {
		t.Target = r.target(t.Containers[0])
	}
	return t
}

func (r random) network(worker bool) v1alpha1.Network {
	ids := func(kind string, low, high int32) []string {
		var list []string
		for range r.between(low, high) {
			list = append(list, fmt.Sprintf("%s-%017x", kind, r.Int64()))
		}
		return list
	}
	n := v1alpha1.Network{
		VPCID: ids("vpc", 1, 1)[0], SubnetIDs: ids("subnet", 2, 16), SecurityGroupIDs: ids("sg", 0, 4),
		AssignPublicIP: pick(r, "", "ENABLED", "DISABLED"),
	}
	if !worker {
		n.LoadBalancerSecurityGroupIDs = ids("sg", 1, 5)
	}
	return n
}

func (r random) containers(worker bool) []v1alpha1.Container {
	var list []v1alpha1.Container
	names := r.names(r.between(1, 10), 40)
	for i, name := range names {
		c := r.container(name)
		c.Essential = pick(r, nil, new(true), new(false))
		if i == 0 {
			c.Essential = new(true)
			if !worker && len(c.PortMappings) == 0 {
				c.PortMappings = []v1alpha1.PortMapping{{ContainerPort: r.between(1, 65_535)}}
			}
		}
		if i > 0 && r.maybe() {
			c.DependsOn = []v1alpha1.ContainerDependency{{ContainerName: names[i-1], Condition: "START"}}
			if awaited := &list[i-1]; awaited.HealthCheck != nil && r.maybe() {
				c.DependsOn[0].Condition, awaited.StartTimeout = "HEALTHY", r.optional(2, 120)
			}
		}
		list = append(list, c)
	}
	return list
}

func (r random) container(name string) v1alpha1.Container {
	c := v1alpha1.Container{
		Name: name, Image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/" + r.name(40) + "@sha256:" + strings.Repeat("0a", 32),
		CPU: r.optional(0, 25), StopTimeout: r.optional(2, 120),
		User: pick(r, "", "1000", "1000:1000", "nobody"), WorkingDirectory: pick(r, "", "/", "/srv/app"),
		ReadonlyRootFilesystem: pick(r, nil, new(true), new(false)),
	}
	if c.Memory = r.optional(6, 512); c.Memory != nil {
		c.MemoryReservation = r.optional(6, *c.Memory)
	}
	for range r.IntN(4) {
		c.Command, c.EntryPoint = append(c.Command, r.text(printing, 200)), append(c.EntryPoint, r.text(printing, 40))
	}
	for _, key := range r.names(r.between(0, 8), 60) {
		c.Environment = append(c.Environment, v1alpha1.KeyValue{Name: key, Value: r.text(printing, 100)})
	}
	for _, key := range r.names(r.between(0, 3), 60) {
		arn := pick(r, "secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password::", "ssm:eu-west-1:111122223333:parameter/shop/db")
		c.Secrets = append(c.Secrets, v1alpha1.Secret{Name: "SECRET_" + key, ValueFrom: "arn:aws:" + arn})
	}
	for i := range r.between(0, 5) {
		c.PortMappings = append(c.PortMappings, v1alpha1.PortMapping{ContainerPort: pick[int32](r, 1, 80, 8080, 65_530) + i})
	}
	if last := len(c.PortMappings) - 1; last > 0 && r.maybe() {
		c.PortMappings = append(c.PortMappings, v1alpha1.PortMapping{ContainerPort: c.PortMappings[last].ContainerPort, Protocol: "udp"})
	}
	if r.maybe() {
		c.HealthCheck = &v1alpha1.ContainerHealthCheck{
			Command: []string{pick(r, "CMD", "CMD-SHELL"), r.text(printing, 100)}, Interval: r.optional(5, 300),
			Timeout: r.optional(2, 60), Retries: r.optional(1, 10), StartPeriod: r.optional(0, 300),
		}
	}
	return c
}

func (r random) target(c v1alpha1.Container) v1alpha1.Target {
	t := v1alpha1.Target{
		ContainerName: pick(r, "", c.Name), ContainerPort: c.PortMappings[0].ContainerPort,
		HealthCheckGracePeriodSeconds: r.optional(0, 3600), DeregistrationDelaySeconds: r.optional(0, 3600),
		HealthCheck: v1alpha1.TargetHealthCheck{
			Path: pick(r, "", "/", "/healthz?deep=1", "/"+r.text(lower+digits+"-_/", 1000)), SuccessCodes: pick(r, "", "200", "200-299", "200,202,301-308"),
			IntervalSeconds: r.optional(5, 300), HealthyThreshold: r.optional(2, 10), UnhealthyThreshold: r.optional(2, 10),
		},
	}
	if interval := t.HealthCheck.IntervalSeconds; interval != nil {
		t.HealthCheck.TimeoutSeconds = new(r.between(2, min(120, *interval-1)))
	}
	return t
}

func (r random) conditions() []v1alpha1.RuleCondition {
	all := []v1alpha1.RuleCondition{
		{Field: "host-header", Values: []string{r.name(30) + ".example.com"}},
		{Field: "path-pattern", Values: []string{"/" + r.text(lower+digits+"-_/", 100) + pick(r, "", "*", "?/*")}},
		{Field: "http-header", HTTPHeaderName: "X-" + r.name(30), Values: []string{r.text(lower+digits, 100) + pick(r, "", "*", "?*")}},
		{Field: "http-request-method", Values: []string{pick(r, "GET", "POST", "PURGE")}},
		{Field: "source-ip", Values: []string{pick(r, "10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32")}},
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:r.between(1, 4)]
}
