package ecs

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The states of a container instance.
const (
	instanceActive   = "ACTIVE"
	instanceDraining = "DRAINING"
)

// Ports of instances: what the ECS agent and SSH have, and those that tasks get which
// ask for none (the default of ip_local_port_range of Linux).
var (
	reservedPorts = []int{22, 2375, 2376, 51678, 51679, 51680}
	firstDynamic  = 32768
	lastDynamic   = 60999
)

// What an instance of which nothing else is said has: an m5.large, less what ECS
// keeps for itself.
const (
	instanceCPU        = 2048
	instanceMemory     = 7680
	instanceInterfaces = 2
)

// Instance is a container instance to register with a cluster. What is left out is
// that of an m5.large.
type Instance struct {
	// Cluster that it belongs to, and CapacityProvider of that cluster by which it
	// was launched, if it was.
	Cluster, CapacityProvider string
	// Zone is its Availability Zone.
	Zone string
	// CPU in units and Memory in MiB that tasks may have, Interfaces that may be
	// attached for tasks with one of their own, and GPUs.
	CPU, Memory, Interfaces, GPUs int
	// Attributes that expressions ask for, by name, besides those that it has anyway.
	Attributes map[string]string
}

type instance struct {
	Instance
	// id is ECS's, ec2 that of EC2.
	id, arn, ec2 string
	ip           string
	status       string
	registered   time.Time
	// nextPort is where the search for a free port goes on.
	nextPort int
}

// RegisterInstance adds a container instance to a cluster and returns its ID in EC2.
func (s *Service) RegisterInstance(in Instance) (ec2ID string, err error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return "", err
	}
	for _, or := range []struct {
		value *int
		usual int
	}{{&in.CPU, instanceCPU}, {&in.Memory, instanceMemory}, {&in.Interfaces, instanceInterfaces}} {
		if *or.value == 0 {
			*or.value = or.usual
		}
	}
	if in.Zone == "" {
		in.Zone = s.world.Region + "a"
	}
	in.Cluster = c.name
	i := &instance{
		Instance: in, id: s.world.HexID(32), ec2: "i-" + s.world.HexID(17), ip: s.nextIP.String(), status: instanceActive,
		registered: s.world.Now(), nextPort: firstDynamic,
	}
	s.nextIP = s.nextIP.Next()
	i.arn = s.world.ARN("ecs", "container-instance/"+c.name+"/"+i.id)
	s.instances = append(s.instances, i)
	s.wakeCluster(c.name)
	return i.ec2, nil
}

// wakeCluster has the schedulers of a cluster's services look for tasks to place.
func (s *Service) wakeCluster(name string) {
	for _, svc := range s.services {
		if svc.cluster.name == name {
			s.wake(svc)
		}
	}
}

// TerminateInstance has EC2 take an instance away, with all that runs on it. It tells
// whether there is such an instance. Words and stop code are those of public reports.
func (s *Service) TerminateInstance(ec2ID string) bool {
	i := s.instanceNamed(ec2ID)
	if i == nil {
		return false
	}
	s.instances = slices.DeleteFunc(s.instances, func(o *instance) bool { return o == i })
	for _, t := range s.tasks {
		if t.instance != i || t.status == taskStopped || t.status == taskDeprovisioning {
			continue
		}
		t.step.Stop()
		t.checks.Stop()
		s.deregisterTargets(t)
		s.end(t, stopTermination, fmt.Sprintf("Host EC2 (instance %s) terminated.", i.ec2))
	}
	return true
}

// stopTermination is the code of tasks whose instance is gone.
const stopTermination = "TerminationNotice"

// instanceNamed finds by the ID in EC2; nil if there is none.
func (s *Service) instanceNamed(ec2ID string) *instance {
	for _, i := range s.instances {
		if i.ec2 == ec2ID {
			return i
		}
	}
	return nil
}

// zoneOfInstance tells the load balancers where an instance is.
func (s *Service) zoneOfInstance(ec2ID string) (zone string, found bool) {
	if i := s.instanceNamed(ec2ID); i != nil {
		return i.Zone, true
	}
	return "", false
}

// tasksOn are the tasks that hold something of an instance.
func (s *Service) tasksOn(i *instance) []*task {
	return slices.DeleteFunc(slices.Clone(s.tasks), func(t *task) bool { return t.instance != i || t.status == taskStopped })
}

// resources are what a task takes of its instance, or what an instance has left.
type resources struct {
	cpu, memory, interfaces, gpus int
	ports                         []portOf
}

type portOf struct {
	port     int
	protocol string
}

// needs are those of a task: its own sizes, or the sum of its containers'. The soft
// limit of a container counts if it has one (API reference, ContainerDefinition).
func (d *taskDefinition) needs() resources {
	var n resources
	for i := range d.ContainerDefinitions {
		c := &d.ContainerDefinitions[i]
		n.cpu += intOr(c.Cpu, 0)
		n.memory += intOr(c.MemoryReservation, intOr(c.Memory, 0))
		for _, r := range c.ResourceRequirements {
			gpus, _ := strconv.Atoi(r.Value)
			n.gpus += gpus
		}
		for _, m := range c.PortMappings {
			if port := intOr(m.HostPort, 0); port != 0 && d.NetworkMode != networkAWSVPC {
				n.ports = append(n.ports, portOf{port, m.Protocol})
			}
		}
	}
	if cpu, ok := units(d.Cpu, "vcpu"); ok && d.Cpu != "" {
		n.cpu = cpu
	}
	if memory, ok := units(d.Memory, "gb"); ok && d.Memory != "" {
		n.memory = memory
	}
	if d.NetworkMode == networkAWSVPC {
		n.interfaces = 1
	}
	return n
}

// left is what an instance has for further tasks.
func (s *Service) left(i *instance) resources {
	left := resources{cpu: i.CPU, memory: i.Memory, interfaces: i.Interfaces, gpus: i.GPUs}
	for _, port := range reservedPorts {
		left.ports = append(left.ports, portOf{port, "tcp"})
	}
	for _, t := range s.tasksOn(i) {
		n := t.definition.needs()
		left.cpu, left.memory = left.cpu-n.cpu, left.memory-n.memory
		left.interfaces, left.gpus = left.interfaces-n.interfaces, left.gpus-n.gpus
		for _, b := range t.bindings {
			left.ports = append(left.ports, portOf{b.hostPort, b.protocol})
		}
	}
	return left
}

// binding is a port of a container on the instance.
type binding struct {
	container, protocol     string
	containerPort, hostPort int
}

// bind gives a task its ports on an instance: those that it asks for, and any free
// ones.
func (s *Service) bind(i *instance, d *taskDefinition) (bindings []binding) {
	taken := s.left(i).ports
	for n := range d.ContainerDefinitions {
		c := &d.ContainerDefinitions[n]
		for _, m := range c.PortMappings {
			port := intOr(m.HostPort, 0)
			if port == 0 {
				port = i.freePort(taken, m.Protocol)
			}
			taken = append(taken, portOf{port, m.Protocol})
			bindings = append(bindings, binding{c.Name, m.Protocol, m.ContainerPort, port})
		}
	}
	return bindings
}

// freePort goes around, as a kernel does, so that a port isn't used again at once.
func (i *instance) freePort(taken []portOf, protocol string) int {
	for slices.Contains(taken, portOf{i.nextPort, protocol}) {
		i.advance()
	}
	port := i.nextPort
	i.advance()
	return port
}

func (i *instance) advance() {
	if i.nextPort++; i.nextPort > lastDynamic {
		i.nextPort = firstDynamic
	}
}

// settle has a task run on an instance. Without a network interface of its own it has
// the instance's address, and ports of it.
func (s *Service) settle(t *task, on *instance) {
	t.instance = on
	if t.definition.NetworkMode != networkAWSVPC {
		t.bindings = s.bind(on, t.definition)
		t.ip, t.host, t.subnet = on.ip, on.ec2, core.Subnet{Zone: on.Zone}
		return
	}
	for _, subnet := range s.subnetsOf(t.service) {
		if subnet.Zone == on.Zone {
			t.subnet = subnet
			return
		}
	}
}

// portOf is the port at which a load balancer reaches a task.
func (t *task) portOf(lb loadBalancer) int {
	for _, b := range t.bindings {
		if b.container == lb.ContainerName && b.containerPort == lb.ContainerPort {
			return b.hostPort
		}
	}
	return lb.ContainerPort
}

// isTarget tells whether a target is the task: there are others on its instance.
func (t *task) isTarget(id string, port int) bool {
	return t.host == id && (t.ownInterface() || slices.ContainsFunc(t.bindings, func(b binding) bool { return b.hostPort == port }))
}

// at is the container that listens at a port, by TCP; nil if there is none.
func (t *task) at(port int) *container {
	for _, b := range t.bindings {
		if b.hostPort == port && b.protocol != "udp" {
			return t.definition.container(b.container)
		}
	}
	for i := range t.definition.ContainerDefinitions {
		if c := &t.definition.ContainerDefinitions[i]; len(t.bindings) == 0 && c.exposes(port) {
			return c
		}
	}
	return nil
}

// leaveDraining replaces the tasks on instances that are draining (developer guide,
// "Drain Amazon ECS container instances"): those that don't run yet stop at once,
// others once as many as the minimum percent are healthy without them.
func (s *Service) leaveDraining(svc *service) {
	var leaving []*task
	for _, t := range s.tasksOf(svc, nil) {
		if t.instance == nil || t.instance.status != instanceDraining {
			continue
		}
		t.leaving = true
		if t.status == taskRunning {
			leaving = append(leaving, t)
		} else {
			s.stop(t, stopScheduler, scaledIn(t))
		}
	}
	if len(leaving) == 0 {
		return
	}
	spare := s.healthyTasks(svc) - (svc.desired**svc.DeploymentConfiguration.MinimumHealthyPercent+99)/100
	s.stopTasks(svc, leaving[:min(max(spare, 0), len(leaving))])
}

type listInstancesInput struct {
	Cluster    string `json:"cluster"`
	Status     string `json:"status"`
	MaxResults *int   `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

func (s *Service) listInstances(in listInstancesInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, i := range s.instances {
		if i.Cluster == c.name && (in.Status == "" || in.Status == i.status) {
			arns = append(arns, i.arn)
		}
	}
	return listOut("containerInstanceArns", arns, listInput{MaxResults: in.MaxResults, NextToken: in.NextToken})
}

type instanceOut struct {
	Arn              string      `json:"containerInstanceArn"`
	Ec2InstanceID    string      `json:"ec2InstanceId"`
	CapacityProvider string      `json:"capacityProviderName,omitempty"`
	Status           string      `json:"status"`
	AgentConnected   bool        `json:"agentConnected"`
	RunningTasks     int         `json:"runningTasksCount"`
	PendingTasks     int         `json:"pendingTasksCount"`
	Registered       []resource  `json:"registeredResources"`
	Remaining        []resource  `json:"remainingResources"`
	Attributes       []nameValue `json:"attributes"`
	RegisteredAt     core.Epoch  `json:"registeredAt"`
}

type resource struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Integer int      `json:"integerValue"`
	Strings []string `json:"stringSetValue,omitempty"`
}

func (r resources) out() []resource {
	var tcp, udp []string
	for _, p := range r.ports {
		if p.protocol == "udp" {
			udp = append(udp, strconv.Itoa(p.port))
		} else {
			tcp = append(tcp, strconv.Itoa(p.port))
		}
	}
	return []resource{
		{Name: "CPU", Type: "INTEGER", Integer: r.cpu}, {Name: "MEMORY", Type: "INTEGER", Integer: r.memory},
		{Name: "PORTS", Type: "STRINGSET", Strings: tcp}, {Name: "PORTS_UDP", Type: "STRINGSET", Strings: udp},
	}
}

func (s *Service) instanceOut(i *instance) instanceOut {
	out := instanceOut{
		Arn: i.arn, Ec2InstanceID: i.ec2, CapacityProvider: i.CapacityProvider, Status: i.status, AgentConnected: true,
		Registered: resources{cpu: i.CPU, memory: i.Memory}.out(), Remaining: s.left(i).out(), RegisteredAt: core.Stamp(i.registered),
		Attributes: []nameValue{{"ecs.availability-zone", i.Zone}},
	}
	for _, name := range sortedKeys(i.Attributes) {
		out.Attributes = append(out.Attributes, nameValue{name, i.Attributes[name]})
	}
	for _, t := range s.tasksOn(i) {
		if t.status == taskRunning {
			out.RunningTasks++
		} else {
			out.PendingTasks++
		}
	}
	return out
}

type instancesInput struct {
	Cluster            string   `json:"cluster"`
	ContainerInstances []string `json:"containerInstances"`
	Status             string   `json:"status"`
	Include            []string `json:"include"`
}

// selected finds container instances of a cluster by ARN or ID.
func (s *Service) selected(in *instancesInput) (found []*instance, failures []failure, err error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, nil, err
	}
	failures = []failure{}
	for _, id := range in.ContainerInstances {
		i := slices.IndexFunc(s.instances, func(i *instance) bool { return i.Cluster == c.name && (i.arn == id || i.id == id) })
		if i < 0 {
			failures = append(failures, failure{Arn: s.arnOf("container-instance/"+c.name+"/", id), Reason: "MISSING"})
			continue
		}
		found = append(found, s.instances[i])
	}
	return found, failures, nil
}

func (s *Service) instancesOut(found []*instance, failures []failure) any {
	out := make([]instanceOut, 0, len(found))
	for _, i := range found {
		out = append(out, s.instanceOut(i))
	}
	return map[string]any{"containerInstances": out, "failures": failures}
}

func (s *Service) describeInstances(in instancesInput) (any, error) {
	found, failures, err := s.selected(&in)
	if err != nil {
		return nil, err
	}
	return s.instancesOut(found, failures), nil
}

// updateInstances changes the state of container instances.
func (s *Service) updateInstances(in instancesInput) (any, error) {
	if in.Status != instanceActive && in.Status != instanceDraining {
		return nil, core.Errorf("InvalidParameterException", "Container instance status should be one of [ACTIVE,DRAINING]")
	}
	found, failures, err := s.selected(&in)
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		i.status = in.Status
		for _, t := range s.tasksOn(i) {
			t.leaving = false
		}
		s.wakeCluster(i.Cluster)
	}
	return s.instancesOut(found, failures), nil
}
