package aws

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const checkout = registry + "/shop/checkout"

var pinned = checkout + "@sha256:" + strings.Repeat("a", 64)

func TestRepository(t *testing.T) {
	tests := map[string]struct {
		image, mutability, filters string
		want                       bool
	}{
		"mutable":              {checkout + ":1", "MUTABLE", "", false},
		"immutable":            {checkout + ":1", "IMMUTABLE", "", true},
		"unknown":              {checkout + ":1", "WHATEVER", "", false},
		"excepted":             {checkout + ":dev-7", "IMMUTABLE_WITH_EXCLUSION", "latest dev-*", false},
		"latest excepted":      {checkout, "IMMUTABLE_WITH_EXCLUSION", "latest dev-*", false},
		"not excepted":         {checkout + ":1.2", "IMMUTABLE_WITH_EXCLUSION", "latest dev-*", true},
		"part of it":           {checkout + ":my-dev-7", "IMMUTABLE_WITH_EXCLUSION", "dev-* dev", true},
		"a point is a point":   {checkout + ":1x2", "IMMUTABLE_WITH_EXCLUSION", "1.2", true},
		"several stars":        {checkout + ":a-b-c", "IMMUTABLE_WITH_EXCLUSION", "*-b*", false},
		"star alone":           {checkout + ":1", "IMMUTABLE_WITH_EXCLUSION", "*", false},
		"unknown filter":       {checkout + ":1", "IMMUTABLE_WITH_EXCLUSION", "?x", false},
		"held":                 {checkout + ":v1.2", "MUTABLE_WITH_EXCLUSION", "v*", true},
		"not held":             {checkout + ":1.2", "MUTABLE_WITH_EXCLUSION", "v*", false},
		"held by what":         {checkout + ":1.2", "MUTABLE_WITH_EXCLUSION", "?x", false},
		"digest":               {pinned, "IMMUTABLE_WITH_EXCLUSION", "*", true},
		"digest and tag":       {strings.Replace(pinned, "@", ":dev@", 1), "IMMUTABLE_WITH_EXCLUSION", "dev", false},
		"digest, mutable tags": {pinned, "MUTABLE_WITH_EXCLUSION", "*", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var filters []string
			for f := range strings.FieldsSeq(tc.filters) {
				kind := "WILDCARD"
				if strings.HasPrefix(f, "?") {
					kind = "REGEX"
				}
				filters = append(filters, fmt.Sprintf(`{"filterType":%q,"filter":%q}`, kind, f))
			}
			w := &wire{f: func(*http.Request, string) (int, string, string) {
				return 200, "", fmt.Sprintf(`{"repositories":[{"imageTagMutability":%q,"imageTagMutabilityExclusionFilters":[%s]}]}`,
					tc.mutability, strings.Join(filters, ","))
			}}
			got, ok, err := w.clients(t).Images.Repository(t.Context(), tc.image)
			if err != nil || !ok || got.Immutable != tc.want {
				t.Errorf("got %+v, %t, %v", got, ok, err)
			}
			want := "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories " + `{"registryId":"111122223333","repositoryNames":["shop/checkout"]}`
			if len(w.asked) != 1 || !strings.HasSuffix(w.asked[0], want) {
				t.Errorf("asked %q", w.asked)
			}
		})
	}
}

func TestRepositoryIsNotThere(t *testing.T) {
	w := &wire{f: func(*http.Request, string) (int, string, string) {
		return 400, "", jsonError("RepositoryNotFoundException", "none")
	}}
	c := w.clients(t)
	_, _, err := c.Images.Repository(t.Context(), checkout)
	if !cloud.IsRepositoryNotFound(err) {
		t.Errorf("error is %v", err)
	}
	for _, image := range []string{"nginx:1", "public.ecr.aws/nginx/nginx:1"} {
		if _, ok, err := c.Images.Repository(t.Context(), image); ok || err != nil {
			t.Errorf("%s: %t, %v", image, ok, err)
		}
		wantKind(t, c.Images.CreateRepository(t.Context(), image, nil), cloud.KindInvalid)
	}
	if len(w.asked) != 1 {
		t.Errorf("asked %q", w.asked)
	}
}

func TestCreateRepository(t *testing.T) {
	code := ""
	w := &wire{f: func(*http.Request, string) (int, string, string) {
		if code != "" {
			return 400, "", jsonError(code, "so it is")
		}
		return 200, "", "{}"
	}}
	c := w.clients(t)
	tags := map[string]string{"viridian.dev/uid": "u", "viridian.dev/cluster": "c"}
	check(t, c.Images.CreateRepository(t.Context(), checkout+":1", tags))
	for _, part := range []string{
		"api.ecr.eu-west-1.amazonaws.com", ".CreateRepository ", `"repositoryName":"shop/checkout"`, `"imageTagMutability":"IMMUTABLE"`,
		`"scanOnPush":true`, `"tags":[{"Key":"viridian.dev/cluster","Value":"c"},{"Key":"viridian.dev/uid","Value":"u"}]`,
	} {
		if !strings.Contains(w.asked[0], part) {
			t.Errorf("%s lacks %s", w.asked[0], part)
		}
	}
	code = "RepositoryAlreadyExistsException"
	wantKind(t, c.Images.CreateRepository(t.Context(), checkout, nil), cloud.KindConflict)
}
