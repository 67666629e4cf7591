package aws

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// watch responds like CloudWatch, in CBOR.
type watch struct {
	mu sync.Mutex
	// alarms are the alarms by name, as in a response. Composite ones have an
	// AlarmRule.
	alarms map[string]map[string]any
	// latency of a response.
	latency time.Duration
	// code of the error that all requests get; "" means none.
	code string
	// pageSize is the maximum number of alarms or points in a page; 0 means
	// all.
	pageSize int
	// status of series by metric, and a label for the second of two series.
	status map[string]string
	twice  map[string]bool

	described []describeInput
	got       []dataInput
}

type describeInput struct {
	AlarmNames, AlarmTypes []string
	MaxRecords             int
	NextToken              string
}

type dataInput struct {
	StartTime, EndTime time.Time
	MetricDataQueries  []dataQuery
	MaxDatapoints      int
	NextToken, ScanBy  string
}

type dataQuery struct {
	Id, Expression string //nolint:revive // AWS's name
	Period         int
	ReturnData     bool
	MetricStat     *struct {
		Metric struct {
			Namespace, MetricName string
			Dimensions            []cloud.Dimension
		}
		Period int
		Stat   string
	}
}

// provider returns a provider that calls w.
func (w *watch) provider(t *testing.T, o Options) *Provider {
	t.Helper()
	o.HTTPClient = &http.Client{Transport: roundTripper(w.serve)}
	o.MaxAttempts = 1
	return newProvider(t, o)
}

func (w *watch) clients(t *testing.T) cloud.Clients {
	t.Helper()
	return clientsOf(t, w.provider(t, Options{}), cloud.Identity{})
}

// calls returns how many calls were made since the last time.
func (w *watch) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.described) + len(w.got)
	w.described, w.got = nil, nil
	return n
}

// set changes w.
func (w *watch) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *watch) serve(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if w.latency > 0 {
		time.Sleep(w.latency)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var out any
	var code string
	switch op := path.Base(r.URL.Path); op {
	case "DescribeAlarms":
		var in describeInput
		if err := cbor.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		w.described = append(w.described, in)
		out = w.describe(in)
	case "GetMetricData":
		var in dataInput
		if err := cbor.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		w.got = append(w.got, in)
		out, code = w.data(in)
	default:
		return nil, fmt.Errorf("unexpected call of %s", op)
	}
	if w.code != "" {
		code = w.code
	}
	return answerCBOR(r, out, code)
}

func answerCBOR(r *http.Request, out any, code string) (*http.Response, error) {
	status := http.StatusOK
	header := http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}}
	if code != "" {
		status = http.StatusBadRequest
		if code == "InternalServiceFault" {
			status = http.StatusInternalServerError
		}
		out = map[string]any{"__type": "com.amazonaws.cloudwatch#" + code, "message": "so it is"}
		header.Set("X-Amzn-Query-Error", code+";Sender")
	}
	enc, err := cbor.EncOptions{Time: cbor.TimeUnixDynamic, TimeTag: cbor.EncTagRequired}.EncMode()
	if err != nil {
		return nil, err
	}
	text, err := enc.Marshal(out)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: header, Request: r, Body: io.NopCloser(bytes.NewReader(text))}, nil
}

// page cuts a page off a list; token is where it begins.
func (w *watch) page(n int, token string) (from, to int, next any) {
	from, _ = strconv.Atoi(token)
	to = n
	if w.pageSize > 0 && from+w.pageSize < n {
		to = from + w.pageSize
		return from, to, strconv.Itoa(to)
	}
	return from, to, nil
}

func (w *watch) describe(in describeInput) any {
	out := map[string]any{}
	var metric, composite, logs []any
	var found []string
	for _, name := range in.AlarmNames {
		if w.alarms[name] != nil {
			found = append(found, name)
		}
	}
	from, to, next := w.page(len(found), in.NextToken)
	for _, name := range found[from:to] {
		a := maps.Clone(w.alarms[name])
		a["AlarmName"] = name
		if a["AlarmRule"] != nil && slices.Contains(in.AlarmTypes, "CompositeAlarm") {
			composite = append(composite, a)
		} else if a["ScheduledQueryConfiguration"] != nil {
			if slices.Contains(in.AlarmTypes, "LogAlarm") {
				logs = append(logs, a)
			}
		} else if slices.Contains(in.AlarmTypes, "MetricAlarm") {
			metric = append(metric, a)
		}
	}
	out["MetricAlarms"], out["CompositeAlarms"], out["LogAlarms"] = metric, composite, logs
	if next != nil {
		out["NextToken"] = next
	}
	return out
}

// number is the value of a metric: that in its name.
func number(name string) float64 {
	n, _ := strconv.Atoi(strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-"))
	return float64(n)
}

var quotient = regexp.MustCompile(`^(\w+) ?/ ?(\w+)$`)

// data supports metrics whose value is the number in their name, and quotients.
// It rejects metrics and expressions that contain bad.
func (w *watch) data(in dataInput) (any, string) {
	values := map[string]float64{}
	type row struct {
		id, name string
		at       time.Time
		value    float64
	}
	var rows []row
	names := map[string]string{}
	for _, q := range in.MetricDataQueries {
		name, period := q.Expression, q.Period
		if q.MetricStat != nil {
			name, period = q.MetricStat.Metric.MetricName, q.MetricStat.Period
			values[q.Id] = number(name)
		} else if m := quotient.FindStringSubmatch(name); m != nil {
			_, known := values[m[1]]
			_, known2 := values[m[2]]
			if !known || !known2 {
				return nil, "ValidationError"
			}
			values[q.Id] = values[m[1]] / values[m[2]]
		}
		if strings.Contains(name, "bad") || names[q.Id] != "" || len(in.MetricDataQueries) > 500 || !in.StartTime.Before(in.EndTime) {
			return nil, "ValidationError"
		}
		names[q.Id] = name
		if !q.ReturnData {
			continue
		}
		for at := in.StartTime; at.Before(in.EndTime); at = at.Add(time.Duration(period) * time.Second) {
			rows = append(rows, row{q.Id, name, at, values[q.Id]})
		}
	}
	slices.SortStableFunc(rows, func(x, y row) int { return x.at.Compare(y.at) })
	from, to, next := w.page(len(rows), in.NextToken)
	var results []any
	for _, q := range in.MetricDataQueries {
		var times []time.Time
		var points []float64
		for _, r := range rows[from:to] {
			if r.id == q.Id {
				times, points = append(times, r.at), append(points, r.value)
			}
		}
		status := "Complete"
		if next != nil {
			status = "PartialData"
		}
		if s := w.status[names[q.Id]]; s != "" {
			status = s
		}
		result := map[string]any{"Id": q.Id, "Label": names[q.Id], "StatusCode": status, "Timestamps": times, "Values": points}
		if q.ReturnData {
			results = append(results, result)
			if w.twice[names[q.Id]] {
				results = append(results, result)
			}
		}
	}
	out := map[string]any{"MetricDataResults": results}
	if next != nil {
		out["NextToken"] = next
	}
	return out, ""
}
