package awssim

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

const granite = "/service/GraniteServiceVersion20100801/operation/"

// cborRequest is a signed request to CloudWatch as the wire has it.
func cborRequest(t *testing.T, path string, body []byte) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://aws.test"+granite, bytes.NewReader(body))
	r.URL.Path = path
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	return r
}

func encoded(t testing.TB, members any) []byte {
	t.Helper()
	body, err := newCodec().enc.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestCBOR(t *testing.T) {
	type m = map[string]any
	tests := map[string]struct {
		path   string
		body   []byte
		edit   func(*http.Request)
		status int
		want   string
	}{
		"empty body":      {path: granite + "DescribeAlarms", status: 200},
		"unsigned":        {path: granite + "DescribeAlarms", edit: func(r *http.Request) { r.Header.Del("Authorization") }, status: 403, want: "MissingAuthenticationToken"},
		"unknown":         {path: granite + "PutDashboard", status: 400, want: "UnknownOperationException"},
		"other service":   {path: "/service/Other/operation/DescribeAlarms", status: 400, want: "UnknownOperationException"},
		"other method":    {path: granite + "DescribeAlarms", edit: func(r *http.Request) { r.Method = http.MethodGet }, status: 400, want: "UnknownOperationException"},
		"query protocol":  {path: "/", edit: func(r *http.Request) { r.Header.Del("Smithy-Protocol") }, status: 400, want: "UnknownOperationException"},
		"not CBOR":        {path: granite + "DescribeAlarms", body: []byte("{}"), status: 400, want: "SerializationException"},
		"wrong type":      {path: granite + "DescribeAlarms", body: encoded(t, m{"AlarmNames": "a"}), status: 400, want: "SerializationException"},
		"not gzip":        {path: granite + "DescribeAlarms", body: encoded(t, m{}), edit: func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, status: 400, want: "SerializationException"},
		"unknown member":  {path: granite + "DescribeAlarms", body: encoded(t, m{"AlarmNames": []string{"a"}, "Alarms": 1}), status: 400, want: "The member Alarms is not known"},
		"unknown, deeper": {path: granite + "GetMetricData", body: encoded(t, m{"MetricDataQueries": []any{m{"Id": "a"}, m{"Id": "b", "AccountId": "1"}}}), status: 400, want: "MetricDataQueries[1].AccountId"},
		"no such alarm":   {path: granite + "SetAlarmState", body: encoded(t, m{"AlarmName": "a", "StateValue": "OK", "StateReason": "x"}), status: 404, want: "ResourceNotFound"},
	}
	sim := New(Options{})
	defer sim.Close()
	for name, tc := range tests {
		r := cborRequest(t, tc.path, tc.body)
		if tc.edit != nil {
			tc.edit(r)
		}
		answer, err := sim.serve(r)
		if err != nil || answer.status != tc.status {
			t.Errorf("%s: got %d %q, %v", name, answer.status, answer.body, err)
			continue
		}
		var members map[string]any
		if err := cbor.Unmarshal(answer.body, &members); err != nil {
			t.Errorf("%s: %q: %v", name, answer.body, err)
		}
		text := fmt.Sprint(members)
		if !strings.Contains(text, tc.want) || tc.want == "" && members["MetricAlarms"] == nil {
			t.Errorf("%s: got %s", name, text)
		}
		if tc.want != "" && (members["__type"] == nil || answer.header.Get("X-Amzn-Query-Error") == "") {
			t.Errorf("%s: got %s, %v", name, text, answer.header)
		}
		if answer.header.Get("Smithy-Protocol") != "rpc-v2-cbor" || answer.header.Get("Content-Type") != "application/cbor" {
			t.Errorf("%s: headers are %v", name, answer.header)
		}
	}
}

// FuzzCBOR sends anything to CloudWatch: each request gets an answer that
// doesn't blame the simulator.
func FuzzCBOR(f *testing.F) {
	type m = map[string]any
	now := time.Now()
	metric := m{"Namespace": "Shop", "MetricName": "Orders", "Dimensions": []any{m{"Name": "a", "Value": "b"}}}
	f.Add("PutMetricData", encoded(f, m{"Namespace": "Shop", "MetricData": []any{
		m{"MetricName": "Orders", "Values": []float64{1, 2}, "Counts": []float64{1, 3}, "Timestamp": now},
		m{"MetricName": "Orders", "StatisticValues": m{"SampleCount": 1.0, "Sum": 2.0, "Minimum": 2.0, "Maximum": 2.0}, "StorageResolution": 1},
	}}))
	f.Add("GetMetricData", encoded(f, m{"StartTime": now.Add(-time.Hour), "EndTime": now, "MetricDataQueries": []any{
		m{"Id": "a", "MetricStat": m{"Metric": metric, "Period": 60, "Stat": "p99"}},
		m{"Id": "b", "Expression": "FILL(a, 0) / PERIOD(a)", "ReturnData": true, "Period": 60},
	}, "MaxDatapoints": 7, "ScanBy": "TimestampAscending"}))
	f.Add("PutMetricAlarm", encoded(f, m{"AlarmName": "x", "Namespace": "Shop", "MetricName": "Orders", "Statistic": "Sum", "Period": 10,
		"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1.5, "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}))
	f.Add("PutCompositeAlarm", encoded(f, m{"AlarmName": "y", "AlarmRule": "NOT (ALARM(a) OR TRUE)"}))
	f.Add("DescribeAlarms", encoded(f, m{"AlarmNamePrefix": "a", "MaxRecords": 3, "StateValue": "OK", "AlarmTypes": []string{"CompositeAlarm"}}))
	f.Add("SetAlarmState", encoded(f, m{"AlarmName": "a", "StateValue": "OK", "StateReason": "so"}))
	f.Add("DeleteAlarms", encoded(f, m{"AlarmNames": []string{"a", "y"}}))
	f.Add("ListMetrics", encoded(f, m{"Namespace": "Shop", "Dimensions": []any{m{"Name": "a"}}, "RecentlyActive": "PT3H"}))
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		sim := New(Options{})
		defer sim.Close()
		if err := sim.SetAlarm("a", "ALARM", "a test"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			answer, err := sim.serve(cborRequest(t, granite+operation, body))
			if err != nil || answer.status >= http.StatusInternalServerError {
				t.Fatalf("%s %q: %d %q, %v", operation, body, answer.status, answer.body, err)
			}
		}
	})
}
