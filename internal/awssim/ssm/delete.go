package ssm

import (
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type deleteIn struct{ Name string }

func (s *Service) deleteParameter(in deleteIn) (any, error) {
	if !s.remove(in.Name) {
		return nil, notFound()
	}
	return nil, nil
}

type deleteManyIn struct{ Names []string }

func (s *Service) deleteParameters(in deleteManyIn) (any, error) {
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	out := struct{ DeletedParameters, InvalidParameters []string }{[]string{}, []string{}}
	for _, name := range in.Names {
		if s.remove(name) {
			out.DeletedParameters = append(out.DeletedParameters, name)
		} else {
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

// remove deletes a parameter of the account by its name: the API takes no ARN
// here.
func (s *Service) remove(name string) bool {
	name = strings.TrimSpace(name)
	return !strings.HasPrefix(name, "arn:") && s.Delete(name)
}

type tagsIn struct {
	ResourceType string
	ResourceId   string
	Tags         []core.Tag
}

func (s *Service) addTags(in tagsIn) (any, error) {
	p, err := s.tagged(in)
	if err != nil {
		return nil, err
	}
	for _, tag := range in.Tags {
		p.setTag(tag)
	}
	return nil, nil
}

func (p *parameter) setTag(tag core.Tag) {
	for i := range p.tags {
		if p.tags[i].Key == tag.Key {
			p.tags[i].Value = tag.Value
			return
		}
	}
	p.tags = append(p.tags, tag)
}

func (s *Service) listTags(in tagsIn) (any, error) {
	p, err := s.tagged(in)
	if err != nil {
		return nil, err
	}
	return struct{ TagList []core.Tag }{append([]core.Tag{}, p.tags...)}, nil
}

// tagged finds the parameter whose tags a request is about.
func (s *Service) tagged(in tagsIn) (*parameter, error) {
	if in.ResourceType != "Parameter" {
		return nil, invalid("Tags of the resource type %s are not simulated", in.ResourceType)
	}
	p := s.lookup(in.ResourceId)
	if p == nil || strings.HasPrefix(in.ResourceId, "arn:") {
		return nil, core.Errorf("InvalidResourceId", "The resource ID isn't valid. Verify that you entered the correct ID and try again.")
	}
	return p, nil
}
