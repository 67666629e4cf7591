package ecs

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

var (
	secretARN     = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+$`)
	parameterARN  = regexp.MustCompile(`^arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]+$`)
	parameterName = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)
)

// check refuses what refers to no secret. What isn't the ARN of a secret is taken
// for a parameter, which can have neither a version nor a label. The words are
// those of AWS for a name (aws/containers-roadmap#859, aws/copilot-cli#3446); that
// an ARN is refused with them, too, isn't known.
func (s *secret) check() error {
	if secretARN.MatchString(s.ValueFrom) || parameterARN.MatchString(s.ValueFrom) || parameterName.MatchString(s.ValueFrom) && len(s.ValueFrom) <= 2048 {
		return nil
	}
	return clientError("The Systems Manager parameter name specified for secret %s is invalid. "+
		"The parameter name can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-", s.Name)
}

// Refusal says with which error code AWS refuses what a task's execution role asks
// for before the task starts: an action, such as ssm:GetParameters, on a resource.
// "" doesn't refuse it.
type Refusal func(roleARN, action, resource string) (code string)

// SetRefusal has AWS refuse execution roles; nil ends that. Tasks that run go on. It
// is asked with the world's lock held.
func (s *Service) SetRefusal(f Refusal) { s.refusal = f }

// The actions by which secrets are read.
const (
	getParameters  = "ssm:GetParameters"
	getSecretValue = "secretsmanager:GetSecretValue"
)

// What ECS says first of secrets that it can't give to a task on Fargate, as users
// reported it in 2026; what it says of registries is older.
const (
	unpulled         = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
	noParameters     = unpulled + "unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
	noSecret         = unpulled + "unable to retrieve secret from asm: "
	noAuthorization  = unpulled + "unable to get registry auth from asm: "
	authorizingCalls = "service call has been retried 1 time(s): asm fetching secret from the service for "
)

// pull gets the task its secrets, as ECS does at each start of a task, and returns
// why it can't, in ECS's words; "" if it can.
func (s *Service) pull(t *task) (reason string) {
	t.secrets = map[string]map[string]string{}
	for i := range t.definition.ContainerDefinitions {
		c := &t.definition.ContainerDefinitions[i]
		if c.RepositoryCredentials == nil {
			continue
		}
		if reason := s.authorize(t, c.RepositoryCredentials.CredentialsParameter); reason != "" {
			return reason
		}
	}
	if reason := s.pullParameters(t); reason != "" {
		return reason
	}
	return s.pullSecrets(t)
}

// references are what the containers of a task refer to, with those of their logs.
func (t *task) references(of func(valueFrom string) bool, each func(c *container, ref secret)) {
	for i := range t.definition.ContainerDefinitions {
		c := &t.definition.ContainerDefinitions[i]
		for _, ref := range c.Secrets {
			if of(ref.ValueFrom) {
				each(c, ref)
			}
		}
		if c.LogConfiguration == nil {
			continue
		}
		for _, ref := range c.LogConfiguration.SecretOptions {
			if of(ref.ValueFrom) {
				each(nil, ref)
			}
		}
	}
}

// give makes a value part of the environment of a container.
func (t *task) give(c *container, name, value string) {
	if c == nil {
		return // an option of the log driver
	}
	if t.secrets[c.Name] == nil {
		t.secrets[c.Name] = map[string]string{}
	}
	t.secrets[c.Name][name] = value
}

// pullParameters gets the parameters, which ECS asks for all at once.
func (s *Service) pullParameters(t *task) (reason string) {
	if s.opts.Parameter == nil {
		return ""
	}
	refused, missing := "", []string{}
	t.references(func(from string) bool { return !secretARN.MatchString(from) }, func(c *container, ref secret) {
		arn := s.parameterARN(ref.ValueFrom)
		if refused == "" {
			refused = s.refused(t, getParameters, arn)
		}
		value, found := s.opts.Parameter(ref.ValueFrom)
		if !found {
			_, name, _ := strings.Cut(arn, ":parameter")
			missing = append(missing, name)
		}
		t.give(c, ref.Name, value)
	})
	agent := "Fetching secret data from SSM Parameter Store in " + s.world.Region + ": "
	switch {
	case refused != "":
		return t.either(noParameters, agent) + refused
	case len(missing) > 0:
		return t.either(noParameters+"invalid ssm parameters: ", agent+"invalid parameters: ") + strings.Join(missing, ", ")
	default:
		return ""
	}
}

func (s *Service) parameterARN(reference string) string {
	if strings.HasPrefix(reference, "arn:") {
		return reference
	}
	return s.world.ARN("ssm", "parameter/"+strings.TrimPrefix(reference, "/"))
}

// pullSecrets gets the secrets one by one.
func (s *Service) pullSecrets(t *task) (reason string) {
	if s.opts.Secret == nil {
		return ""
	}
	t.references(secretARN.MatchString, func(c *container, ref secret) {
		if reason != "" {
			return
		}
		var value string
		if value, reason = s.pullSecret(t, ref.ValueFrom); reason == "" {
			t.give(c, ref.Name, value)
		}
	})
	return reason
}

// pullSecret gets a secret, a version of it, or a member of the JSON object that it
// is.
func (s *Service) pullSecret(t *task, reference string) (value, reason string) {
	parts := strings.Split(reference, ":")
	id := strings.Join(parts[:7], ":")
	var key, stage, version string
	switch len(parts) {
	case 7:
	case 10:
		key, stage, version = parts[7], parts[8], parts[9]
	default:
		return "", t.either(noSecret, "") + ("trying to retrieve secret with value " + reference + " resulted in error: " +
			"an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again.")
	}
	if refused := s.refused(t, getSecretValue, id); refused != "" {
		return "", t.either(noSecret, "") + t.fetching(id) + refused
	}
	value, err := s.opts.Secret(id, stage, version)
	if err != nil {
		return "", t.either(noSecret, "") + t.fetching(id) + s.answered(getSecretValue, err)
	}
	if key == "" {
		return value, ""
	}
	value, err = member(value, key)
	if err != nil {
		return "", t.either(noSecret, "") + err.Error()
	}
	return value, ""
}

// either chooses the words of Fargate, or those of the agent on instances.
func (t *task) either(fargate, agent string) string {
	if t.instance != nil {
		return agent
	}
	return fargate
}

// fetching begins what goes wrong with a call for a secret; the agent's words are in
// asm.go of aws/amazon-ecs-agent.
func (t *task) fetching(id string) string {
	return t.either("service call has been retried 1 time(s): failed to fetch secret "+id+" from secrets manager: ",
		"ResourceInitializationError: The task can't retrieve the secret with ARN '"+id+"' from AWS Secrets Manager. Check that the secret ARN is correct: ")
}

// member is what a JSON object has by a key, in the words of the agent if it hasn't.
func member(text, key string) (string, error) {
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return "", err
	}
	value, found := object[key]
	if !found {
		return "", errors.New("retrieved secret from Secrets Manager did not contain json key " + key)
	}
	if text, ok := value.(string); ok {
		return text, nil
	}
	return fmt.Sprintf("%v", value), nil
}

// authorize gets the credentials for a registry, in the words of the agent (asm.go).
func (s *Service) authorize(t *task, id string) (reason string) {
	if s.opts.Secret == nil {
		return ""
	}
	text, err := s.opts.Secret(id, "", "")
	var auth struct{ Username, Password string }
	refused := s.refused(t, getSecretValue, id)
	switch {
	case refused != "":
		reason = authorizingCalls + id + ": " + refused
	case err != nil:
		reason = authorizingCalls + id + ": " + s.answered(getSecretValue, err)
	case json.Unmarshal([]byte(text), &auth) != nil:
		reason = "asm fetching authorization data: unable to unmarshal secret value, invalid schema"
	case auth.Username == "":
		reason = "asm fetching username: AuthorizationData is malformed, empty field"
	case auth.Password == "":
		reason = "asm fetching password: AuthorizationData is malformed, empty field"
	default:
		return ""
	}
	return t.either(noAuthorization, "") + reason
}

// refused is how the SDK for Go words that AWS refuses the execution role of a
// task; "" if it doesn't.
func (s *Service) refused(t *task, action, resource string) string {
	if s.refusal == nil {
		return ""
	}
	role := t.definition.ExecutionRoleArn
	switch code := s.refusal(role, action, resource); code {
	case "":
		return ""
	case "AccessDeniedException":
		user := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", s.world.Partition, s.world.Account, role[strings.LastIndex(role, "/")+1:], t.id)
		return s.answered(action, core.Errorf(code, "User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
			user, action, resource, action))
	case "ThrottlingException":
		return s.answered(action, core.Errorf(code, "Rate exceeded"))
	default:
		return s.answered(action, core.Errorf(code, "An error occurred on the server side."))
	}
}

// answered is how the SDK for Go words AWS's refusal of a call: errors that the
// API's model doesn't have are API errors.
func (s *Service) answered(action string, err error) string {
	operation := "Secrets Manager: GetSecretValue"
	if action == getParameters {
		operation = "SSM: GetParameters"
	}
	text := err.Error()
	if strings.HasPrefix(text, "AccessDenied") || strings.HasPrefix(text, "Throttling") || strings.HasPrefix(text, "Validation") {
		text = "api error " + text
	}
	return fmt.Sprintf("operation error %s, https response error StatusCode: 400, RequestID: %s, %s", operation, s.world.UUID(), text)
}

// Environment is the environment of a task's containers, with the secrets that it
// got when it started. Where containers have a variable of the same name, the first
// one's is told.
func (s *Service) Environment(taskARN string) map[string]string {
	for _, t := range s.tasks {
		if t.arn == taskARN {
			return t.environment()
		}
	}
	return nil
}

func (t *task) environment() map[string]string {
	all := map[string]string{}
	for i := range t.definition.ContainerDefinitions {
		c := &t.definition.ContainerDefinitions[i]
		for name, value := range c.environment() {
			if _, told := all[name]; !told {
				all[name] = value
			}
		}
		for name, value := range t.secrets[c.Name] {
			if _, told := all[name]; !told {
				all[name] = value
			}
		}
	}
	return all
}

// environment is a container's without its secrets; nil if there is none.
func (c *container) environment() map[string]string {
	if len(c.Environment) == 0 {
		return nil
	}
	plain := make(map[string]string, len(c.Environment))
	for _, v := range c.Environment {
		plain[v.Name] = v.Value
	}
	return plain
}
