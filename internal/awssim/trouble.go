package awssim

import "github.com/viridian-dev/viridian/internal/awssim/cfn"

// SetTrouble has the resources of stacks fail as f says; nil ends that. It runs
// with the account's lock held.
func (s *Sim) SetTrouble(f cfn.Trouble) {
	s.Do(func() { s.cfn.SetTrouble(f) })
}
