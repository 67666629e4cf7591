package awssim

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

func TestFaults(t *testing.T) {
	tests := map[string]struct {
		effect  Effect
		code    string // of the answer, empty for a lost one
		happens bool
	}{
		"throttle":       {Throttle, "Throttling", false},
		"server error":   {ServerError, "InternalFailure", false},
		"timeout before": {TimeoutBefore, "", false},
		"timeout after":  {TimeoutAfter, "", true},
		"access denied":  {AccessDenied, "AccessDenied", false},
		"expired token":  {ExpiredToken, "ExpiredToken", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				sim.Faults.Add(Fault{Service: "cloudformation", Action: "CreateStack", Effect: tc.effect, Times: 1,
					Match: func(c Call) bool { return c.Key == "app" }})
				c := cfnClient(sim)
				create(t, c, "other", oneLog)
				_, err := c.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("app"), TemplateBody: aws.String(oneLog)})
				if err == nil || code(err) != tc.code {
					t.Errorf("got %v", err)
				}
				var timeout interface{ Timeout() bool }
				if tc.code == "" && (!errors.As(err, &timeout) || !timeout.Timeout()) {
					t.Errorf("a lost answer is no timeout: %v", err)
				}
				if happened := len(sim.Stacks()) == 2; happened != tc.happens {
					t.Errorf("happened: %v", happened)
				}
				calls := sim.Calls()
				if last := calls[len(calls)-1]; last.Key != "app" || last.ErrorCode == "" || last.Operation() != "cloudformation:CreateStack" {
					t.Errorf("recorded %+v", last)
				}
				if sim.CallCounts()["cloudformation:CreateStack"] != 2 || sim.Faults.Fired() != 1 {
					t.Errorf("counted %v, fired %d", sim.CallCounts(), sim.Faults.Fired())
				}
			})
		})
	}
}

func TestFaultSelection(t *testing.T) {
	bubble(t, Options{Seed: 7}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		outcome := func() string {
			_, err := c.ListStacks(t.Context(), &cloudformation.ListStacksInput{})
			return code(err)
		}
		remove := sim.Faults.Add(Fault{Nth: 2, Effect: Throttle})
		if got := []string{outcome(), outcome(), outcome()}; strings.Join(got, ",") != ",Throttling," {
			t.Errorf("nth: %q", got)
		}
		remove()
		sim.Faults.Add(Fault{Probability: 0.5, Effect: ServerError})
		hits := 0
		for range 100 {
			if outcome() != "" {
				hits++
			}
		}
		if hits < 30 || hits > 70 {
			t.Errorf("%d of 100 calls were hit", hits)
		}
		sim.Faults.Clear()
		sim.ResetCalls()
		if outcome() != "" || len(sim.Calls()) != 1 {
			t.Error("the plan or the record was not cleared")
		}
	})
}

// TestRetries shows that the SDK takes the faults for what they are.
func TestRetries(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		sim.Faults.Add(Fault{Effect: Throttle, Nth: 1})
		sim.Faults.Add(Fault{Effect: TimeoutBefore, Nth: 1})
		c := cloudformation.NewFromConfig(sdkConfig(sim, 3))
		if _, err := c.ListStacks(t.Context(), &cloudformation.ListStacksInput{}); err != nil {
			t.Error(err)
		}
		if n := sim.CallCounts()["cloudformation:ListStacks"]; n != 3 {
			t.Errorf("%d attempts, want 3", n)
		}
	})
}

func TestHTTP(t *testing.T) {
	sim := New(Options{})
	defer sim.Close()
	server := httptest.NewServer(sim)
	defer server.Close()
	const scope = "AWS4-HMAC-SHA256 Credential=AKID/20260101/%/aws4_request, SignedHeaders=host, Signature=00"
	tests := map[string]struct {
		auth, target, body string
		status             int
		want               string
	}{
		"unsigned":       {"", "", "Action=ListStacks", 403, "<Code>MissingAuthenticationToken</Code>"},
		"unsigned JSON":  {"", "AmazonEC2ContainerRegistry_V20150921.DescribeImages", "{}", 403, `"__type":"MissingAuthenticationToken"`},
		"garbled":        {"AWS4-HMAC-SHA256 Credential=x", "", "Action=ListStacks", 400, "<Code>IncompleteSignature</Code>"},
		"other region":   {strings.Replace(scope, "%", "us-east-1/cloudformation", 1), "", "Action=ListStacks", 403, "<Code>SignatureDoesNotMatch</Code>"},
		"unknown":        {strings.Replace(scope, "%", "eu-west-1/s3", 1), "", "", 400, "<Code>InvalidAction</Code>"},
		"no action":      {strings.Replace(scope, "%", "eu-west-1/cloudformation", 1), "", "", 400, "<Code>MissingAction</Code>"},
		"unknown action": {strings.Replace(scope, "%", "eu-west-1/cloudformation", 1), "", "Action=Nope", 400, "<Code>InvalidAction</Code>"},
		"unknown target": {strings.Replace(scope, "%", "eu-west-1/ecr", 1), "Nope.Nope", "{}", 400, `"__type":"UnknownOperationException"`},
		"bad JSON":       {strings.Replace(scope, "%", "eu-west-1/ecr", 1), "AmazonEC2ContainerRegistry_V20150921.DescribeImages", "{", 400, `"__type":"SerializationException"`},
		"unknown member": {strings.Replace(scope, "%", "eu-west-1/cloudformation", 1), "", "Action=ListStacks&Nope=1", 400, "Unknown parameter: Nope"},
		"good":           {strings.Replace(scope, "%", "eu-west-1/cloudformation", 1), "", "Action=ListStacks", 200, `<ListStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStacksResult>`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			for header, value := range map[string]string{"Authorization": tc.auth, "X-Amz-Target": tc.target} {
				if value != "" {
					req.Header.Set(header, value)
				}
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close() //nolint:errcheck // nothing was written
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.want) || resp.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
		})
	}
	sim.Faults.Add(Fault{Effect: TimeoutAfter})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"?Action=ListStacks", nil)
	req.Header.Set("Authorization", strings.Replace(scope, "%", "eu-west-1/cloudformation", 1))
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Error("a lost answer arrived")
	}
}
