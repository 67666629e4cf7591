// Package logs simulates the CloudWatch Logs resource that a stack brings: the
// log group. Nothing is ever logged to it, but tasks can't start without theirs.
//
// It imports the standard library and internal/awssim/core only.
package logs

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

var (
	groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	// tagText is what keys and values of tags may be made of.
	tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// Service holds the account's log groups.
type Service struct {
	world  *core.World
	groups map[string]bool
	// protected are the groups that can't be deleted.
	protected map[string]bool
}

// New returns CloudWatch Logs without groups.
func New(w *core.World) *Service {
	return &Service{world: w, groups: map[string]bool{}, protected: map[string]bool{}}
}

// Names lists the log groups. The caller holds the world's lock.
func (s *Service) Names() []string { return slices.Sorted(maps.Keys(s.groups)) }

// Use tells whether there is a log group, and creates it before if create is true.
// The caller holds the world's lock.
func (s *Service) Use(name string, create bool) bool {
	if create {
		s.groups[name] = true
	}
	return s.groups[name]
}

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

		"DeletionProtectionEnabled": core.Bool(),
		"ResourcePolicyDocument":    {}, // nobody is kept out
	})
}

type groupProvider struct{ service *Service }

// Type implements core.Provider.
func (p groupProvider) Type() string { return "AWS::Logs::LogGroup" }

// Validate implements core.Provider.
func (p groupProvider) Validate(properties map[string]any) error {
	return groupSchema().Validate(properties)
}

// Taken implements core.Named.
func (p groupProvider) Taken(properties map[string]any) (name string, taken bool) {
	name, _ = properties["LogGroupName"].(string)
	return name, p.service.groups[name]
}

type groupProperties struct {
	LogGroupName         string
	RetentionInDays      int
	KmsKeyId             string
	LogGroupClass        string
	DataProtectionPolicy any
	FieldIndexPolicies   []any
	Tags                 []core.Tag

	DeletionProtectionEnabled bool
	ResourcePolicyDocument    any
}

// Create implements core.Provider.
func (p groupProvider) Create(ref core.StackRef, properties map[string]any, done func(core.Created, error)) {
	done(p.create(ref, properties))
}

func (p groupProvider) create(ref core.StackRef, properties map[string]any) (core.Created, error) {
	var in groupProperties
	if err := core.DecodeProperties(properties, &in); err != nil {
		return core.Created{}, err
	}
	w := p.service.world
	if in.LogGroupName == "" {
		in.LogGroupName = ref.StackName + "-" + ref.LogicalID + "-" + w.HexID(12)
	}
	if err := in.check(ref.Tags); err != nil {
		return core.Created{}, err
	}
	name := in.LogGroupName
	if p.service.groups[name] {
		return core.Created{}, core.Errorf("ResourceAlreadyExistsException", `Resource of type 'AWS::Logs::LogGroup' with identifier '{"/properties/LogGroupName":"%s"}' already exists.`, name)
	}
	p.service.groups[name] = true
	if in.DeletionProtectionEnabled {
		p.service.protected[name] = true
	}
	return core.Created{
		PhysicalID: name,
		Attributes: map[string]any{"Arn": w.ARN("logs", "log-group:"+name+":*")},
	}, nil
}

// check refuses what CloudWatch Logs would refuse, also of the stack's tags.
func (in groupProperties) check(stackTags []core.Tag) error {
	switch {
	case !groupName.MatchString(in.LogGroupName):
		return invalidMember("logGroupName", in.LogGroupName, `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	case strings.HasPrefix(in.LogGroupName, "aws/"):
		return invalid("Log group names can't start with aws/")
	case len(in.KmsKeyId) > 256:
		return invalidMember("kmsKeyId", in.KmsKeyId, "Member must have length less than or equal to 256")
	case len(in.Tags) > 50:
		return invalidMember("tags", "", "Member must have length less than or equal to 50")
	}
	for _, tag := range in.Tags {
		if strings.HasPrefix(strings.ToLower(tag.Key), "aws:") {
			return invalid("Tag keys starting with aws: are reserved")
		}
	}
	for _, tag := range slices.Concat(in.Tags, stackTags) {
		if !tagText.MatchString(tag.Key) || !tagText.MatchString(tag.Value) {
			return invalidMember("tags", tag.Key+"="+tag.Value, `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return core.Errorf("InvalidParameterException", format, args...)
}

func invalidMember(member, value, constraint string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}

// Delete implements core.Provider. Protection blocks it until it is disabled (API
// reference, CreateLogGroup); the words aren't AWS's.
func (p groupProvider) Delete(_ core.StackRef, physicalID string, done func(error)) {
	if p.service.protected[physicalID] {
		done(core.Errorf("ValidationException", "The log group %s has deletion protection enabled", physicalID))
		return
	}
	delete(p.service.groups, physicalID)
	done(nil)
}
