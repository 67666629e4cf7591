package ecs

import (
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// How long CloudFormation waits for a service to become steady, and to be gone:
// the handlers' timeouts in the schema of AWS::ECS::Service are 2160 minutes for
// a creation, of which ECS uses 3 hours, and 30 for a deletion.
const (
	stabilizeTimeout = 3 * time.Hour
	deleteTimeout    = 30 * time.Minute
)

// serviceProvider creates services and waits until they are steady.
type serviceProvider struct {
	s *Service
	// waiting holds by ARN the services whose creation isn't reported yet.
	waiting map[string]*waiter
}

type waiter struct {
	service *service
	timeout *core.Timer
	done    func(core.Created, error)
}

func (p *serviceProvider) Type() string { return "AWS::ECS::Service" }

func (p *serviceProvider) Validate(properties map[string]any) error {
	return serviceSchema.Validate(properties)
}

func (p *serviceProvider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	if err := serviceSchema.CheckSimulated(properties); err != nil {
		done(core.Created{}, err)
		return
	}
	var in createServiceInput
	if err := core.DecodeProperties(properties, &in); err != nil {
		done(core.Created{}, err)
		return
	}
	if in.ServiceName == "" {
		in.ServiceName = p.s.generatedName(ref)
	}
	if in.DesiredCount == nil {
		in.DesiredCount = new(1)
	}
	err := checkTagText(stackTags(ref))
	var svc *service
	if err == nil {
		svc, err = p.s.addService(in)
	}
	if err != nil {
		done(core.Created{}, p.s.handlerError(err))
		return
	}
	svc.tags = mergeTags(stackTags(ref), svc.tags)
	if ref.Express {
		done(created(svc), nil)
		return
	}
	w := &waiter{service: svc, done: done}
	w.timeout = p.s.world.After(stabilizeTimeout, func() {
		p.finish(w, core.Errorf("NotStabilized", "Resource of type 'AWS::ECS::Service' with identifier '%s' did not stabilize.", svc.arn))
	})
	p.waiting[svc.arn] = w
	svc.changed = func() { p.look(w) }
	ref.Started(svc.arn)
}

// look reports the service once it is steady or has failed.
func (p *serviceProvider) look(w *waiter) {
	switch primary := w.service.deployments[0]; {
	case primary.state == rolloutFailed:
		p.finish(w, core.Errorf("GeneralServiceException", "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."))
	case w.service.steady:
		p.finish(w, nil)
	}
}

func (p *serviceProvider) finish(w *waiter, err error) {
	p.forget(w)
	w.done(created(w.service), err)
}

// created is what CloudFormation keeps of a service.
func created(svc *service) core.Created {
	return core.Created{PhysicalID: svc.arn, Attributes: map[string]any{"ServiceArn": svc.arn, "Name": svc.name}}
}

func (p *serviceProvider) forget(w *waiter) {
	w.timeout.Stop()
	w.service.changed = nil
	delete(p.waiting, w.service.arn)
}

// Delete scales the service to zero, and reports once its tasks have drained
// and the service is gone, or at once if nobody waits for that.
func (p *serviceProvider) Delete(ref core.StackRef, arn string, done func(error)) {
	if w := p.waiting[arn]; w != nil {
		p.forget(w)
	}
	svc := p.find(arn)
	if svc == nil {
		done(nil)
		return
	}
	p.s.drain(svc)
	if ref.Express {
		done(nil)
		return
	}
	// The service goes on draining after the handler has given up.
	timeout := p.s.world.After(deleteTimeout, func() {
		svc.changed = nil
		done(core.Errorf("NotStabilized", "Exceeded attempts to wait"))
	})
	svc.changed = func() {
		if svc.status == serviceInactive {
			svc.changed = nil
			timeout.Stop()
			done(nil)
		}
	}
}

func (p *serviceProvider) find(arn string) *service {
	for _, svc := range p.s.services {
		if svc.arn == arn && svc.status != serviceInactive {
			return svc
		}
	}
	return nil
}
