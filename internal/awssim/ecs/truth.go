package ecs

import "slices"

// ServiceTruth is the truth about one service.
type ServiceTruth struct {
	ARN            string
	Name           string
	Cluster        string
	Status         string
	TaskDefinition string
	Desired        int
	Running        int
	// Steady is whether the service has reached a steady state.
	Steady bool
	// Failed is whether its circuit breaker gave the deployment up.
	Failed bool
	Tags   map[string]string
}

// TaskTruth is the truth about one task.
type TaskTruth struct {
	ARN     string
	Service string
	Status  string
	IP      string
	// Instance is the EC2 ID of the instance that it runs on; "" on Fargate.
	Instance string
	// Serving is true while its containers answer.
	Serving bool
	// CapacityProvider that it runs on; "" where the service has no strategy.
	CapacityProvider string
	// StoppedReason is why it stops, if it does.
	StoppedReason string
}

// Services returns all services that aren't INACTIVE, in the order of their
// creation.
func (s *Service) Services() []ServiceTruth {
	var services []ServiceTruth
	for _, svc := range s.services {
		if svc.status == serviceInactive {
			continue
		}
		running, _ := s.counts(svc, nil)
		truth := ServiceTruth{
			ARN: svc.arn, Name: svc.name, Cluster: svc.cluster.name, Status: svc.status,
			TaskDefinition: svc.deployments[0].definition.arn, Desired: svc.desired, Running: running,
			Steady: svc.steady, Failed: svc.deployments[0].state == rolloutFailed, Tags: map[string]string{},
		}
		for _, tag := range svc.tags {
			truth.Tags[tag.Key] = tag.Value
		}
		services = append(services, truth)
	}
	return services
}

// Tasks returns all tasks, stopped ones too as long as they are visible.
func (s *Service) Tasks() []TaskTruth {
	tasks := make([]TaskTruth, 0, len(s.tasks))
	for _, t := range s.tasks {
		truth := TaskTruth{ARN: t.arn, Status: t.status, IP: t.ip, Serving: t.serving, CapacityProvider: t.provider, StoppedReason: t.stoppedReason}
		if t.service != nil {
			truth.Service = t.service.name
		}
		if t.instance != nil {
			truth.Instance = t.instance.ec2
		}
		tasks = append(tasks, truth)
	}
	return tasks
}

// Load is how busy a task is, in per cent of what it may use.
type Load struct {
	Cluster, Service string
	CPU, Memory      float64
}

// Loads returns the load of all tasks of services whose containers run.
func (s *Service) Loads() []Load {
	var loads []Load
	for _, t := range s.tasks {
		if t.serving && t.service != nil {
			cpu, known := s.sharedWork(t.service)
			if !known {
				cpu = t.behaves.cpu(t.id)
			}
			loads = append(loads, Load{t.cluster.name, t.service.name, cpu, t.behaves.memory(t.id)})
		}
	}
	return loads
}

// Clusters lists the names of the clusters.
func (s *Service) Clusters() []string {
	names := make([]string, 0, len(s.clusters))
	for _, c := range s.clusters {
		names = append(names, c.name)
	}
	return names
}

// Attached tells whether a task's network interface has a security group. It
// has one from the task's launch until the task is STOPPED.
func (s *Service) Attached(securityGroup string) bool {
	return slices.ContainsFunc(s.tasks, func(t *task) bool {
		vpc := t.service.NetworkConfiguration.AwsvpcConfiguration
		return t.status != taskStopped && vpc != nil && slices.Contains(vpc.SecurityGroups, securityGroup)
	})
}
