package main

// betweenTenants are mistakes by which one tenant could harm another.
func betweenTenants() []mutant {
	const runner, shares = "internal/background/runner.go", "internal/share/share.go"
	return []mutant{
		{name: "give one namespace all places for calls", unit: "TestTake", file: shares, old: "free > 0 && own <= free\n", new: "free > 0\n"},
		{name: "leave a namespace without a place", unit: "TestTake", file: shares, old: "	return s.guaranteed && own == 0 || ", new: "	return "},
		{name: "keep a worker for good", unit: "TestHangingNeighbour", file: "controllers/fair.go", old: "	defer f.workers.Give(req.Namespace)\n", new: ""},
		{name: "give one namespace all workers", unit: "TestHangingNeighbour", file: "controllers/fair.go", old: "	if !f.workers.Take(req.Namespace) {", new: "	if f.workers.Take(req.Namespace); false {"},
		{name: "end the calls of another deployment", unit: "TestKeepCurrent", file: runner, old: "		if c.owner == owner && !slices.Contains(keys, key) {", new: "		if c.owner.Tenant == owner.Tenant && !slices.Contains(keys, key) {"},
		{name: "count the wait for a place as a gate's time", unit: "TestWaitingForAPlace", file: "internal/rollout/gates.go", old: "		run.StartedAt = x.now\n		return x.startGate", new: "		return x.startGate"},
		{name: "let a gate that waits for a place be late", unit: "TestWaitingForAPlace", file: "internal/rollout/gates.go", old: "	case answer.State == AnswerWaiting:\n		return x.awaitPlace(r, run)\n", new: ""},
		{name: "leave calls to which nobody listens", test: "TestSlowGateOfAnother", file: "controllers/gates.go", old: "	defer func() { r.Calls.Keep(", new: "	defer func() { return; r.Calls.Keep("},
		{name: "let others steer terminals", unit: "TestTruncate", file: "controllers/limits.go", old: "	case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c):\n", new: "	case false:\n"},
		{name: "tell what a name inside the network stands for", unit: "TestNames", file: "internal/webhook/door.go", old: "		d.turned++\n", new: "		d.turned, errShut = d.turned+1, errors.New(address)\n",
			also: &mutant{file: "internal/webhook/errors.go", old: "host + \" has no public address", new: "host + errShut.Error() + \" has no public address"}},
		{name: "sign for any host", unit: "TestHostsOfASecret", file: "internal/gate/webhook.go", old: "!slices.Contains(splitList(hosts), host)", new: "false"},
	}
}
