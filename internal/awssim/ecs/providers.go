package ecs

import (
	"errors"
	"fmt"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Providers lists the CloudFormation resource types.
func (s *Service) Providers() []core.Provider {
	return []core.Provider{
		&clusterProvider{s},
		&definitionProvider{s},
		&serviceProvider{s: s, waiting: map[string]*waiter{}},
	}
}

// handlerError adds to a refusal what the resource handlers tell of the call.
func (s *Service) handlerError(err error) error {
	var refused *core.APIError
	if !errors.As(err, &refused) {
		return err
	}
	return &core.APIError{Status: refused.Status, Code: refused.Code, Message: fmt.Sprintf(
		"%s (Service: AmazonECS; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
		refused.Message, refused.Status, refused.Code, s.world.UUID())}
}

func errorCode(err error) string {
	var refused *core.APIError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}

// stackTags are the stack's tags in this service's type.
func stackTags(ref core.StackRef) []Tag {
	tags := make([]Tag, len(ref.Tags))
	for i, t := range ref.Tags {
		tags[i] = Tag(t)
	}
	return tags
}

// generatedName is like CloudFormation's for a resource without a name.
func (s *Service) generatedName(ref core.StackRef) string {
	return fmt.Sprintf("%s-%s-%s", ref.StackName, ref.LogicalID, s.world.HexID(12))
}

type clusterProvider struct{ s *Service }

type clusterProperties struct {
	ClusterName                     string
	ClusterSettings                 []nameValue
	CapacityProviders               []string
	DefaultCapacityProviderStrategy []capacityStrategy
	Tags                            []Tag
	Configuration                   *clusterConfiguration
}

func (p *clusterProvider) Type() string { return "AWS::ECS::Cluster" }

func (p *clusterProvider) Validate(properties map[string]any) error {
	return clusterSchema.Validate(properties)
}

// Taken implements core.Named.
func (p *clusterProvider) Taken(properties map[string]any) (name string, taken bool) {
	name, _ = properties["ClusterName"].(string)
	if name == "" {
		return "", false
	}
	_, err := p.s.cluster(name)
	return name, err == nil
}

func (p *clusterProvider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	if err := clusterSchema.CheckSimulated(properties); err != nil {
		done(core.Created{}, err)
		return
	}
	var in clusterProperties
	if err := core.DecodeProperties(properties, &in); err != nil {
		done(core.Created{}, err)
		return
	}
	if in.ClusterName == "" {
		in.ClusterName = p.s.generatedName(ref)
	}
	if _, err := p.s.cluster(in.ClusterName); err == nil {
		done(core.Created{}, core.Errorf("AlreadyExists", "Resource of type 'AWS::ECS::Cluster' with identifier '%s' already exists.", in.ClusterName))
		return
	}
	if err := checkTagText(stackTags(ref)); err != nil {
		done(core.Created{}, p.s.handlerError(err))
		return
	}
	c, err := p.s.addCluster(createClusterInput{
		ClusterName: in.ClusterName, Settings: in.ClusterSettings, CapacityProviders: in.CapacityProviders,
		DefaultCapacityProviderStrategy: in.DefaultCapacityProviderStrategy, Tags: in.Tags, Configuration: in.Configuration,
	})
	if err != nil {
		done(core.Created{}, p.s.handlerError(err))
		return
	}
	c.tags = mergeTags(stackTags(ref), c.tags)
	done(core.Created{PhysicalID: c.name, Attributes: map[string]any{"Arn": c.arn}}, nil)
}

// Deleting a cluster whose tasks are just ending is tried again a few times.
const (
	deleteAttempts = 6
	deletePause    = 10 * time.Second
)

func (p *clusterProvider) Delete(_ core.StackRef, name string, done func(error)) {
	p.tryDelete(name, 1, done)
}

func (p *clusterProvider) tryDelete(name string, attempt int, done func(error)) {
	if name == "" {
		done(nil)
		return
	}
	_, err := p.s.deleteCluster(deleteClusterInput{Cluster: name})
	switch code := errorCode(err); {
	case code == "ClusterNotFoundException":
		done(nil)
	case err != nil && attempt < deleteAttempts:
		p.s.world.After(deletePause, func() { p.tryDelete(name, attempt+1, done) })
	default:
		done(p.s.handlerError(err))
	}
}

type definitionProvider struct{ s *Service }

func (p *definitionProvider) Type() string { return "AWS::ECS::TaskDefinition" }

func (p *definitionProvider) Validate(properties map[string]any) error {
	return definitionSchema.Validate(properties)
}

func (p *definitionProvider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	if err := definitionSchema.CheckSimulated(properties); err != nil {
		done(core.Created{}, err)
		return
	}
	var in registerInput
	if err := core.DecodeProperties(properties, &in); err != nil {
		done(core.Created{}, err)
		return
	}
	if in.Family == "" {
		in.Family = p.s.generatedName(ref)
	}
	if err := checkTagText(stackTags(ref)); err != nil {
		done(core.Created{}, p.s.handlerError(err))
		return
	}
	d, err := p.s.addDefinition(in)
	if err != nil {
		done(core.Created{}, p.s.handlerError(err))
		return
	}
	d.tags = mergeTags(stackTags(ref), d.tags)
	done(core.Created{PhysicalID: d.arn, Attributes: map[string]any{"TaskDefinitionArn": d.arn}}, nil)
}

func (p *definitionProvider) Delete(_ core.StackRef, arn string, done func(error)) {
	if arn != "" {
		// One that is gone already is as good as deregistered.
		_, _ = p.s.deregisterTaskDefinition(deregisterInput{TaskDefinition: arn})
	}
	done(nil)
}
