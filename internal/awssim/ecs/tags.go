package ecs

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Tag is a key and value on a resource.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

const maxTags = 50

// tagText is what keys and values of tags may be made of.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTagText refuses characters that the service doesn't take.
func checkTagText(tags []Tag) error {
	for _, t := range tags {
		if !tagText.MatchString(t.Key) || !tagText.MatchString(t.Value) {
			return invalid("Tag '%s' with value '%s' has characters other than letters, spaces, digits and _.:/=+-@", t.Key, t.Value)
		}
	}
	return nil
}

func checkTags(tags []Tag) error {
	if len(tags) > maxTags {
		return invalid("Too many tags: a resource can have at most %d", maxTags)
	}
	for _, t := range tags {
		if t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256 {
			return invalid("Tag '%s' must have a key of 1 to 128 characters and a value of at most 256", t.Key)
		}
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return invalid("Tag key '%s' must not start with the reserved prefix 'aws:'", t.Key)
		}
	}
	return checkTagText(tags)
}

// mergeTags sets the tags in add, which win over those in base.
func mergeTags(base, add []Tag) []Tag {
	values := map[string]string{}
	for _, t := range slices.Concat(base, add) {
		values[t.Key] = t.Value
	}
	merged := make([]Tag, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		merged = append(merged, Tag{Key: key, Value: values[key]})
	}
	return merged
}

// tagged finds the tags of any resource by ARN.
func (s *Service) tagged(arn string) (*[]Tag, error) {
	for _, c := range s.clusters {
		if c.arn == arn {
			return &c.tags, nil
		}
	}
	for _, d := range s.definitions {
		if d.arn == arn {
			return &d.tags, nil
		}
	}
	for _, svc := range s.services {
		if svc.arn == arn && svc.status != serviceInactive {
			return &svc.tags, nil
		}
	}
	for _, t := range s.tasks {
		if t.arn == arn {
			return &t.tags, nil
		}
	}
	return nil, invalid("The specified resource %s was not found.", arn)
}

type tagResourceInput struct {
	ResourceArn string `json:"resourceArn"`
	Tags        []Tag  `json:"tags"`
}

func (s *Service) tagResource(in tagResourceInput) (any, error) {
	tags, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	merged := mergeTags(*tags, in.Tags)
	if len(merged) > maxTags {
		return nil, core.Errorf("LimitExceededException", "Too many tags: a resource can have at most %d", maxTags)
	}
	*tags = merged
	return struct{}{}, nil
}

type untagResourceInput struct {
	ResourceArn string   `json:"resourceArn"`
	TagKeys     []string `json:"tagKeys"`
}

func (s *Service) untagResource(in untagResourceInput) (any, error) {
	tags, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	*tags = slices.DeleteFunc(slices.Clone(*tags), func(t Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	return struct{}{}, nil
}

type listTagsInput struct {
	ResourceArn string `json:"resourceArn"`
}

func (s *Service) listTagsForResource(in listTagsInput) (any, error) {
	tags, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return map[string]any{"tags": listed(*tags)}, nil
}

// listed is a list as AWS writes it: one without elements is there, too.
func listed[T any](in []T) []T { return append([]T{}, in...) }

const maxResults = 100

// listOut is a page of ARNs under the given name.
func listOut(name string, arns []string, in listInput) (any, error) {
	size := maxResults
	if in.MaxResults != nil {
		if *in.MaxResults < 1 || *in.MaxResults > maxResults {
			return nil, invalid("maxResults must be between 1 and %d", maxResults)
		}
		size = *in.MaxResults
	}
	start := 0
	if in.NextToken != "" {
		n, err := strconv.Atoi(in.NextToken)
		if err != nil || n < 0 {
			return nil, invalid("Invalid token")
		}
		start = min(n, len(arns))
	}
	end := min(start+size, len(arns))
	out := map[string]any{name: listed(arns[start:end])}
	if end < len(arns) {
		out["nextToken"] = strconv.Itoa(end)
	}
	return out, nil
}
