package ssm

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxLabels is how many labels a version may have.
const maxLabels = 10

var labelPattern = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]*$`)

type labelIn struct {
	Name             string
	ParameterVersion int64
	Labels           []string
}

// labelParameterVersion attaches labels to a version, the latest by default. They
// leave the version that had them.
func (s *Service) labelParameterVersion(in labelIn) (any, error) {
	p := s.lookup(strings.TrimSpace(in.Name))
	if p == nil || strings.HasPrefix(in.Name, "arn:") {
		return nil, notFound()
	}
	v := p.latest()
	if in.ParameterVersion != 0 {
		number := strconv.FormatInt(in.ParameterVersion, 10)
		if v = p.selected(number); v == nil {
			return nil, versionNotFound(number, p.name)
		}
	}
	good, bad, err := sortLabels(in.Labels)
	if err != nil {
		return nil, err
	}
	labels := slices.Clone(v.labels)
	for _, label := range good {
		if !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	if len(labels) > maxLabels {
		return nil, core.Errorf("ParameterVersionLabelLimitExceeded", "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again.")
	}
	for _, other := range p.versions {
		other.labels = slices.DeleteFunc(other.labels, func(label string) bool { return slices.Contains(good, label) })
	}
	v.labels = labels
	return struct {
		InvalidLabels    []string
		ParameterVersion int64
	}{bad, v.number}, nil
}

// sortLabels tells labels that may be from those that may not.
func sortLabels(labels []string) (good, bad []string, err error) {
	bad = []string{}
	for _, label := range labels {
		lower := strings.ToLower(label)
		switch {
		case label == "" || len(label) > 100:
			return nil, nil, invalidMember("["+label+"]", "labels", "Member must satisfy constraint: [Member must have length less than or equal to 100, Member must have length greater than or equal to 1]")
		case strings.HasPrefix(lower, "aws"), strings.HasPrefix(lower, "ssm"), !labelPattern.MatchString(label):
			bad = append(bad, label)
		default:
			good = append(good, label)
		}
	}
	if len(labels) == 0 || len(labels) > maxLabels {
		return nil, nil, invalidMember("["+strings.Join(labels, ", ")+"]", "labels", "Member must have length between 1 and 10")
	}
	return good, bad, nil
}
