package rollout

import "time"

// correct takes remembered times of the future for now. They are of a process
// whose clock was ahead; what they began would else be waited for until they
// are over.
func (p *Progress) correct(now time.Time) {
	notAfter(now, &p.Since, &p.DetachedAt, &p.BlockedSince, &p.ScalingSince)
	for i := range p.Retiring {
		notAfter(now, &p.Retiring[i].Since)
	}
	r := p.Rollout
	if r == nil {
		return
	}
	notAfter(now, &r.StartedAt, &r.ProgressedAt, &r.VerifiedAt, &r.StepReachedAt, &r.UnhealthySince, &r.DecidedAt, &r.FinishedAt)
	for i := range r.Gates {
		run := &r.Gates[i]
		notAfter(now, &run.EndedAt)
		notAfter(now.Add(retryPause), &run.StartedAt) // the next attempt's is ahead by design
	}
}

// notAfter brings times that are later than now to it.
func notAfter(now time.Time, times ...*time.Time) {
	for _, t := range times {
		if t.After(now) {
			*t = now
		}
	}
}
