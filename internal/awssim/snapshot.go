package awssim

import (
	"maps"

	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/ec2"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	"github.com/viridian-dev/viridian/internal/awssim/ssm"
)

// Snapshot is the truth about the whole account at one moment.
type Snapshot struct {
	// Stacks holds deleted stacks too.
	Stacks          []cfn.Stack
	Rules           []elb.RuleTruth
	TargetGroups    []elb.GroupTruth
	Clusters        []string
	Services        []ecs.ServiceTruth
	Tasks           []ecs.TaskTruth
	SecurityGroups  map[string]ec2.SecurityGroup
	LogGroups       []string
	ScalableTargets []autoscaling.Target
	// Parameters and Secrets have no values.
	Parameters []ssm.Truth
	Secrets    []secrets.Truth
}

// Snapshot reads the truth. It is no API call: it is neither recorded nor hit
// by faults.
func (s *Sim) Snapshot() (snap Snapshot) {
	s.Do(func() {
		snap = Snapshot{
			Stacks: s.cfn.Stacks(), Rules: s.elb.Rules(), TargetGroups: s.elb.TargetGroups(),
			Clusters: s.ecs.Clusters(), Services: s.ecs.Services(), Tasks: s.ecs.Tasks(),
			SecurityGroups: maps.Clone(s.ec2.SecurityGroups()), LogGroups: s.logs.Names(),
			ScalableTargets: s.autoscaling.Targets(), Parameters: s.ssm.Parameters(), Secrets: s.secrets.Secrets(),
		}
	})
	return snap
}
