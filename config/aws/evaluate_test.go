package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/wildcard"
)

// What IAM decides, as far as the policies here need it. The rules are those of
// the IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".
// Service control policies, resource policies and session policies aren't known.

// keys are what conditions and variables may name, in lower case, as IAM doesn't
// tell cases of keys apart. True are those that may have several values.
var keys = map[string]bool{
	"application-autoscaling:scalable-dimension": false,
	"application-autoscaling:service-namespace":  false,
	"aws:calledvia":       true,
	"aws:principaltag/*":  false,
	"aws:requesttag/*":    false,
	"aws:resourcetag/*":   false,
	"ecs:cluster":         false,
	"iam:awsservicename":  false,
	"iam:passedtoservice": false,
	"oidc.eks.*:aud":      false,
	"oidc.eks.*:sub":      false,
	"sts:externalid":      false,
}

// facts are values of condition keys.
type facts map[string][]string

// with returns facts and others of one value each.
func (f facts) with(pairs ...string) facts {
	out := maps.Clone(f)
	if out == nil {
		out = facts{}
	}
	for i := 0; i < len(pairs); i += 2 {
		out[strings.ToLower(pairs[i])] = []string{pairs[i+1]}
	}
	return out
}

// request is a call of AWS as IAM sees it.
type request struct {
	action string
	// resources are what the call is about. Each of them has to be allowed.
	resources []resource
	// facts are what is known of the call itself.
	facts facts
}

type resource struct {
	// arn is "*" for actions without resource-level permissions.
	arn   string
	facts facts
}

// role is who calls.
type role struct {
	// account is where the role is; "" takes all for its own.
	account string
	// policies allow and deny together.
	policies []document
	// boundary is the permissions boundary: what isn't allowed there, too, is
	// denied. Nil is none.
	boundary *document
	// facts are what is known of the role, such as its tags.
	facts facts
}

// may tells whether a role may make a call.
func (r role) may(call request) (bool, error) {
	for _, about := range call.resources {
		if !r.reaches(about.arn) {
			return false, nil
		}
		known := facts{}
		for _, f := range []facts{r.facts, call.facts, about.facts} {
			maps.Copy(known, f)
		}
		allowed, err := r.mayAbout(call.action, about.arn, known)
		if err != nil || !allowed {
			return false, err
		}
	}
	return len(call.resources) > 0, nil
}

// reaches tells whether the role's own policies can decide about a resource. One
// of another account has to be allowed there, too, by a policy of the resource,
// which repositories have.
func (r role) reaches(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) < 6 || r.account == "" || parts[4] == r.account || parts[2] == "ecr"
}

func (r role) mayAbout(action, arn string, known facts) (bool, error) {
	allowed, denied, err := decide(r.policies, action, arn, known)
	if err != nil || denied || !allowed || r.boundary == nil {
		return allowed && !denied && err == nil, err
	}
	allowed, denied, err = decide([]document{*r.boundary}, action, arn, known)
	return allowed && !denied && err == nil, err
}

// decide tells what policies say about a call: a denial wins.
func decide(policies []document, action, arn string, known facts) (allowed, denied bool, err error) {
	for i := range policies {
		for j := range policies[i].Statement {
			s := &policies[i].Statement[j]
			matches, err := s.matches(action, arn, known)
			if err != nil {
				return false, false, err
			}
			allowed = allowed || matches && s.Effect == "Allow"
			denied = denied || matches && s.Effect == "Deny"
		}
	}
	return allowed, denied, nil
}

// matches tells whether a statement is about a call.
func (s *statement) matches(action, arn string, known facts) (bool, error) {
	named := func(pattern string) bool {
		return strings.EqualFold(pattern, action) || strings.Contains(pattern, "*") && wildcard.Covers(strings.ToLower(pattern), strings.ToLower(action))
	}
	if !slices.ContainsFunc(s.Action, named) && (len(s.NotAction) == 0 || slices.ContainsFunc(s.NotAction, named)) {
		return false, nil
	}
	if about, err := s.isAbout(arn, known); err != nil || !about {
		return false, err
	}
	for operator, all := range s.Condition {
		for key, patterns := range all {
			if ok, err := holds(operator, key, patterns, known); err != nil || !ok {
				return false, err
			}
		}
	}
	return true, nil
}

// isAbout tells whether a statement is about a resource.
func (s *statement) isAbout(arn string, known facts) (bool, error) {
	if s.trust {
		return true, nil
	}
	named := false
	for _, pattern := range slices.Concat(s.Resource, s.NotResource) {
		pattern, ok, err := expand(pattern, known)
		if err != nil {
			return false, err
		}
		named = named || ok && wildcard.Covers(pattern, arn)
	}
	return named == (len(s.Resource) > 0), nil
}

// trusts tells whether a role with this trust policy lets somebody assume it.
func (d *document) trusts(who, action string, known facts) (bool, error) {
	theirs := document{}
	for _, s := range d.Statement {
		for kind, arn := range s.Principal {
			if kind != "AWS" {
				return false, fmt.Errorf("principals of kind %s are unknown", kind)
			}
			if arn == who {
				theirs.Statement = append(theirs.Statement, s)
			}
		}
	}
	allowed, denied, err := decide([]document{theirs}, action, "", known)
	return allowed && !denied, err
}
