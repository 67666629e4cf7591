package elb

import (
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

const (
	maxGroupsPerForward = 5
	maxActions          = 5
	maxWeight           = 999
	maxStickySeconds    = 604800
)

var (
	fixedStatus   = regexp.MustCompile(`^[245][0-9][0-9]$`)
	contentTypes  = []string{"", "text/plain", "text/css", "text/html", "application/javascript", "application/json"}
	redirectCodes = []string{"HTTP_301", "HTTP_302"}
)

// checkActions refuses what AWS refuses and returns the actions in the form in
// which AWS answers: in order and, for a single target group, in both forms.
// before is the rule that they replace, if any.
func (s *Service) checkActions(l *listener, in []Action, before *rule) ([]Action, error) {
	out, err := orderActions(in)
	if err != nil {
		return nil, err
	}
	for i := range out {
		final := i == len(out)-1
		if IsAuth(out[i].Type) == final {
			return nil, core.Errorf("InvalidLoadBalancerAction",
				"The last action must be of type 'forward', 'redirect' or 'fixed-response', and only the last")
		}
		if err := s.checkAction(l, &out[i], before); err != nil {
			return nil, err
		}
	}
	if err := s.checkVersions(l, targetGroups(out)); err != nil {
		return nil, err
	}
	if err := s.checkReach(l.lb, targetGroups(out)); err != nil {
		return nil, err
	}
	return out, s.checkAssociations(l.lb, targetGroups(out), before)
}

// orderActions sorts by Order and numbers the actions.
func orderActions(in []Action) ([]Action, error) {
	if len(in) == 0 {
		return nil, core.Errorf("ValidationError", "At least one action must be specified")
	}
	if len(in) > maxActions {
		return nil, core.Errorf("TooManyActions", "A rule can have at most %d actions", maxActions)
	}
	out := slices.Clone(in)
	for _, a := range out {
		if a.Order == nil && len(out) > 1 {
			return nil, core.Errorf("ValidationError", "Action order must be specified when there are multiple actions")
		}
	}
	if len(out) > 1 {
		slices.SortStableFunc(out, func(a, b Action) int { return *a.Order - *b.Order })
	}
	for i := 1; i < len(out); i++ {
		if *out[i].Order == *out[i-1].Order {
			return nil, core.Errorf("ValidationError", "Action order '%d' is used more than once", *out[i].Order)
		}
	}
	return out, nil
}

// IsAuth tells whether an action lets only some requests pass to the next one.
func IsAuth(kind string) bool {
	return strings.HasPrefix(kind, "authenticate-") || kind == "jwt-validation"
}

func (s *Service) checkAction(l *listener, a *Action, before *rule) error {
	if a.Type != "forward" && (a.ForwardConfig != nil || a.TargetGroupArn != "") {
		return core.Errorf("InvalidLoadBalancerAction", "An action of type '%s' cannot have a target group", a.Type)
	}
	switch a.Type {
	case "forward":
		return s.checkForward(a)
	case "redirect":
		return checkRedirect(a.RedirectConfig)
	case "fixed-response":
		return checkFixedResponse(a.FixedResponseConfig)
	case "authenticate-oidc", "authenticate-cognito":
		return checkAuth(l, a, before)
	case "jwt-validation":
		return checkJWT(l, a.JwtValidationConfig)
	case "":
		return core.Errorf("ValidationError", "An action type must be specified")
	default:
		return core.Errorf("ValidationError", "Action type '%s' must be one of "+
			"'[redirect, fixed-response, forward, authenticate-oidc, authenticate-cognito, jwt-validation]'", a.Type)
	}
}

func (s *Service) checkForward(a *Action) error {
	if a.ForwardConfig == nil {
		if a.TargetGroupArn == "" {
			return core.Errorf("ValidationError", "A target group ARN must be specified")
		}
		a.ForwardConfig = &ForwardConfig{TargetGroups: []TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}}
	}
	config := *a.ForwardConfig
	config.TargetGroups = slices.Clone(config.TargetGroups)
	groups := config.TargetGroups
	if len(groups) == 0 {
		return core.Errorf("ValidationError", "A target group ARN must be specified")
	}
	if len(groups) > maxGroupsPerForward {
		return core.Errorf("InvalidLoadBalancerAction", "A forward action can have at most %d target groups", maxGroupsPerForward)
	}
	if a.TargetGroupArn != "" && (len(groups) > 1 || groups[0].TargetGroupArn != a.TargetGroupArn) {
		return core.Errorf("InvalidLoadBalancerAction", "You can only specify TargetGroupArn together with a ForwardConfig that has the same single target group")
	}
	if err := s.checkTuples(groups); err != nil {
		return err
	}
	if err := s.checkSticky(&config); err != nil {
		return err
	}
	a.ForwardConfig = &config
	if len(groups) == 1 {
		a.TargetGroupArn = groups[0].TargetGroupArn
	}
	return nil
}

// checkTuples accepts weights that are all zero as AWS does: the data plane
// then answers 503.
func (s *Service) checkTuples(groups []TargetGroupTuple) error {
	seen := map[string]bool{}
	for i, g := range groups {
		if _, err := s.group(g.TargetGroupArn); err != nil {
			return err
		}
		if seen[g.TargetGroupArn] {
			return core.Errorf("InvalidLoadBalancerAction", "Target group '%s' is specified more than once", g.TargetGroupArn)
		}
		seen[g.TargetGroupArn] = true
		if g.Weight == nil {
			if len(groups) > 1 {
				return core.Errorf("ValidationError", "A weight must be specified for each of multiple target groups")
			}
			groups[i].Weight = new(1)
			continue
		}
		if *g.Weight < 0 || *g.Weight > maxWeight {
			return core.Errorf("ValidationError", "Weight '%d' must be between 0 and %d", *g.Weight, maxWeight)
		}
	}
	return nil
}

// checkStickiness validates and fills in that it is off by default.
func checkStickiness(config *ForwardConfig) error {
	if config.TargetGroupStickinessConfig == nil {
		config.TargetGroupStickinessConfig = &GroupStickiness{Enabled: new(false)}
		return nil
	}
	sticky := *config.TargetGroupStickinessConfig
	if sticky.Enabled == nil {
		sticky.Enabled = new(false)
	}
	if *sticky.Enabled && (sticky.DurationSeconds == nil || *sticky.DurationSeconds < 1 || *sticky.DurationSeconds > maxStickySeconds) {
		return core.Errorf("ValidationError", "Target group stickiness duration must be between 1 and %d seconds", maxStickySeconds)
	}
	config.TargetGroupStickinessConfig = &sticky
	return nil
}

func checkRedirect(c *RedirectConfig) error {
	if c == nil {
		return core.Errorf("InvalidLoadBalancerAction", "A redirect configuration must be specified")
	}
	if !slices.Contains(redirectCodes, c.StatusCode) {
		return core.Errorf("ValidationError", "Redirect status code '%s' must be one of '[HTTP_301, HTTP_302]'", c.StatusCode)
	}
	if c.Protocol == "" && c.Host == "" && c.Port == "" && c.Path == "" {
		return core.Errorf("InvalidLoadBalancerAction", "A redirect must change the protocol, host, port or path: this one would loop")
	}
	return nil
}

func checkFixedResponse(c *FixedResponseConfig) error {
	if c == nil {
		return core.Errorf("InvalidLoadBalancerAction", "A fixed response configuration must be specified")
	}
	if !fixedStatus.MatchString(c.StatusCode) {
		return core.Errorf("ValidationError", "Fixed response status code '%s' must match the pattern 2XX, 4XX or 5XX", c.StatusCode)
	}
	if !slices.Contains(contentTypes, c.ContentType) {
		return core.Errorf("ValidationError", "Fixed response content type '%s' is not valid", c.ContentType)
	}
	if len(c.MessageBody) > 1024 {
		return core.Errorf("ValidationError", "Fixed response message body must not be longer than 1024 characters")
	}
	return nil
}

func checkAuth(l *listener, a *Action, before *rule) error {
	if l.protocol != "HTTPS" {
		return core.Errorf("InvalidLoadBalancerAction", "Actions of type '%s' are supported only on HTTPS listeners", a.Type)
	}
	if a.Type == "authenticate-cognito" {
		c := a.AuthenticateCognitoConfig
		if c == nil || c.UserPoolArn == "" || c.UserPoolClientId == "" || c.UserPoolDomain == "" {
			return core.Errorf("InvalidLoadBalancerAction", "A user pool ARN, client ID and domain must be specified")
		}
		return nil
	}
	if a.AuthenticateOidcConfig == nil {
		return core.Errorf("InvalidLoadBalancerAction", "An OIDC configuration must be specified")
	}
	return checkOIDC(a, before)
}

// checkOIDC also takes over the client secret, which callers can't read back,
// from the rule that is being modified when asked to.
func checkOIDC(a *Action, before *rule) error {
	c := *a.AuthenticateOidcConfig
	if slices.Contains([]string{c.Issuer, c.AuthorizationEndpoint, c.TokenEndpoint, c.UserInfoEndpoint, c.ClientId}, "") {
		return core.Errorf("InvalidLoadBalancerAction", "An issuer, authorization, token and user info endpoint and a client ID must be specified")
	}
	if c.UseExistingClientSecret != nil && *c.UseExistingClientSecret {
		c.ClientSecret = existingSecret(before)
	}
	if c.ClientSecret == "" {
		return core.Errorf("InvalidLoadBalancerAction", "A client secret must be specified")
	}
	a.AuthenticateOidcConfig = &c
	return nil
}

func existingSecret(before *rule) string {
	if before == nil {
		return ""
	}
	for _, a := range before.Actions {
		if a.AuthenticateOidcConfig != nil {
			return a.AuthenticateOidcConfig.ClientSecret
		}
	}
	return ""
}

// checkAssociations allows a target group one load balancer and a load
// balancer a limited number of groups. The groups of the rule that is replaced
// don't count.
func (s *Service) checkAssociations(lb *loadBalancer, arns []string, before *rule) error {
	used := map[string]bool{}
	for _, l := range lb.listeners {
		for _, r := range l.rules {
			if r == before {
				continue
			}
			for _, arn := range targetGroups(r.Actions) {
				used[arn] = true
			}
		}
	}
	for _, arn := range arns {
		used[arn] = true
		for _, other := range s.associated(arn) {
			if other != lb {
				return core.Errorf("TargetGroupAssociationLimit",
					"The following target groups cannot be associated with more than one load balancer: %s", arn)
			}
		}
	}
	if len(arns) > 0 && len(used) > s.opts.TargetGroupsPerLoadBalancer {
		return core.Errorf("TooManyUniqueTargetGroupsPerLoadBalancer",
			"You've reached the limit on the number of unique target groups per load balancer across all listeners")
	}
	return nil
}

// associated lists the load balancers whose rules use the group.
func (s *Service) associated(groupARN string) []*loadBalancer {
	var found []*loadBalancer
	for _, lb := range s.balancers {
		if slices.ContainsFunc(lb.listeners, func(l *listener) bool { return l.uses(groupARN) }) {
			found = append(found, lb)
		}
	}
	return found
}

func (l *listener) uses(groupARN string) bool {
	return slices.ContainsFunc(l.rules, func(r *rule) bool {
		return slices.Contains(targetGroups(r.Actions), groupARN)
	})
}
