package awssim

import (
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/sts"
)

// CreateListener makes an HTTP listener that answers 404 by default, and its
// application load balancer if there is none of that name.
func (s *Sim) CreateListener(loadBalancer string, port int) (listenerARN string, err error) {
	s.Do(func() { listenerARN, err = s.elb.NewListener(loadBalancer, port) })
	return listenerARN, err
}

// PutImage pushes an image tag to ECR, creating the repository if it is
// missing, and returns the digest, which follows from repository and tag unless
// one is given.
func (s *Sim) PutImage(repository, tag, digest string) string {
	s.Do(func() { digest = s.ecr.PutImage(repository, tag, digest) })
	return digest
}

// RegisterRole sets the condition under which a role may be assumed. A role
// that isn't registered may be assumed by everybody.
func (s *Sim) RegisterRole(arn string, role sts.Role) {
	s.Do(func() { s.sts.Register(arn, role) })
}

// Sessions returns every assumption of a role so far.
func (s *Sim) Sessions() (sessions []sts.Session) {
	s.Do(func() { sessions = append(sessions, s.sts.Sessions()...) })
	return sessions
}

// Stacks returns every stack, deleted ones too, in order of creation.
func (s *Sim) Stacks() (stacks []cfn.Stack) {
	s.Do(func() { stacks = s.cfn.Stacks() })
	return stacks
}
