package simulation

import (
	"net/http"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
)

// Images that are bad in a way that only checks detect: worse answers every
// request with an error and uses all CPU, mute resets every connection instead,
// vulnerable has a known vulnerability.
const (
	worse      = "err100-cpu95"
	mute       = "reset100-cpu95"
	vulnerable = "vulnerable"
)

// loadEvery is how often, and how many, requests come to an application whose
// metrics are checked, during a rollout: they aren't checked otherwise.
const (
	loadEvery = 10 * time.Second
	loadCount = 10
)

// load sends requests to an application repeatedly.
func (o *others) load(app int) {
	o.w.after(loadEvery, func() { o.load(app) })
	imd := o.w.users.get(app)
	if imd == nil || imd.Status.Rollout == nil || imd.Status.Rollout.FinishedAt != nil {
		return
	}
	host := o.w.plan.Apps[app].Name + ".example.com"
	if o.adopted[app] != "" {
		host = adoptedHost(app)
	}
	for range loadCount {
		r, err := http.NewRequestWithContext(nobody, http.MethodGet, "http://"+host+"/", http.NoBody)
		must(err)
		o.w.sim.Route(o.listener, r)
	}
}

// metric is the check by which an application's revisions are measured.
func metric(a app) v1alpha1.MetricCheck {
	m := v1alpha1.MetricCheck{Name: "errors", Builtin: v1alpha1.MetricErrorRate, Max: "5", MinSamples: new(int32(2)),
		FailureLimit: new(int32(0)), IntervalSeconds: new(int32(60))}
	if a.Rule == ruleNone {
		m.Name, m.Builtin, m.Max, m.MinSamples = "cpu", v1alpha1.MetricCPU, "80", new(int32(1))
	}
	return m
}

// push creates the images, with their scans.
func (o *others) push() {
	for _, tags := range [][]string{good, sick, {"9", worse, mute, vulnerable}} {
		for _, tag := range tags {
			o.tags[o.w.sim.PutImage("checkout", tag, "")] = tag
			must(o.w.sim.SetScan("checkout", tag, scanOf(tag)))
		}
	}
}

// scanOf an image is what there is to be found in it.
func scanOf(tag string) ecr.Scan {
	if tag != vulnerable {
		return ecr.Scan{}
	}
	return ecr.Scan{Findings: []ecr.Finding{{Name: "CVE-2026-1000", Severity: "CRITICAL", Package: "openssl", Version: "3.0.1"}}}
}
