package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Times of the demonstration in seconds, instead of the sample's minutes.
const (
	holdSeconds    = 9
	keepOldSeconds = 8
	drainSeconds   = 3
	// intervalSeconds between two measurements: one each metricPeriod.
	intervalSeconds = int64(metricPeriod / time.Second)
)

// minSamples is how many requests a measurement needs. The first step gets
// about 40 in a metricPeriod.
const minSamples = 20

// gateName is the name of the gate that the demonstration adds.
const gateName = "smoke-test"

// sample is the manifest in config/samples with the changes for the
// demonstration.
type sample struct {
	object *unstructured.Unstructured
}

// loadSample reads a manifest, changes the listener, the times and the required
// evidence, and adds a gate.
func loadSample(path, listenerARN string) (*sample, error) {
	body, err := os.ReadFile(path) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, fmt.Errorf("read the sample: %w", err)
	}
	s := &sample{object: &unstructured.Unstructured{}}
	if err := yaml.Unmarshal(body, &s.object.Object); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	content := s.object.Object
	if err := errors.Join(
		unstructured.SetNestedField(content, listenerARN, "spec", "traffic", "loadBalancer", "listenerARN"),
		unstructured.SetNestedField(content, int64(keepOldSeconds), "spec", "rollback", "keepOldSeconds"),
		unstructured.SetNestedField(content, int64(0), "spec", "rollback", "keepFailedSeconds"), // the story waits for it to go
		unstructured.SetNestedField(content, int64(drainSeconds), "spec", "template", "target", "deregistrationDelaySeconds"),
		eachIn(content, func(step map[string]any) { step["holdSeconds"] = int64(holdSeconds) },
			"spec", "strategy", "canary", "steps"),
		eachIn(content, func(check map[string]any) {
			check["intervalSeconds"], check["minSamples"] = intervalSeconds, int64(minSamples)
		}, "spec", "analysis", "metrics"),
		unstructured.SetNestedSlice(content, []any{map[string]any{
			"name": gateName, "at": string(v1alpha1.BeforeTraffic), "lambda": map[string]any{"functionARN": functionARN},
		}}, "spec", "gates"),
	); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// setTag gives the containers' images another tag.
func (s *sample) setTag(tag string) error {
	return eachIn(s.object.Object, func(container map[string]any) {
		image := fmt.Sprint(container["image"])
		container["image"] = image[:strings.LastIndex(image, ":")+1] + tag
	}, "spec", "template", "containers")
}

// tag of the first container's image.
func (s *sample) tag() (tag string, err error) {
	err = eachIn(s.object.Object, func(container map[string]any) {
		if image := fmt.Sprint(container["image"]); tag == "" {
			tag = image[strings.LastIndex(image, ":")+1:]
		}
	}, "spec", "template", "containers")
	return tag, err
}

// host that the first condition asks for.
func (s *sample) host() (host string, err error) {
	err = eachIn(s.object.Object, func(condition map[string]any) {
		if values, _, _ := unstructured.NestedStringSlice(condition, "values"); len(values) > 0 && condition["field"] == "host-header" {
			host = values[0]
		}
	}, "spec", "traffic", "loadBalancer", "conditions")
	return host, err
}

// write writes the manifest to a file.
func (s *sample) write(path string) error {
	body, err := yaml.Marshal(s.object.Object)
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return os.WriteFile(path, body, 0o600)
}

// eachIn changes every object of a list.
func eachIn(content map[string]any, change func(map[string]any), fields ...string) error {
	items, found, err := unstructured.NestedSlice(content, fields...)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("there is no %s", strings.Join(fields, "."))
	}
	for _, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			return fmt.Errorf("%s has an entry that isn't an object", strings.Join(fields, "."))
		}
		change(object)
	}
	return unstructured.SetNestedSlice(content, items, fields...)
}
