package cfn

import (
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// Limits are the account's quotas and the sizes of answers.
type Limits struct {
	// Stacks is how many stacks may exist at once; AWS's default is 2000.
	Stacks int
	// PageSize is how many items one page of a listing holds.
	PageSize int
}

// Service is CloudFormation in one account and region.
type Service struct {
	world     *core.World
	limits    Limits
	providers map[string]core.Provider
	// stacks holds every stack, deleted ones too, in order of creation.
	stacks []*stack
	// byName holds the stacks that aren't deleted.
	byName map[string]*stack
	byID   map[string]*stack
	// tokens remembers which stack a ClientRequestToken created.
	tokens map[string]*stack
	// trouble is asked whether resources fail; nil is never.
	trouble Trouble
	// objector is asked what is objected to resources; nil is never anything.
	objector Objector
}

// New returns CloudFormation which creates resources through the given
// providers. Zero limits take AWS's values.
func New(w *core.World, limits Limits, sets ...core.ProviderSet) *Service {
	if limits.Stacks == 0 {
		limits.Stacks = 2000
	}
	if limits.PageSize == 0 {
		limits.PageSize = 100
	}
	s := &Service{
		world: w, limits: limits, providers: map[string]core.Provider{},
		byName: map[string]*stack{}, byID: map[string]*stack{}, tokens: map[string]*stack{},
	}
	for _, set := range sets {
		for _, p := range set.Providers() {
			s.providers[p.Type()] = p
		}
	}
	return s
}

// SigningName implements core.QueryService.
func (s *Service) SigningName() string { return "cloudformation" }

// Namespace implements core.QueryService.
func (s *Service) Namespace() string { return "http://cloudformation.amazonaws.com/doc/2010-05-15/" }

// Query implements core.QueryService.
func (s *Service) Query() map[string]core.QueryFunc {
	return map[string]core.QueryFunc{
		"CreateStack":                 handler(s.createStack),
		"UpdateStack":                 handler(s.updateStack),
		"DeleteStack":                 handler(s.deleteStack),
		"DescribeStacks":              handler(s.describeStacks),
		"DescribeStackEvents":         handler(s.describeStackEvents),
		"DescribeEvents":              handler(s.describeEvents),
		"DescribeStackResources":      handler(s.describeStackResources),
		"ListStackResources":          handler(s.listStackResources),
		"ListStacks":                  handler(s.listStacks),
		"GetTemplate":                 handler(s.getTemplate),
		"ValidateTemplate":            handler(s.validateTemplate),
		"UpdateTerminationProtection": handler(s.updateTerminationProtection),
	}
}

// handler decodes the parameters of an action into its input struct.
func handler[In any](f func(In) (any, error)) core.QueryFunc {
	return func(values url.Values) (any, error) {
		var in In
		if err := core.DecodeQuery(values, &in); err != nil {
			return nil, err
		}
		return f(in)
	}
}

// find looks a stack up as AWS does: by name only while it isn't deleted, by ID
// always.
func (s *Service) find(nameOrID string) *stack {
	if st := s.byName[nameOrID]; st != nil {
		return st
	}
	return s.byID[nameOrID]
}

// Resource is the truth about one resource of a stack.
type Resource struct {
	LogicalID  string
	PhysicalID string
	Type       string
	Status     string
	Reason     string
}

// Stack is the truth about one stack.
type Stack struct {
	Name      string
	ID        string
	Status    string
	Reason    string
	Template  string
	Tags      map[string]string
	Outputs   map[string]string
	Resources []Resource
	CreatedAt time.Time
}

// Stacks returns every stack, deleted ones too, in order of creation. The
// caller holds the world's lock.
func (s *Service) Stacks() []Stack {
	all := make([]Stack, 0, len(s.stacks))
	for _, st := range s.stacks {
		truth := Stack{
			Name: st.name, ID: st.id, Status: st.status, Reason: st.reason, Template: st.template.body,
			Tags: map[string]string{}, Outputs: map[string]string{}, CreatedAt: st.createdAt,
		}
		for _, tag := range st.tags {
			truth.Tags[tag.Key] = tag.Value
		}
		for _, out := range st.outputs {
			truth.Outputs[out.OutputKey] = out.OutputValue
		}
		for _, id := range slices.Sorted(maps.Keys(st.resources)) {
			r := st.resources[id]
			if r.status != "" {
				truth.Resources = append(truth.Resources, Resource{
					LogicalID: r.id, PhysicalID: r.physicalID, Type: r.spec.Type, Status: r.status, Reason: r.reason,
				})
			}
		}
		all = append(all, truth)
	}
	return all
}
