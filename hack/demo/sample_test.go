package main

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func TestSampleChangesWhatMustDiffer(t *testing.T) {
	const listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/0123456789abcdef/fedcba9876543210"
	s, err := loadSample(filepath.Join("..", "..", samplePath), listener)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.setTag("9.9.9"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := s.write(path); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var d v1alpha1.ImmutableDeployment
	if err := yaml.UnmarshalStrict(body, &d); err != nil {
		t.Fatal(err)
	}
	if got := d.Spec.Traffic.LoadBalancer.ListenerARN; got != listener {
		t.Errorf("listener %s", got)
	}
	if got := d.Spec.Template.Containers[0].Image; got != "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:9.9.9" {
		t.Errorf("image %s", got)
	}
	for _, step := range d.Spec.Strategy.Canary.Steps {
		if *step.HoldSeconds != holdSeconds {
			t.Errorf("a step is held for %d s", *step.HoldSeconds)
		}
	}
	checks := map[v1alpha1.BuiltinMetric]string{}
	for i := range d.Spec.Analysis.Metrics {
		check := &d.Spec.Analysis.Metrics[i]
		checks[check.Builtin] = check.Max
		if *check.IntervalSeconds != int32(intervalSeconds) || *check.MinSamples != minSamples {
			t.Errorf("%s is measured every %d s from %d samples", check.Name, *check.IntervalSeconds, *check.MinSamples)
		}
	}
	// It catches the bad version, and the good one is far from it.
	if checks[v1alpha1.MetricErrorRate] != "1" {
		t.Errorf("checks are %v", checks)
	}
	if len(d.Spec.Gates) != 1 || d.Spec.Gates[0].Lambda.FunctionARN != functionARN {
		t.Errorf("gates are %v", d.Spec.Gates)
	}
	if tag, err := s.tag(); err != nil || tag != "9.9.9" {
		t.Errorf("tag %q: %v", tag, err)
	}
	if host, err := s.host(); err != nil || host != "checkout.example.com" {
		t.Errorf("host %q: %v", host, err)
	}
	if got := d.Spec.Template.Cluster; got != clusterName {
		t.Errorf("the account has no cluster %s", got)
	}
}
