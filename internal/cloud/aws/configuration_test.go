package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// parameterStore answers GetParameters.
type parameterStore struct {
	region string
	// there are the parameters, and refused is one that may not be read, with a code.
	there         []types.Parameter
	refused, code string
	// silent leaves out what doesn't exist.
	silent bool
	// down doesn't answer.
	down  bool
	calls *[]string
}

func (s parameterStore) GetParameters(_ context.Context, in *ssm.GetParametersInput, _ ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	*s.calls = append(*s.calls, s.region+" "+strings.Join(in.Names, " "))
	if awssdk.ToBool(in.WithDecryption) {
		return nil, fmt.Errorf("asked to decrypt")
	}
	if s.down {
		return nil, context.DeadlineExceeded
	}
	if s.refused != "" && slices.Contains(in.Names, s.refused) {
		refusal := &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadRequest}}
		return nil, &smithyhttp.ResponseError{Response: refusal, Err: &smithy.GenericAPIError{Code: s.code, Message: "not this one"}}
	}
	out := &ssm.GetParametersOutput{}
	for _, name := range in.Names {
		i := slices.IndexFunc(s.there, func(p types.Parameter) bool { return *p.Name == name || *p.ARN == name })
		switch {
		case i >= 0:
			out.Parameters = append(out.Parameters, s.there[i])
		case !s.silent:
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

// written is when parameters were.
var written = time.Unix(1_800_000_000, 0)

// stored is a parameter as Systems Manager has it.
func stored(name string, kind types.ParameterType, value string, version int64) types.Parameter {
	return types.Parameter{Name: &name, ARN: awssdk.String("arn:aws:ssm:eu-west-1:111122223333:parameter" + name), Type: kind, Value: &value, Version: version, LastModifiedDate: &written}
}

// of makes the adapter of a store.
func (s parameterStore) of(window time.Duration) (*parameters, *[]string) {
	calls := []string{}
	s.calls = &calls
	return newParameters(func(region string) ssmAPI { s.region = region; return s }, "eu-west-1", window), &calls
}

func TestParameters(t *testing.T) {
	p, calls := parameterStore{there: []types.Parameter{
		stored("/a", types.ParameterTypeString, "1", 3), stored("/b", types.ParameterTypeStringList, "1,2", 1),
		stored("/c", types.ParameterTypeSecureString, "ciphertext", 2), stored("/d", "Sealed", "planted", 1),
	}}.of(time.Minute)
	byARN := "arn:aws:ssm:eu-west-1:111122223333:parameter/a"
	got := found(t, p.Get(t.Context(), []string{"/a", "/b", "/c", "/d", byARN, "/missing", "/a"}), "/missing")
	want := map[string]cloud.Parameter{
		"/a": {Value: "1", Version: 3, ModifiedAt: written}, "/b": {Value: "1,2", Version: 1, ModifiedAt: written}, "/c": {Secure: true, Version: 2, ModifiedAt: written},
		"/d": {Secure: true, Version: 1, ModifiedAt: written}, byARN: {Value: "1", Version: 3, ModifiedAt: written},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(*calls) != 1 {
		t.Errorf("calls: %q", *calls)
	}
}

// A call has ten names at most, of one region.
func TestParametersByRegion(t *testing.T) {
	p, calls := parameterStore{}.of(time.Minute)
	names := []string{"arn:aws:ssm:eu-central-1:444455556666:parameter/x"}
	for i := range 21 {
		names = append(names, fmt.Sprintf("/%02d", i))
	}
	found(t, p.Get(t.Context(), names), names...)
	var sizes []string
	for _, call := range *calls {
		words := strings.Fields(call)
		sizes = append(sizes, fmt.Sprint(words[0], " ", len(words)-1))
	}
	if diff := cmp.Diff([]string{"eu-central-1 1", "eu-west-1 10", "eu-west-1 10", "eu-west-1 1"}, sizes); diff != "" {
		t.Error(diff)
	}
}

// A parameter of which the answer says nothing is not known to be missing.
func TestParametersUnanswered(t *testing.T) {
	p, _ := parameterStore{silent: true}.of(time.Minute)
	wantKind(t, p.Get(t.Context(), []string{"/a"})["/a"].Err, cloud.KindTransient)
}

// A region becomes part of a host name to which signed requests are sent.
func TestConfigurationOfNoRegion(t *testing.T) {
	p, calls := parameterStore{}.of(time.Minute)
	const nowhere = "arn:aws:ssm:evil.example.com/:111122223333:parameter/x"
	wantKind(t, p.Get(t.Context(), []string{nowhere})[nowhere].Err, cloud.KindInvalid)
	s := newSecrets(func(string) secretsAPI { t.Error("it is called"); return nil }, time.Minute)
	for _, arn := range []string{"arn:aws:secretsmanager:evil.example.com/:111122223333:secret:x", "shop/db", "arn:aws:ssm:eu-west-1:111122223333:parameter/x"} {
		wantKind(t, s.Describe(t.Context(), []string{arn})[arn].Err, cloud.KindInvalid)
	}
	if len(*calls) > 0 {
		t.Errorf("calls: %q", *calls)
	}
}

// Those who watch have parameters read once in a window, together.
func TestWatchParameters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, calls := parameterStore{there: []types.Parameter{stored("/a", types.ParameterTypeString, "1", 1)}}.of(5 * time.Minute)
		got := found(t, p.Watch(t.Context(), []string{"/a", "/missing"}), "/missing")
		if diff := cmp.Diff(map[string]cloud.Parameter{"/a": {Value: "1", Version: 1, ModifiedAt: written}}, got); diff != "" {
			t.Error(diff)
		}
		if now := p.Watch(t.Context(), []string{"/a", "/b"}); !errors.Is(now["/b"].Err, cloud.ErrPending) || now["/a"].Err != nil {
			t.Errorf("a name that wasn't read: %v", now)
		}
		for range 4 {
			time.Sleep(time.Minute)
			found(t, p.Watch(t.Context(), []string{"/a"}))
		}
		time.Sleep(time.Minute)
		found(t, p.Watch(t.Context(), []string{"/b"}), "/b")
		if diff := cmp.Diff([]string{"eu-west-1 /a /missing", "eu-west-1 /a /b /missing"}, *calls); diff != "" {
			t.Error(diff)
		}
	})
}

// Whoever watches isn't told of an older version than somebody has read for himself.
func TestWatchAfterGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := []types.Parameter{stored("/a", types.ParameterTypeString, "1", 1)}
		p, calls := parameterStore{there: there}.of(5 * time.Minute)
		found(t, p.Watch(t.Context(), []string{"/a"}))
		time.Sleep(time.Second)
		there[0] = stored("/a", types.ParameterTypeString, "2", 2)
		found(t, p.Get(t.Context(), []string{"/a", "/b"}), "/b")
		got := found(t, p.Watch(t.Context(), []string{"/a", "/b"}), "/b") // of /b it is known that it isn't there
		if diff := cmp.Diff(map[string]cloud.Parameter{"/a": {Value: "2", Version: 2, ModifiedAt: written}}, got); diff != "" {
			t.Error(diff)
		}
		if len(*calls) != 2 {
			t.Errorf("calls %v", *calls)
		}
	})
}

// One that is refused keeps nobody from the others: each is answered by itself.
func TestRefusedParameter(t *testing.T) {
	for code, kind := range map[string]cloud.Kind{"AccessDeniedException": cloud.KindDenied, "ValidationException": cloud.KindInvalid} {
		synctest.Test(t, func(t *testing.T) {
			for how, read := range map[string]func(*parameters) map[string]cloud.Reading[cloud.Parameter]{
				"get": func(p *parameters) map[string]cloud.Reading[cloud.Parameter] {
					return p.Get(t.Context(), []string{"/a", "/refused", "/z"})
				},
				"watch": func(p *parameters) map[string]cloud.Reading[cloud.Parameter] {
					return p.Watch(t.Context(), []string{"/a", "/refused", "/z"})
				},
			} {
				p, _ := parameterStore{there: []types.Parameter{stored("/a", types.ParameterTypeString, "1", 1)}, refused: "/refused", code: code}.of(5 * time.Minute)
				got := read(p)
				if got["/a"].Err != nil || got["/a"].Value.Version != 1 || !cloud.IsNotFound(got["/z"].Err) || cloud.KindOf(got["/refused"].Err) != kind {
					t.Errorf("%s, %s: %+v", how, code, got)
				}
			}
		})
	}
}

// Where AWS doesn't answer, nobody waits for it again: each call would take as long.
// Other regions are asked all the same.
func TestNoWayToConfiguration(t *testing.T) {
	const far = "arn:aws:ssm:eu-central-1:444455556666:parameter/x"
	names := []string{far}
	for i := range 25 {
		names = append(names, fmt.Sprintf("/%02d", i))
	}
	arns := []string{"arn:aws:secretsmanager:eu-central-1:444455556666:secret:x-AbCdEf", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:y-AbCdEf", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:z-AbCdEf"}
	synctest.Test(t, func(t *testing.T) {
		for range 2 { // a later pass asks again
			p, calls := parameterStore{down: true}.of(5 * time.Minute)
			s := newSecrets(func(region string) secretsAPI { return unreachable{region, calls} }, 5*time.Minute)
			for how, read := range map[string]func() int{
				"get":      func() int { return transient(p.Get(t.Context(), names)) },
				"watch":    func() int { return transient(p.Watch(t.Context(), names)) },
				"describe": func() int { return transient(s.Describe(t.Context(), arns)) },
				"secrets":  func() int { return transient(s.Watch(t.Context(), arns)) },
			} {
				*calls = nil
				if n := read(); n != len(names) && n != len(arns) || len(*calls) != 2 {
					t.Errorf("%s: %d, calls %q", how, n, *calls)
				}
			}
		}
	})
}

// transient counts those that could not be read since AWS didn't answer.
func transient[T any](all map[string]cloud.Reading[T]) (n int) {
	for _, r := range all {
		if cloud.KindOf(r.Err) == cloud.KindTransient {
			n++
		}
	}
	return n
}

// unreachable is Secrets Manager where the network has no way to it.
type unreachable struct {
	region string
	calls  *[]string
}

func (u unreachable) DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	*u.calls = append(*u.calls, u.region)
	return nil, context.DeadlineExceeded
}

// found are those that exist of what was read. All but the missing ones must.
func found[T any](t *testing.T, all map[string]cloud.Reading[T], missing ...string) map[string]T {
	t.Helper()
	out := map[string]T{}
	for name, r := range all {
		switch gone := slices.Contains(missing, name); {
		case gone && cloud.IsNotFound(r.Err):
		case gone, r.Err != nil:
			t.Errorf("%s: %+v", name, r)
		default:
			out[name] = r.Value
		}
	}
	return out
}

// secretStore answers DescribeSecret.
type secretStore map[string]*secretsmanager.DescribeSecretOutput

func (s secretStore) DescribeSecret(_ context.Context, in *secretsmanager.DescribeSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	out, found := s[*in.SecretId]
	switch {
	case !found:
		return nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret."}
	case out == nil:
		return nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: secretsmanager:DescribeSecret"}
	}
	return out, nil
}

func TestSecrets(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:shop/"
	deleted := time.Unix(1_800_000_000, 0)
	store := secretStore{
		arn + "db-AbCdEf":      {VersionIdsToStages: map[string][]string{"v1": {"AWSPREVIOUS"}, "v2": {cloud.StageCurrent, "blue"}}},
		arn + "rotated-AbCdEf": {RotationEnabled: awssdk.Bool(true)},
		arn + "managed-AbCdEf": {OwningService: awssdk.String("rds")},
		arn + "deleted-AbCdEf": {DeletedDate: &deleted},
		arn + "denied-AbCdEf":  nil,
	}
	synctest.Test(t, func(t *testing.T) {
		var regions []string
		s := newSecrets(func(region string) secretsAPI { regions = append(regions, region); return store }, 5*time.Minute)
		db := found(t, s.Describe(t.Context(), []string{arn + "db-AbCdEf"}))[arn+"db-AbCdEf"]
		if db.Staged(cloud.StageCurrent) != "v2" || db.Staged("blue") != "v2" || db.Staged("green") != "" || db.Rotated || db.OwningService != "" || !db.DeletedAt.IsZero() {
			t.Errorf("%+v", db)
		}
		if diff := cmp.Diff([]string{"eu-central-1"}, regions); diff != "" {
			t.Error(diff)
		}
		found(t, s.Describe(t.Context(), []string{arn + "missing-AbCdEf"}), arn+"missing-AbCdEf")

		all := []string{arn + "db-AbCdEf", arn + "rotated-AbCdEf", arn + "managed-AbCdEf", arn + "deleted-AbCdEf", arn + "missing-AbCdEf"}
		seen := s.Watch(t.Context(), append(slices.Clone(all), arn+"denied-AbCdEf"))
		wantKind(t, seen[arn+"denied-AbCdEf"].Err, cloud.KindDenied)
		delete(seen, arn+"denied-AbCdEf")
		got := found(t, seen, all[4])
		store[all[0]] = &secretsmanager.DescribeSecretOutput{VersionIdsToStages: map[string][]string{"v3": {cloud.StageCurrent}}}
		delete(store, all[1])
		found(t, s.Describe(t.Context(), all[:2]), all[1])
		after := found(t, s.Watch(t.Context(), all), all[1], all[4])
		if now := after[all[0]]; now.Staged(cloud.StageCurrent) != "v3" || len(after) != 3 {
			t.Errorf("an older version is told: %+v", after)
		}
		if len(got) != 4 || !got[all[1]].Rotated || got[all[2]].OwningService != "rds" || !got[all[3]].DeletedAt.Equal(deleted) {
			t.Errorf("%+v", got)
		}
	})
}
