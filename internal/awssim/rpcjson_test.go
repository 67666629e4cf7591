package awssim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// jsonRequest is a signed request to CloudWatch as the AWS CLI sends it.
func jsonRequest(t *testing.T, action, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://aws.test/", bytes.NewReader([]byte(body)))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+action)
	r.Header.Set("Content-Type", json10Type)
	return r
}

// TestCloudWatchJSON: the SDK for Python and the AWS CLI speak JSON with
// CloudWatch, in which times are numbers.
func TestCloudWatchJSON(t *testing.T) {
	sim := New(Options{})
	defer sim.Close()
	now := time.Now().Unix()
	window := fmt.Sprintf(`"StartTime":%d,"EndTime":%d.5`, now-600, now)
	metric := `{"Id":"a","MetricStat":{"Metric":{"Namespace":"Shop","MetricName":"Orders"},"Period":60,"Stat":"Sum"}}`
	tests := []struct {
		action, body string
		status       int
		want         string
	}{
		{"PutMetricAlarm", `{"AlarmName":"x","Namespace":"Shop","MetricName":"Orders","Statistic":"Sum","Period":60,"EvaluationPeriods":1,"Threshold":1.5,"ComparisonOperator":"LessThanThreshold"}`, 200, "{}"},
		{"DescribeAlarms", `{"AlarmNames":["x"]}`, 200, `"StateUpdatedTimestamp":1`},
		{"DescribeAlarms", `{"AlarmNames":["x"]}`, 200, `"Dimensions":[]`},
		{"GetMetricData", `{"MetricDataQueries":[` + metric + `],` + window + `}`, 200, `"StatusCode":"Complete"`},
		{"DescribeAlarms", `{"Alarms":1}`, 400, "The member Alarms is not known"},
		{"DescribeAlarms", `[]`, 400, "SerializationException"},
		{"DescribeAlarms", `{"AlarmNames":"a"}`, 400, "SerializationException"},
		{"GetMetricData", `{"MetricDataQueries":[],"StartTime":"now"}`, 400, "SerializationException"},
		{"PutDashboard", `{}`, 400, "UnknownOperationException"},
		{"SetAlarmState", `{"AlarmName":"a","StateValue":"OK","StateReason":"x"}`, 404, "ResourceNotFound"},
	}
	for _, tc := range tests {
		answer, err := sim.serve(jsonRequest(t, tc.action, tc.body))
		if err != nil || answer.status != tc.status || !strings.Contains(string(answer.body), tc.want) {
			t.Errorf("%s %s: got %d %s, %v", tc.action, tc.body, answer.status, answer.body, err)
			continue
		}
		if !json.Valid(answer.body) || answer.header.Get("Content-Type") != json10Type {
			t.Errorf("%s: %s, headers are %v", tc.action, answer.body, answer.header)
		}
		if refused := answer.header.Get("X-Amzn-Query-Error") != ""; refused != (tc.status != http.StatusOK) {
			t.Errorf("%s: headers are %v", tc.action, answer.header)
		}
	}
}
