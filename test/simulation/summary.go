package simulation

import "maps"

// Summary is the result of some seeds. Command simulate gets it from the tests.
type Summary struct {
	// From is the first seed.
	From, Seeds                                  uint64
	VirtualHours                                 float64
	AWSCalls, KubernetesCalls, Mutations, Writes int
	Passes, Rollouts, Faults, Crashes            int
	// Violations by seed.
	Violations map[uint64]string
}

// Add adds the results of other seeds.
func (s *Summary) Add(o Summary) {
	s.Seeds += o.Seeds
	s.VirtualHours += o.VirtualHours
	s.AWSCalls += o.AWSCalls
	s.KubernetesCalls += o.KubernetesCalls
	s.Mutations += o.Mutations
	s.Writes += o.Writes
	s.Passes += o.Passes
	s.Rollouts += o.Rollouts
	s.Faults += o.Faults
	s.Crashes += o.Crashes
	if s.Violations == nil {
		s.Violations = map[uint64]string{}
	}
	maps.Copy(s.Violations, o.Violations)
}
