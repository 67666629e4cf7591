package awssim

import "github.com/viridian-dev/viridian/internal/awssim/cfn"

// SetTrouble has the resources of stacks fail as f says; nil ends that. It runs
// with the account's lock held.
func (s *Sim) SetTrouble(f cfn.Trouble) {
	s.Do(func() { s.cfn.SetTrouble(f) })
}

// SetObjections has checks object to resources before they are made, as f says;
// nil ends that. It runs with the account's lock held.
func (s *Sim) SetObjections(f cfn.Objector) {
	s.Do(func() { s.cfn.SetObjections(f) })
}

// SetLoadBalancerQuotas changes how many rules a load balancer may have, without
// the default ones, and how many target groups; 0 leaves a quota as it is.
func (s *Sim) SetLoadBalancerQuotas(rules, groups int) {
	s.Do(func() { s.elb.SetQuotas(rules, groups) })
}
