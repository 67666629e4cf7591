package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	// getParametersMax is the maximum that GetParameters accepts.
	getParametersMax = 10
	// defaultConfigurationWindow is how often parameters and secrets are read that
	// are watched.
	defaultConfigurationWindow = 5 * time.Minute
)

// parameters implements cloud.Parameters.
type parameters struct {
	// client returns a client of a region, and home is that of names.
	client func(region string) ssmAPI
	home   string
	watch  batch[parameter]
}

// parameter is what is known of a name.
type parameter struct {
	exists bool
	cloud.Parameter
}

func newParameters(client func(region string) ssmAPI, home string, window time.Duration) *parameters {
	p := &parameters{client: client, home: home}
	p.watch = batch[parameter]{window: window, begin: func() round[parameter] {
		read := untilDown(p.regionOf, p.read)
		return round[parameter]{chunks: p.chunks, read: func(ctx context.Context, names []string) (map[string]result[parameter], error) {
			return readSome(ctx, names, read)
		}}
	}}
	return p
}

func (p *parameters) Get(ctx context.Context, names []string) map[string]cloud.Reading[cloud.Parameter] {
	out := map[string]cloud.Reading[cloud.Parameter]{}
	read := untilDown(p.regionOf, p.read)
	for todo := p.chunks(slices.Compact(slices.Sorted(slices.Values(names)))); len(todo) > 0; {
		chunk := todo[0]
		todo = todo[1:]
		some, err := read(ctx, chunk)
		switch {
		case err == nil:
			for name, r := range some {
				p.watch.saw(name, r.value)
				out[name] = r.value.reading(nil)
			}
		case isOfSome(err) && len(chunk) > 1:
			todo = append(slices.Collect(slices.Chunk(chunk, 1)), todo...)
		default:
			for _, name := range chunk {
				out[name] = parameter{}.reading(err)
			}
		}
	}
	return out
}

// reads reads keys in one call.
type reads[T any] func(ctx context.Context, keys []string) (map[string]result[T], error)

// untilDown has nobody wait twice where AWS doesn't answer, as in a network that has no
// way to the service: what comes after that in the same region has the same error.
func untilDown[T any](regionOf func(key string) string, read reads[T]) reads[T] {
	down := map[string]error{}
	return func(ctx context.Context, keys []string) (map[string]result[T], error) {
		region := regionOf(keys[0])
		if err := down[region]; err != nil {
			return nil, err
		}
		out, err := read(ctx, keys)
		if cloud.KindOf(err) == cloud.KindTransient {
			down[region] = err
		}
		return out, err
	}
}

// isOfSome tells whether a call is refused perhaps because of some of what it asks for.
func isOfSome(err error) bool {
	kind := cloud.KindOf(err)
	return kind == cloud.KindDenied || kind == cloud.KindInvalid
}

// errAbsent is said of what isn't there.
var errAbsent = &cloud.Error{Kind: cloud.KindNotFound, Message: "it does not exist"}

func (p parameter) reading(err error) cloud.Reading[cloud.Parameter] {
	if err == nil && !p.exists {
		err = errAbsent
	}
	return cloud.Reading[cloud.Parameter]{Value: p.Parameter, Err: err}
}

func (p *parameters) Watch(ctx context.Context, names []string) map[string]cloud.Reading[cloud.Parameter] {
	out := map[string]cloud.Reading[cloud.Parameter]{}
	p.watch.each(ctx, names, func(name string, is parameter, err error) { out[name] = is.reading(err) })
	return out
}

// chunks has the names of one region in a call.
func (p *parameters) chunks(names []string) (out [][]string) {
	byRegion := slices.Clone(names)
	slices.SortStableFunc(byRegion, func(a, b string) int { return cmp.Compare(p.regionOf(a), p.regionOf(b)) })
	for len(byRegion) > 0 {
		n := 1
		for n < min(getParametersMax, len(byRegion)) && p.regionOf(byRegion[n]) == p.regionOf(byRegion[0]) {
			n++
		}
		out, byRegion = append(out, byRegion[:n]), byRegion[n:]
	}
	return out
}

// regionOf is where a parameter is: where its ARN says, or at home.
func (p *parameters) regionOf(name string) string { return cmp.Or(regionOfARN(name), p.home) }

// regionOfARN is the region of an ARN; "" if there is none.
func regionOfARN(text string) string {
	is, _ := arn.Parse(text)
	return is.Region
}

// read reads the parameters of one call. Nothing is decrypted.
func (p *parameters) read(ctx context.Context, names []string) (map[string]result[parameter], error) {
	region := p.regionOf(names[0])
	if err := checkRegion(region); err != nil {
		return nil, err
	}
	out, err := p.client(region).GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: new(false)})
	if err != nil {
		return nil, wrap(err)
	}
	results := map[string]result[parameter]{}
	for i := range out.Parameters {
		is := &out.Parameters[i]
		for _, name := range names {
			if name == awssdk.ToString(is.Name) || name == awssdk.ToString(is.ARN) {
				results[name] = result[parameter]{value: parameter{true, parameterFrom(is)}}
			}
		}
	}
	for _, name := range names {
		switch _, found := results[name]; {
		case found:
		case slices.Contains(out.InvalidParameters, name):
			results[name] = result[parameter]{}
		default:
			return nil, answerError(cloud.KindTransient, "ssm:GetParameters", "", "the answer says nothing of "+name)
		}
	}
	return results, nil
}

// readSome reads one by one where one may not be read: whoever asks for that keeps
// nobody else from reading.
func readSome(ctx context.Context, names []string, read reads[parameter]) (map[string]result[parameter], error) {
	results, err := read(ctx, names)
	if cloud.KindOf(err) != cloud.KindDenied {
		return results, err
	}
	if len(names) == 1 {
		return map[string]result[parameter]{names[0]: {err: err}}, nil
	}
	results = map[string]result[parameter]{}
	for _, name := range names {
		one, err := read(ctx, []string{name})
		switch {
		case cloud.KindOf(err) == cloud.KindDenied:
			results[name] = result[parameter]{err: err}
		case err != nil:
			return nil, err
		default:
			results[name] = one[name]
		}
	}
	return results, nil
}

// parameterFrom keeps no value but of the types that are known not to be encrypted.
func parameterFrom(p *types.Parameter) cloud.Parameter {
	out := cloud.Parameter{Version: p.Version, ModifiedAt: awssdk.ToTime(p.LastModifiedDate), Secure: true}
	if p.Type == types.ParameterTypeString || p.Type == types.ParameterTypeStringList {
		out.Secure, out.Value = false, awssdk.ToString(p.Value)
	}
	return out
}

// secrets implements cloud.Secrets.
type secrets struct {
	// client returns a client of a region.
	client func(region string) secretsAPI
	watch  batch[secret]
}

// secret is what is known of an ARN.
type secret struct {
	exists bool
	cloud.Secret
}

func (s secret) reading(err error) cloud.Reading[cloud.Secret] {
	if err == nil && !s.exists {
		err = errAbsent
	}
	return cloud.Reading[cloud.Secret]{Value: s.Secret, Err: err}
}

func newSecrets(client func(region string) secretsAPI, window time.Duration) *secrets {
	s := &secrets{client: client}
	s.watch = batch[secret]{window: window, begin: func() round[secret] {
		return round[secret]{read: untilDown(regionOfARN, s.readOne), chunks: func(arns []string) [][]string { return slices.Collect(slices.Chunk(arns, 1)) }}
	}}
	return s
}

func (s *secrets) Describe(ctx context.Context, secretARNs []string) map[string]cloud.Reading[cloud.Secret] {
	out := map[string]cloud.Reading[cloud.Secret]{}
	read := untilDown(regionOfARN, s.readOne)
	for _, at := range secretARNs {
		some, err := read(ctx, []string{at})
		r := some[at]
		if err = cmp.Or(err, r.err); err == nil {
			s.watch.saw(at, r.value)
		}
		out[at] = r.value.reading(err)
	}
	return out
}

func (s *secrets) describe(ctx context.Context, secretARN string) (cloud.Secret, error) {
	at, err := arn.Parse(secretARN)
	if err != nil || at.Service != "secretsmanager" || !strings.HasPrefix(at.Resource, "secret:") {
		return cloud.Secret{}, invalid(fmt.Sprintf("%q is no ARN of a secret", secretARN))
	}
	if err := checkRegion(at.Region); err != nil {
		return cloud.Secret{}, err
	}
	out, err := s.client(at.Region).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
	if err != nil {
		return cloud.Secret{}, wrap(err)
	}
	return cloud.Secret{
		Rotated: awssdk.ToBool(out.RotationEnabled), OwningService: awssdk.ToString(out.OwningService),
		DeletedAt: awssdk.ToTime(out.DeletedDate), Stages: out.VersionIdsToStages,
	}, nil
}

func (s *secrets) Watch(ctx context.Context, secretARNs []string) map[string]cloud.Reading[cloud.Secret] {
	out := map[string]cloud.Reading[cloud.Secret]{}
	s.watch.each(ctx, secretARNs, func(at string, is secret, err error) { out[at] = is.reading(err) })
	return out
}

// readOne describes a secret. One that may not be described, or that isn't there,
// says nothing of others.
func (s *secrets) readOne(ctx context.Context, arns []string) (map[string]result[secret], error) {
	is, err := s.describe(ctx, arns[0])
	switch cloud.KindOf(err) { //nolint:exhaustive // the others are about all calls
	case "":
		return map[string]result[secret]{arns[0]: {value: secret{true, is}}}, err
	case cloud.KindNotFound:
		return map[string]result[secret]{arns[0]: {}}, nil
	case cloud.KindDenied:
		return map[string]result[secret]{arns[0]: {err: err}}, nil
	}
	return nil, err
}
