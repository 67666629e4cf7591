package ecs

// Capacity is how many tasks a service has, for what scales it.
type Capacity struct {
	Desired int
	// Running counts the tasks of all deployments that run.
	Running int
	// Deploying is true while a deployment is in progress.
	Deploying bool
}

// Capacity finds the capacity of an active service, by the names of its cluster
// and its own.
func (s *Service) Capacity(cluster, name string) (capacity Capacity, active bool) {
	svc := s.activeService(cluster, name)
	if svc == nil {
		return Capacity{}, false
	}
	running, _ := s.counts(svc, nil)
	return Capacity{Desired: svc.desired, Running: running, Deploying: svc.deployments[0].state == rolloutInProgress}, true
}

// SetDesired sets the desired count of an active service, as UpdateService does.
func (s *Service) SetDesired(cluster, name string, count int) {
	if svc := s.activeService(cluster, name); svc != nil {
		s.update(svc, updateServiceInput{DesiredCount: &count})
		s.wake(svc)
	}
}

func (s *Service) activeService(cluster, name string) *service {
	c, err := s.cluster(cluster)
	if err != nil || c.name != cluster {
		return nil
	}
	svc := s.find(c, name)
	if svc == nil || svc.status != serviceActive {
		return nil
	}
	return svc
}

// OnDelete has f called, with the lock held, when a service begins to be deleted.
func (s *Service) OnDelete(f func(cluster, service string)) { s.onDelete = f }

// drain begins the deletion of a service.
func (s *Service) drain(svc *service) {
	svc.desired, svc.status = 0, serviceDraining
	s.onDelete(svc.cluster.name, svc.name)
	s.wake(svc)
}

// Work is how much CPU a service needs for its work, in per cent of one task. Its
// tasks share it. known is false for a service whose tasks have the load that
// their images say.
type Work func(cluster, service string) (cpu float64, known bool)

// SetWork says how much work services have; nil has all tasks do what their images
// say.
func (s *Service) SetWork(f Work) { s.work = f }

// sharedWork is the CPU utilization of each task of a service whose work is known.
func (s *Service) sharedWork(svc *service) (cpu float64, known bool) {
	if s.work == nil {
		return 0, false
	}
	total, known := s.work(svc.cluster.name, svc.name)
	if !known {
		return 0, false
	}
	sharing := 0
	for _, t := range s.tasks {
		if t.serving && t.service == svc {
			sharing++
		}
	}
	return min(total/float64(max(sharing, 1)), 100), true
}
