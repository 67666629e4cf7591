package iam_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	"github.com/viridian-dev/viridian/internal/awssim/core"
	simiam "github.com/viridian-dev/viridian/internal/awssim/iam"
)

func TestGetRole(t *testing.T) {
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		sim.CreateRole(simiam.Role{Path: "/shop/", Name: "checkout", Services: []string{"lambda.amazonaws.com"}})
		c := iam.NewFromConfig(config)
		out, err := c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("checkout")})
		if err != nil {
			t.Fatal(err)
		}
		trust, err := url.QueryUnescape(*out.Role.AssumeRolePolicyDocument)
		if err != nil || !strings.Contains(trust, `{"Service":["lambda.amazonaws.com"]}`) {
			t.Errorf("it trusts %s, %v", trust, err)
		}
		if *out.Role.Arn != "arn:aws:iam::111122223333:role/shop/checkout" || *out.Role.Path != "/shop/" {
			t.Errorf("got %s with the path %s", *out.Role.Arn, *out.Role.Path)
		}
		_, err = c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("nobody")})
		awstest.Refused(t, err, 404, "NoSuchEntity", "nobody")
		_, err = c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("shop/checkout")})
		awstest.Refused(t, err, 400, "ValidationError", "roleName is invalid")
	})
}

// Tasks can assume a role that is there under exactly this ARN, or this name, and
// that trusts them.
func TestAssumable(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:role"
	s := simiam.New(core.NewWorld("111122223333", "eu-west-1", 1, 1))
	s.Add(simiam.Role{Path: "/shop/", Name: "tasks", Services: []string{"lambda.amazonaws.com", "ecs-tasks.amazonaws.com"}})
	s.Add(simiam.Role{Name: "function", Services: []string{"lambda.amazonaws.com"}})
	for role, want := range map[string]bool{
		arn + "/shop/tasks": true, "tasks": true, arn + "/tasks": false, "shop/tasks": false,
		arn + "/function": false, "function": false, arn + "/nobody": false,
		"arn:aws:iam::444455556666:role/shop/tasks": false,
	} {
		if s.Assumable(role) != want {
			t.Errorf("%s can be assumed: %t", role, !want)
		}
	}
}
