package main

const (
	cloudScaling = "internal/cloud/aws/scaling.go"
	cloudBatch   = "internal/cloud/aws/batch.go"
)

// ofAutoScaling are mistakes in how scalable targets are read and written.
func ofAutoScaling() []mutant {
	return []mutant{
		{name: "give a service bounds that has no scalable target", unit: "TestNoTargetIsCreated", file: cloudScaling, old: "		if err := s.find(ctx, id); err != nil {\n			s.batch.forget(id)\n			return err\n		}\n", new: ""},
		{name: "take a missing scalable target for a bad request", unit: "TestNoTargetIsCreated", file: cloudScaling, old: "		if cloud.KindOf(err) == cloud.KindInvalid {\n", new: "		if false {\n"},
		{name: "change the bounds with each suspension", unit: "TestSetTarget", file: cloudScaling, old: "	if change.Bounds != nil {\n		in.MinCapacity, in.MaxCapacity = &change.Bounds.Min, &change.Bounds.Max\n	}\n", new: "	bounds := cloud.Bounds{Max: 1}\n	if change.Bounds != nil {\n		bounds = *change.Bounds\n	}\n	in.MinCapacity, in.MaxCapacity = &bounds.Min, &bounds.Max\n"},
		{name: "believe what was read before a change", unit: "TestSetTarget", file: cloudScaling, old: "		t.Suspended = change.Suspended\n", new: "		_ = t.Suspended\n"},
		{name: "believe what AWS shows right after a change", unit: "TestReadingAfterAChange", file: cloudBatch, old: "!w.wroteAt.IsZero() && b.begun.Before(w.wroteAt.Add(b.window)) || ", new: ""},
		{name: "believe what was read before a change whose answer was lost", unit: "TestLostChange", file: cloudScaling, old: "		s.batch.forget(id) // it may have taken effect\n", new: ""},
		{name: "name a cluster by its ARN", unit: "TestScalableTargets", file: cloudScaling, old: "s.Cluster[strings.LastIndex(s.Cluster, \"/\")+1:]", new: "strings.TrimSpace(s.Cluster)"},
		{name: "call ECS's denial an invalid request", unit: "TestKindOfScalingErrors", file: "internal/cloud/aws/errors.go", old: "	case code == \"ValidationException\" && scalingDenied.MatchString(text):\n", new: "	case false:\n"},
		{name: "hold a role that isn't there yet against the template", unit: "TestKindOfFailure", file: failures, old: "|unable to assume IAM role`), cloud.KindDenied}", new: "`), cloud.KindDenied}"},
	}
}
