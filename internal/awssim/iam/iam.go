// Package iam simulates the roles of AWS Identity and Access Management: which
// there are, and whom they trust. Permissions aren't simulated.
//
// It imports the standard library and internal/awssim/core only.
package iam

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// tasks is the principal of ECS tasks.
const tasks = "ecs-tasks.amazonaws.com"

// Role is a role, by its path and name.
type Role struct {
	// Path begins and ends with a slash. Default "/".
	Path string
	Name string
	// Services are the principals that may assume it, such as
	// ecs-tasks.amazonaws.com.
	Services []string
}

// Service holds the account's roles.
type Service struct {
	world *core.World
	began time.Time
	roles map[string]Role
}

// New returns IAM with roles for the tasks of some applications.
func New(w *core.World) *Service {
	s := &Service{world: w, began: w.Now(), roles: map[string]Role{}}
	for _, name := range []string{
		"catalog-execution", "checkout", "checkout-execution", "ecs-execution", "execution", "ledger", "ledger-execution",
		"mailer", "mailer-execution", "payments", "payments-execution", "search-execution",
	} {
		s.Add(Role{Name: name, Services: []string{tasks}})
	}
	return s
}

// Add makes a role, or replaces the one of that name. The caller holds the
// world's lock.
func (s *Service) Add(role Role) {
	if role.Path == "" {
		role.Path = "/"
	}
	s.roles[role.Name] = role
}

func (s *Service) arn(role Role) string {
	return fmt.Sprintf("arn:%s:iam::%s:role%s%s", s.world.Partition, s.world.Account, role.Path, role.Name)
}

// Assumable tells whether ECS can assume a role, by its ARN or its name, for
// tasks. The caller holds the world's lock.
func (s *Service) Assumable(role string) bool {
	known, found := s.roles[role[strings.LastIndex(role, "/")+1:]]
	return found && (role == known.Name || role == s.arn(known)) && slices.Contains(known.Services, tasks)
}

// SigningName implements core.QueryService.
func (s *Service) SigningName() string { return "iam" }

// Namespace implements core.QueryService.
func (s *Service) Namespace() string { return "https://iam.amazonaws.com/doc/2010-05-08/" }

// Query implements core.QueryService.
func (s *Service) Query() map[string]core.QueryFunc {
	return map[string]core.QueryFunc{"GetRole": s.getRole}
}

// roleName is the pattern of the API reference.
var roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

type roleOut struct {
	Path                     string
	RoleName                 string
	RoleID                   string `xml:"RoleId"`
	Arn                      string
	CreateDate               string
	AssumeRolePolicyDocument string
	MaxSessionDuration       int
}

func (s *Service) getRole(values url.Values) (any, error) {
	var in struct{ RoleName string }
	if err := core.DecodeQuery(values, &in); err != nil {
		return nil, err
	}
	if !roleName.MatchString(in.RoleName) {
		return nil, core.Errorf("ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	role, found := s.roles[in.RoleName]
	if !found {
		return nil, &core.APIError{
			Status: http.StatusNotFound, Code: "NoSuchEntity",
			Message: fmt.Sprintf("The role with name %s cannot be found.", in.RoleName),
		}
	}
	trust, err := json.Marshal(trustPolicy(role.Services))
	if err != nil {
		return nil, err
	}
	return struct{ Role roleOut }{roleOut{
		Path: role.Path, RoleName: role.Name, RoleID: "AROASIMULATED0000000", Arn: s.arn(role),
		CreateDate: s.began.Format(time.RFC3339), AssumeRolePolicyDocument: url.QueryEscape(string(trust)), MaxSessionDuration: 3600,
	}}, nil
}

func trustPolicy(services []string) any {
	type statement struct {
		Effect    string
		Principal map[string][]string
		Action    string
	}
	return struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Allow", map[string][]string{"Service": services}, "sts:AssumeRole"}}}
}
