// Package logs simulates the CloudWatch Logs resource that a stack brings: the
// log group. Nothing is ever logged to it.
//
// It imports the standard library and internal/awssim/core only.
package logs

import (
	"maps"
	"regexp"
	"slices"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// Service holds the account's log groups.
type Service struct {
	world  *core.World
	groups map[string]bool
}

// New returns CloudWatch Logs without groups.
func New(w *core.World) *Service { return &Service{world: w, groups: map[string]bool{}} }

// Names lists the log groups. The caller holds the world's lock.
func (s *Service) Names() []string { return slices.Sorted(maps.Keys(s.groups)) }

// Providers implements core.ProviderSet.
func (s *Service) Providers() []core.Provider { return []core.Provider{groupProvider{s}} }

func groupSchema() core.Schema {
	retention := core.Int()
	retention.Enum = []string{ // days
		"1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365", "400", "545", "731",
		"1096", "1827", "2192", "2557", "2922", "3288", "3653",
	}
	return core.Object(map[string]core.Schema{
		"LogGroupName":         core.String(),
		"RetentionInDays":      retention,
		"KmsKeyId":             core.String(),
		"LogGroupClass":        core.String("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
		"DataProtectionPolicy": {},
		"FieldIndexPolicies":   core.ListOf(core.Schema{}),
		"Tags":                 core.TagList(),
	})
}

type groupProvider struct{ service *Service }

// Type implements core.Provider.
func (p groupProvider) Type() string { return "AWS::Logs::LogGroup" }

// Validate implements core.Provider.
func (p groupProvider) Validate(properties map[string]any) error {
	return groupSchema().Validate(properties)
}

// Create implements core.Provider.
func (p groupProvider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	name, _ := properties["LogGroupName"].(string)
	if name == "" {
		name = ref.StackName + "-" + ref.LogicalID + "-" + p.service.world.HexID(12)
	}
	if !groupName.MatchString(name) {
		done(core.Created{}, core.Errorf("InvalidParameterException", "1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", name))
		return
	}
	if p.service.groups[name] {
		done(core.Created{}, core.Errorf("ResourceAlreadyExistsException", `Resource of type 'AWS::Logs::LogGroup' with identifier '{"/properties/LogGroupName":"%s"}' already exists.`, name))
		return
	}
	p.service.groups[name] = true
	done(core.Created{
		PhysicalID: name,
		Attributes: map[string]any{"Arn": p.service.world.ARN("logs", "log-group:"+name+":*")},
	}, nil)
}

// Delete implements core.Provider.
func (p groupProvider) Delete(_ core.StackRef, physicalID string, done func(error)) {
	delete(p.service.groups, physicalID)
	done(nil)
}
