package cfn

import (
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const (
	maxTemplateBody = 51200
	maxTags         = 50
	maxParameters   = 200
)

var (
	stackNamePattern = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]*$`)
	tokenPattern     = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9]*$`)
	capabilityNames  = []string{"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"}
	onFailureValues  = []string{"DO_NOTHING", "ROLLBACK", "DELETE"}
	deletionModes    = []string{"STANDARD", "FORCE_DELETE_STACK"}
)

type parameterIn struct {
	ParameterKey     string
	ParameterValue   string
	UsePreviousValue bool
}

type createStackIn struct {
	StackName                   string
	TemplateBody                *string
	TemplateURL                 *string
	Parameters                  []parameterIn
	Capabilities                []string
	ClientRequestToken          string
	DeploymentConfig            *deploymentConfigIn
	DisableRollback             *bool
	DisableValidation           *bool
	EnableTerminationProtection bool
	NotificationARNs            []string
	OnFailure                   string
	ResourceTypes               []string
	RetainExceptOnCreate        bool
	RoleARN                     string
	Tags                        []core.Tag
	TimeoutInMinutes            *int
}

// constraint is the refusal of a value outside an API's model.
func constraint(value, member, text string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, text)
}

func checkCreateStack(in createStackIn) error {
	if err := checkStackName(in.StackName); err != nil {
		return err
	}
	if err := checkTemplateSource(in.TemplateBody, in.TemplateURL); err != nil {
		return err
	}
	if in.OnFailure != "" && !slices.Contains(onFailureValues, in.OnFailure) {
		return constraint(in.OnFailure, "onFailure", "Member must satisfy enum value set: [DO_NOTHING, ROLLBACK, DELETE]")
	}
	if err := checkRollback(in); err != nil {
		return err
	}
	if in.TimeoutInMinutes != nil && *in.TimeoutInMinutes < 1 {
		return constraint("0", "timeoutInMinutes", "Member must have value greater than or equal to 1")
	}
	if len(in.Parameters) > maxParameters {
		return constraint("[...]", "parameters", "Member must have length less than or equal to 200")
	}
	if err := checkCommon(in.ClientRequestToken, in.RoleARN, in.Capabilities); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

func checkStackName(name string) error {
	if !stackNamePattern.MatchString(name) {
		return constraint(name, "stackName", "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
	}
	if len(name) > 128 {
		return constraint(name, "stackName", "Member must have length less than or equal to 128")
	}
	return nil
}

func checkTemplateSource(body, address *string) error {
	if address != nil {
		return checkTemplateURL(*address)
	}
	if body == nil {
		return invalid("Either Template URL or Template Body must be specified.")
	}
	if *body == "" {
		return constraint("", "templateBody", "Member must have length greater than or equal to 1")
	}
	if len(*body) > maxTemplateBody {
		return constraint((*body)[:64]+"...", "templateBody", "Member must have length less than or equal to 51200")
	}
	return nil
}

// s3Host is the host of an address in S3, by path or by bucket.
var s3Host = regexp.MustCompile(`^(.+\.)?s3[.-]([a-z0-9-]+\.)?amazonaws\.com(\.cn)?$`)

// checkTemplateURL refuses an address as AWS was recorded to do: the first two by
// LocalStack, in test_templates.snapshot.json of localstack-core 4.0.3. Nothing is
// read from S3 here.
func checkTemplateURL(address string) error {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Scheme != "s3" && !s3Host.MatchString(parsed.Host):
		return invalid("TemplateURL must be a supported URL.")
	case parsed.Scheme == "s3":
		return invalid("S3 error: Domain name specified in %s is not a valid S3 domain", parsed.Host)
	}
	return invalid("TemplateURL is not simulated: send the template as TemplateBody")
}

func checkCommon(token, roleARN string, capabilities []string) error {
	if token != "" && !tokenPattern.MatchString(token) {
		return constraint(token, "clientRequestToken", "Member must satisfy regular expression pattern: [a-zA-Z0-9][-a-zA-Z0-9]*")
	}
	if len(token) > 128 {
		return constraint(token, "clientRequestToken", "Member must have length less than or equal to 128")
	}
	if roleARN != "" && (!strings.HasPrefix(roleARN, "arn:") || !strings.Contains(roleARN, ":role/")) {
		return invalid("Role %s is invalid or cannot be assumed", roleARN)
	}
	for _, c := range capabilities {
		if !slices.Contains(capabilityNames, c) {
			return constraint("["+c+"]", "capabilities", "Member must satisfy constraint: [Member must satisfy enum value set: [CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]]")
		}
	}
	return nil
}

func checkTags(tags []core.Tag) error {
	if len(tags) > maxTags {
		return constraint("[...]", "tags", "Member must have length less than or equal to 50")
	}
	seen := map[string]bool{}
	for _, tag := range tags {
		switch {
		case tag.Key == "" || len(tag.Key) > 128:
			return constraint(tag.Key, "tags.member.key", "Member must have length between 1 and 128")
		case tag.Value == "":
			return constraint(tag.Value, "tags.member.value", "Member must have length greater than or equal to 1")
		case len(tag.Value) > 256:
			return constraint(tag.Value, "tags.member.value", "Member must have length less than or equal to 256")
		case strings.HasPrefix(strings.ToLower(tag.Key), "aws:"):
			return invalid("aws: prefixed tag key names are not allowed for external use.")
		case seen[tag.Key]:
			return invalid("Tags cannot contain duplicate keys: %s", tag.Key)
		}
		seen[tag.Key] = true
	}
	return nil
}

func checkDeleteStack(in deleteStackIn) error {
	if in.StackName == "" {
		return constraint("", "stackName", "Member must have length greater than or equal to 1")
	}
	if in.DeletionMode != "" && !slices.Contains(deletionModes, in.DeletionMode) {
		return constraint(in.DeletionMode, "deletionMode", "Member must satisfy enum value set: [FORCE_DELETE_STACK, STANDARD]")
	}
	if err := in.DeploymentConfig.check(); err != nil {
		return err
	}
	return checkCommon(in.ClientRequestToken, in.RoleARN, nil)
}

type stackIDOut struct {
	StackID     string `xml:"StackId"`
	OperationID string `xml:"OperationId,omitempty"`
}

func (s *Service) createStack(in createStackIn) (any, error) {
	if err := checkCreateStack(in); err != nil {
		return nil, err
	}
	t, err := parseTemplate(*in.TemplateBody, s.providers)
	if err != nil {
		return nil, err
	}
	values, err := t.bindParameters(in.Parameters, nil)
	if err != nil {
		return nil, err
	}
	if answer, err := s.replay(in); answer != nil || err != nil {
		return answer, err
	}
	if len(s.byName) >= s.limits.Stacks {
		return nil, core.Errorf("LimitExceededException", "Limit for stack has been exceeded")
	}
	st, err := s.newStack(in, t, values)
	if err != nil {
		return nil, err
	}
	s.stacks = append(s.stacks, st)
	s.byName[st.name], s.byID[st.id] = st, st
	if in.ClientRequestToken != "" {
		s.tokens[in.ClientRequestToken] = st
	}
	st.begin()
	return stackIDOut{st.id, st.operation().id}, nil
}

// replay answers a CreateStack whose token was used before, or whose name is
// taken, as recorded on AWS: the same request is answered with the same stack,
// another one with the same token is refused. What a token means once its stack
// is deleted isn't recorded: the seed decides whether it is refused or as good
// as new.
func (s *Service) replay(in createStackIn) (answer any, err error) {
	if used := s.tokens[in.ClientRequestToken]; used != nil && in.ClientRequestToken != "" && used.name == in.StackName {
		gone := used.status == deleteComplete
		switch {
		case gone && s.world.Rand().IntN(2) == 0:
		case gone, !reflect.DeepEqual(used.made, in):
			return nil, core.Errorf("TokenAlreadyExistsException",
				"The client request token %s has already been used for this stack. Retry the request with a different client request token", in.ClientRequestToken)
		default:
			return stackIDOut{StackID: used.id}, nil
		}
	}
	if s.byName[in.StackName] != nil {
		return nil, core.Errorf("AlreadyExistsException", "Stack [%s] already exists", in.StackName)
	}
	return nil, nil
}

func (s *Service) newStack(in createStackIn, t *template, values map[string]string) (*stack, error) {
	st := &stack{
		svc: s, sequence: len(s.stacks), name: in.StackName,
		id:       s.world.ARN("cloudformation", "stack/"+in.StackName+"/"+s.world.UUID()),
		template: t, values: values, resources: map[string]*resource{}, tags: in.Tags,
		description: t.Description, capabilities: in.Capabilities, notificationARNs: in.NotificationARNs,
		roleARN: in.RoleARN, onFailure: in.onFailure(), mode: in.DeploymentConfig.mode(), retainExceptOnCreate: in.RetainExceptOnCreate,
		terminationProtection: in.EnableTerminationProtection, token: in.ClientRequestToken,
		unvalidated: in.DisableValidation != nil && *in.DisableValidation, made: in,
	}
	st.createdAt = st.now()
	if in.TimeoutInMinutes != nil {
		st.timeoutInMinutes = *in.TimeoutInMinutes
	}
	var err error
	if st.scope, st.edges, err = st.plan(t, values); err != nil {
		return nil, err
	}
	for id := range st.edges {
		st.resources[id] = &resource{id: id, spec: t.Resources[id]}
	}
	return st, nil
}

// plan evaluates a template's conditions and orders its resources.
func (st *stack) plan(t *template, values map[string]string) (*scope, map[string][]string, error) {
	sc := newScope(st.svc.world, st.name, st.id, t, values)
	if err := sc.evaluateConditions(t); err != nil {
		return nil, nil, err
	}
	edges, err := t.graph(sc.conditions)
	if err == nil {
		err = st.checkFunctions(t, sc, edges)
	}
	st.bindScope(sc)
	return sc, edges, err
}
