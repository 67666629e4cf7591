package aws

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/sts"
	"github.com/viridian-dev/viridian/internal/cloud"
)

const roleARN = "arn:aws:iam::444455556666:role/deploy"

func TestForKeepsClients(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		same := clientsOf(t, w.provider, cloud.Identity{Region: region})
		if same.Stacks != w.Stacks {
			t.Error("the default region and no region have different clients")
		}
		if other := clientsOf(t, w.provider, cloud.Identity{RoleARN: roleARN}); other.Stacks == w.Stacks {
			t.Error("a role has the clients of the default chain")
		}
		for i := range 2 * maxIdentities {
			clientsOf(t, w.provider, cloud.Identity{ExternalID: fmt.Sprint(i), RoleARN: roleARN})
		}
		if kept, listed := len(w.provider.clients), w.provider.recent.Len(); kept != maxIdentities || listed != maxIdentities {
			t.Errorf("%d clients are kept, %d listed, want %d", kept, listed, maxIdentities)
		}
		if calls := w.sim.CallCounts(); len(calls) > 0 {
			t.Errorf("making clients called AWS: %v", calls)
		}
	})
}

func TestForRefusesRegions(t *testing.T) {
	tests := map[string]struct{ region, want string }{
		"none":    {"", "aws: no region: set spec.aws.region or AWS_REGION"},
		"no name": {"evil.example/#", `aws: "evil.example/#" is no region: set spec.aws.region to one such as eu-west-1`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := NewProvider(t.Context(), Options{})
			check(t, err)
			_, err = p.For(t.Context(), cloud.Identity{Region: tc.region})
			if e := failure(t, err, cloud.KindInvalid); e.Error() != tc.want {
				t.Errorf("got  %s\nwant %s", e, tc.want)
			}
		})
	}
}

func TestAssumedRole(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.RegisterRole(roleARN, sts.Role{ExternalID: "shop"})
		c := clientsOf(t, w.provider, cloud.Identity{RoleARN: roleARN, ExternalID: "shop"})
		for range 30 { // every 5 minutes
			_, err := c.Stacks.Describe(t.Context(), "checkout-1")
			wantKind(t, err, cloud.KindNotFound)
			time.Sleep(5 * time.Minute)
		}
		sessions := w.sim.Sessions()
		if n := len(sessions); n != 3 {
			t.Errorf("the role was assumed %d times in 2.5 h, want 3", n)
		}
		if s := sessions[0]; s.Name != "viridian" || s.ExternalID != "shop" || s.RoleARN != roleARN {
			t.Errorf("session is %+v", s)
		}
	})
}

func TestRoleNotAssumed(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.RegisterRole(roleARN, sts.Role{ExternalID: "shop"})
		c := clientsOf(t, w.provider, cloud.Identity{RoleARN: roleARN, ExternalID: "other"})
		_, err := c.Stacks.Describe(t.Context(), "checkout-1")
		e := failure(t, err, cloud.KindCredentials)
		want := "sts:AssumeRole: AccessDenied: User: arn:aws:iam::111122223333:user/simulated is not authorized to perform: sts:AssumeRole on resource: " + roleARN
		if e.Error() != want {
			t.Errorf("got  %s\nwant %s", e, want)
		}

		w.sim.Faults.Add(awssim.Fault{Service: "sts", Effect: awssim.ServerError})
		w.sim.ResetCalls()
		_, err = c.Stacks.Describe(t.Context(), "checkout-1")
		if e := failure(t, err, cloud.KindTransient); e.Op != "sts:AssumeRole" {
			t.Errorf("operation is %s", e.Op)
		}
		if diff := cmp.Diff(map[string]int{"sts:AssumeRole": 3}, w.sim.CallCounts()); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

func TestRefusedCredentialsAreRenewed(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		c := clientsOf(t, w.provider, cloud.Identity{RoleARN: roleARN})
		w.sim.Faults.Add(awssim.Fault{Service: "cloudformation", Nth: 2, Effect: awssim.ExpiredToken})
		for i, want := range []cloud.Kind{cloud.KindNotFound, cloud.KindCredentials, cloud.KindNotFound} {
			_, err := c.Stacks.Describe(t.Context(), "checkout-1")
			if got := cloud.KindOf(err); got != want {
				t.Errorf("call %d: %v", i, err)
			}
		}
		if n := len(w.sim.Sessions()); n != 2 {
			t.Errorf("the role was assumed %d times, want 2", n)
		}
	})
}

func TestNoCredentials(t *testing.T) {
	p, err := NewProvider(t.Context(), Options{Region: region})
	check(t, err)
	c := clientsOf(t, p, cloud.Identity{})
	_, err = c.Stacks.Describe(t.Context(), "checkout-1")
	e := failure(t, err, cloud.KindCredentials)
	if e.Op != "cloudformation:DescribeStacks" || !strings.HasPrefix(e.Message, "no credentials: no EC2 IMDS role found") {
		t.Errorf("error is %s", e)
	}
}

func TestRetries(t *testing.T) {
	tests := map[string]struct {
		fault    awssim.Fault
		want     cloud.Kind
		attempts int
	}{
		"throttled twice":  {awssim.Fault{Effect: awssim.Throttle, Times: 2}, cloud.KindNotFound, 3},
		"throttled always": {awssim.Fault{Effect: awssim.Throttle}, cloud.KindThrottled, 3},
		"failing always":   {awssim.Fault{Effect: awssim.ServerError}, cloud.KindTransient, 3},
		"lost once":        {awssim.Fault{Effect: awssim.TimeoutBefore, Times: 1}, cloud.KindNotFound, 2},
		"lost always":      {awssim.Fault{Effect: awssim.TimeoutBefore}, cloud.KindTransient, 3},
		"denied":           {awssim.Fault{Effect: awssim.AccessDenied}, cloud.KindDenied, 1},
		"expired":          {awssim.Fault{Effect: awssim.ExpiredToken}, cloud.KindCredentials, 1},
		"well":             {awssim.Fault{Service: "ecs", Effect: awssim.Throttle}, cloud.KindNotFound, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
				w.sim.Faults.Add(tc.fault)
				_, err := w.Stacks.Describe(t.Context(), "checkout-1")
				wantKind(t, err, tc.want)
				if got := w.sim.CallCounts()["cloudformation:DescribeStacks"]; got != tc.attempts {
					t.Errorf("%d attempts were made, want %d", got, tc.attempts)
				}
			})
		})
	}
}

func TestQuotaIsNotRetried(t *testing.T) {
	bubble(t, awssim.Options{CloudFormation: cfn.Limits{Stacks: 1}}, func(t *testing.T, w *world) {
		w.create(t, "checkout-1", logsTemplate)
		_, err := w.Stacks.Create(t.Context(), cloud.CreateStack{Name: "checkout-2", TemplateBody: logsTemplate})
		wantKind(t, err, cloud.KindQuota)
		if got := w.sim.CallCounts()["cloudformation:CreateStack"]; got != 2 {
			t.Errorf("%d calls were made, want 2", got)
		}
	})
}

func TestMetrics(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		registry := prometheus.NewRegistry()
		for range 2 { // a second provider shares the first one's metrics
			p := newProvider(t, Options{Metrics: registry, HTTPClient: &http.Client{Transport: w.sim.Transport()}})
			w.sim.Faults.Add(awssim.Fault{Effect: awssim.Throttle, Times: 1})
			_, err := clientsOf(t, p, cloud.Identity{}).Stacks.Describe(t.Context(), "checkout-1")
			wantKind(t, err, cloud.KindNotFound)
		}
		const call = `{operation="DescribeStacks",outcome="NotFound",service="cloudformation"}`
		want := map[string]float64{
			"viridian_aws_calls_total" + call:    2,
			"viridian_aws_attempts_total" + call: 2,
			`viridian_aws_attempts_total{operation="DescribeStacks",outcome="Throttled",service="cloudformation"}`:  2,
			`viridian_aws_errors_total{code="Throttling",operation="DescribeStacks",service="cloudformation"}`:      2,
			`viridian_aws_errors_total{code="ValidationError",operation="DescribeStacks",service="cloudformation"}`: 2,
			`viridian_aws_call_duration_seconds{operation="DescribeStacks",service="cloudformation"}`:               2,
			`viridian_aws_waited_seconds_total{operation="DescribeStacks",service="cloudformation"}`:                0,
		}
		if diff := cmp.Diff(want, gather(t, registry)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Only what looks like one of AWS's codes becomes a label.
func TestCode(t *testing.T) {
	for want, err := range map[string]error{
		"ThrottlingException":             &smithy.GenericAPIError{Code: "ThrottlingException"},
		"InvalidParameterValue.Malformed": fmt.Errorf("wrapped: %w", &smithy.GenericAPIError{Code: "InvalidParameterValue.Malformed"}),
		codeNone:                          errors.New("no such host"),
		strings.Repeat("A", 100):          &smithy.GenericAPIError{Code: strings.Repeat("A", 100)},
	} {
		if got := code(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	for _, other := range []string{"", "<html>", "Request 4711 failed", strings.Repeat("A", 101), "1"} {
		if got := code(&smithy.GenericAPIError{Code: other}); got != codeNone {
			t.Errorf("%q became %q", other, got)
		}
	}
}

// gather reads counters, and the number of observations of histograms.
func gather(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	check(t, err)
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			name := f.GetName() + "{" + strings.Join(labels, ",") + "}"
			got[name] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return got
}

func TestUserAgent(t *testing.T) {
	var agent string
	p := newProvider(t, Options{MaxAttempts: 1, HTTPClient: &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			agent = r.UserAgent()
			return nil, http.ErrServerClosed
		}),
	}})
	_, err := clientsOf(t, p, cloud.Identity{}).Stacks.Describe(t.Context(), "checkout-1")
	wantKind(t, err, cloud.KindTransient)
	if !strings.Contains(agent, "app/viridian") {
		t.Errorf("user agent is %q", agent)
	}
}

// asking returns a client that records the host of a request and doesn't send
// it.
func asking(host *string) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		*host = r.URL.Host
		return nil, http.ErrServerClosed
	})}
}

func TestEndpoints(t *testing.T) {
	tests := map[string]struct {
		env     map[string]string
		options Options
		id      cloud.Identity
		want    string
	}{
		"default region":   {want: "cloudformation.eu-west-1.amazonaws.com"},
		"identity's":       {id: cloud.Identity{Region: "us-gov-west-1"}, want: "cloudformation.us-gov-west-1.amazonaws.com"},
		"option":           {options: Options{BaseEndpoint: "https://sim.example"}, want: "sim.example"},
		"all services":     {env: map[string]string{"AWS_ENDPOINT_URL": "https://all.example"}, want: "all.example"},
		"one service":      {env: map[string]string{"AWS_ENDPOINT_URL_CLOUDFORMATION": "https://cfn.example"}, want: "cfn.example"},
		"another service":  {env: map[string]string{"AWS_ENDPOINT_URL_ECS": "https://ecs.example"}, want: "cloudformation.eu-west-1.amazonaws.com"},
		"identity's first": {env: map[string]string{"AWS_REGION": "eu-north-1"}, id: cloud.Identity{Region: "eu-west-3"}, want: "cloudformation.eu-west-3.amazonaws.com"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			var asked string
			tc.options.HTTPClient, tc.options.MaxAttempts = asking(&asked), 1
			_, err := clientsOf(t, newProvider(t, tc.options), tc.id).Stacks.Describe(t.Context(), "checkout-1")
			wantKind(t, err, cloud.KindTransient)
			if asked != tc.want {
				t.Errorf("asked %s, want %s", asked, tc.want)
			}
		})
	}
}
