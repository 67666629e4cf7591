package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// document is an IAM policy or a role's trust policy.
type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid                   string
	Effect                string
	Principal             map[string]string
	Action, NotAction     list
	Resource, NotResource list
	Condition             conditions
	// trust is set for statements of a role's trust policy, which are about that
	// role.
	trust bool
}

// conditions are the values by operator and key; all of them have to hold.
type conditions map[string]map[string]list

// byCloudFormation reports whether a statement is for the calls that
// CloudFormation makes on behalf of the controller.
func (s *statement) byCloudFormation() bool { return strings.HasPrefix(s.Sid, "Cfn") }

// open reports whether a statement holds for any call and resource.
func (s *statement) open() bool { return slices.Equal(s.Resource, list{"*"}) && len(s.Condition) == 0 }

// list is a list that IAM writes as a string if it has one element.
type list []string

func (l *list) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// read reads a policy, and fails for what this package doesn't know: nothing of a
// policy may be ignored.
func read(t *testing.T, path string) document {
	t.Helper()
	doc, err := parse(readFile(t, path))
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", path, err))
	}
	return doc
}

// parse reads a policy and checks that all of it is understood.
func parse(text []byte) (document, error) {
	var doc document
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return doc, err
	}
	for i := range doc.Statement {
		s := &doc.Statement[i]
		s.trust = len(s.Principal) > 0
		if err := s.check(); err != nil {
			return doc, fmt.Errorf("statement %d %s: %w", i, s.Sid, err)
		}
	}
	return doc, nil
}

// check refuses a statement that can't be evaluated.
func (s *statement) check() error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("effect %q", s.Effect)
	case (len(s.Action) > 0) == (len(s.NotAction) > 0):
		return errors.New("either Action or NotAction")
	case s.trust && len(s.Resource)+len(s.NotResource) > 0:
		return errors.New("a trust policy names no resources")
	case !s.trust && (len(s.Resource) > 0) == (len(s.NotResource) > 0):
		return errors.New("either Resource or NotResource")
	}
	for _, pattern := range slices.Concat(s.Resource, s.NotResource) {
		if _, _, err := expand(pattern, nil); err != nil {
			return err
		}
	}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for key, patterns := range s.Condition[operator] {
			if _, err := holds(operator, key, patterns, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
