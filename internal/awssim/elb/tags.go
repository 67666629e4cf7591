package elb

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const (
	maxTags           = 50
	maxTagDescription = 20
)

// tagText is what keys and values of tags may be made of.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTagText refuses characters that the service doesn't take.
func checkTagText(tags []Tag) error {
	for _, t := range tags {
		if !tagText.MatchString(t.Key) || !tagText.MatchString(t.Value) {
			return core.Errorf("ValidationError", "Tag '%s' with value '%s' must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$", t.Key, t.Value)
		}
	}
	return nil
}

// checkTags applies AWS's rules to tags which a caller sets.
func checkTags(tags []Tag) error {
	if len(tags) > maxTags {
		return core.Errorf("TooManyTags", "You can apply at most %d tags to a resource", maxTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case seen[t.Key]:
			return core.Errorf("DuplicateTagKeys", "Duplicate tag keys found. Please note that Tag keys are case insensitive")
		case t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256:
			return core.Errorf("ValidationError", "Tag '%s' must have a key of 1 to 128 characters and a value of at most 256", t.Key)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return core.Errorf("ValidationError", "Tag key '%s' must not start with 'aws:', which is reserved for system use", t.Key)
		}
		seen[t.Key] = true
	}
	return checkTagText(tags)
}

// tagged finds the tags of any resource by ARN.
func (s *Service) tagged(arn string) (*[]Tag, error) {
	switch {
	case strings.Contains(arn, ":loadbalancer/"):
		lb, err := s.loadBalancer(arn)
		if err != nil {
			return nil, err
		}
		return &lb.tags, nil
	case strings.Contains(arn, ":listener/"):
		l, err := s.listener(arn)
		if err != nil {
			return nil, err
		}
		return &l.tags, nil
	case strings.Contains(arn, ":listener-rule/"):
		r, err := s.rule(arn)
		if err != nil {
			return nil, err
		}
		return &r.tags, nil
	default:
		g, err := s.group(arn)
		if err != nil {
			return nil, err
		}
		return &g.tags, nil
	}
}

// mergeTags sets the tags in add, which win over those in base.
func mergeTags(base, add []Tag) []Tag {
	values := map[string]string{}
	for _, t := range base {
		values[t.Key] = t.Value
	}
	for _, t := range add {
		values[t.Key] = t.Value
	}
	merged := make([]Tag, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		merged = append(merged, Tag{Key: key, Value: values[key]})
	}
	return merged
}

type addTagsInput struct {
	ResourceArns []string
	Tags         []Tag
}

func (s *Service) addTags(in addTagsInput) (any, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	for _, arn := range in.ResourceArns {
		tags, err := s.tagged(arn)
		if err != nil {
			return nil, err
		}
		merged := mergeTags(*tags, in.Tags)
		if len(merged) > maxTags {
			return nil, core.Errorf("TooManyTags", "You can apply at most %d tags to a resource", maxTags)
		}
		*tags = merged
	}
	return nil, nil
}

type removeTagsInput struct {
	ResourceArns []string
	TagKeys      []string
}

func (s *Service) removeTags(in removeTagsInput) (any, error) {
	for _, arn := range in.ResourceArns {
		tags, err := s.tagged(arn)
		if err != nil {
			return nil, err
		}
		*tags = slices.DeleteFunc(slices.Clone(*tags), func(t Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	}
	return nil, nil
}

type tagDescription struct {
	ResourceArn string
	Tags        []Tag `xml:"Tags>member"`
}

type tagsOut struct {
	TagDescriptions []tagDescription `xml:"TagDescriptions>member"`
}

type describeTagsInput struct{ ResourceArns []string }

func (s *Service) describeTags(in describeTagsInput) (any, error) {
	if n := len(in.ResourceArns); n == 0 || n > maxTagDescription {
		return nil, core.Errorf("ValidationError", "Between 1 and %d resource ARNs must be specified, got %d", maxTagDescription, n)
	}
	var out tagsOut
	for _, arn := range in.ResourceArns {
		tags, err := s.tagged(arn)
		if err != nil {
			return nil, err
		}
		out.TagDescriptions = append(out.TagDescriptions, tagDescription{ResourceArn: arn, Tags: *tags})
	}
	return out, nil
}

type describeAccountLimitsInput struct {
	Marker   string
	PageSize *int
}

type limit struct {
	Name string
	Max  string
}

type limitsOut struct {
	Limits     []limit `xml:"Limits>member"`
	NextMarker string  `xml:",omitempty"`
}

func (s *Service) describeAccountLimits(in describeAccountLimitsInput) (any, error) {
	limits := []limit{
		{"application-load-balancers", strconv.Itoa(maxLoadBalancers)},
		{"listeners-per-application-load-balancer", strconv.Itoa(maxListeners)},
		{"rules-per-application-load-balancer", strconv.Itoa(s.opts.RulesPerLoadBalancer)},
		{"target-groups-per-application-load-balancer", strconv.Itoa(s.opts.TargetGroupsPerLoadBalancer)},
		{"targets-per-application-load-balancer", strconv.Itoa(s.opts.TargetsPerGroup)},
		{"target-groups-per-action-on-application-load-balancer", strconv.Itoa(maxGroupsPerForward)},
		{"condition-values-per-alb-rule", strconv.Itoa(maxConditionValues)},
		{"condition-wildcards-per-alb-rule", strconv.Itoa(maxConditionWildcards)},
	}
	page, next, err := paginate(limits, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	return limitsOut{Limits: page, NextMarker: next}, nil
}
