package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	defaultMetricPeriod = time.Minute
	// metricQueriesMax and datapointsMax are GetMetricData's own limits; a
	// response with more data points has several pages.
	metricQueriesMax = 500
	datapointsMax    = 100_800
	// metricPagesMax limits the pages of a response. Few have more than one.
	metricPagesMax = 100
	// dimensionsMax of a metric.
	dimensionsMax = 30
)

// metricData implements cloud.Metrics. Queries are identified by their text.
type metricData struct {
	api    cloudWatchAPI
	period time.Duration
	now    func() time.Time
	batch  batch[series]

	mu sync.Mutex
	// starts are the times since which data was requested, with the time of the
	// last request.
	starts map[time.Time]time.Time
}

// series is what was read for a query.
type series struct {
	cloud.Series
	// from is the beginning of the time range that was read.
	from time.Time
}

func newMetricData(api cloudWatchAPI, window, period time.Duration, now func() time.Time) *metricData {
	m := &metricData{api: api, period: period, now: now, starts: map[time.Time]time.Time{}}
	m.batch = batch[series]{window: window, begin: m.begin}
	return m
}

// checkMetricPeriod accepts the periods that CloudWatch accepts.
func checkMetricPeriod(p time.Duration) error {
	switch {
	case slices.Contains([]time.Duration{1, 5, 10, 20, 30}, p/time.Second) && p%time.Second == 0:
	case p > 0 && p%time.Minute == 0:
	default:
		return fmt.Errorf("metric period %s: it must be 1, 5, 10, 20, 30 or a multiple of 60 seconds", p)
	}
	return nil
}

func (m *metricData) Read(ctx context.Context, queries []cloud.MetricQuery, since time.Time) ([]cloud.Series, error) {
	keys := make([]string, len(queries))
	for i, q := range queries {
		var err error
		if keys[i], err = metricKey(q); err != nil {
			return nil, err
		}
	}
	from := m.want(since)
	out := make([]cloud.Series, len(keys))
	err := m.batch.get(ctx, keys, func(known map[string]*want[series]) error {
		for i, k := range keys {
			s := known[k].value
			if s.from.After(from) {
				return cloud.ErrPending
			}
			out[i] = s.Series
			out[i].Points = slices.Clone(s.Points)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// want records the request for data since a time and returns the start of the
// period from which it is read.
func (m *metricData) want(since time.Time) time.Time {
	from := m.start(since, m.now())
	m.mu.Lock()
	defer m.mu.Unlock()
	m.starts[from] = time.Now()
	return from
}

// start returns the start of the period that contains since, or of the first
// one in the lookback if that is later.
func (m *metricData) start(since, now time.Time) time.Time {
	if earliest := now.Add(-cloud.MaxLookback); since.Before(earliest) {
		return m.floor(earliest.Add(m.period - 1))
	}
	return m.floor(since)
}

// floor counts periods from 1970, as CloudWatch does.
func (m *metricData) floor(t time.Time) time.Time {
	return time.Unix(t.Unix()-modulo(t.Unix(), int64(m.period/time.Second)), 0).UTC()
}

// modulo is never negative, unlike %.
func modulo(n, d int64) int64 { return (n%d + d) % d }

// begin determines the time range of a read.
func (m *metricData) begin() round[series] {
	now := m.now()
	end := m.floor(now)
	from := end.Add(-m.period)
	m.mu.Lock()
	defer m.mu.Unlock()
	for start, asked := range m.starts {
		if time.Since(asked) >= interestWindows*m.batch.window {
			delete(m.starts, start)
		} else if start = m.start(start, now); start.Before(from) {
			from = start
		}
	}
	// The data of a call has to fit into one page: for an expression,
	// CloudWatch returns no further pages.
	limit := min(metricQueriesMax, datapointsMax/max(1, int(end.Sub(from)/m.period)))
	return round[series]{
		chunks: func(keys []string) [][]string { return metricChunks(keys, limit) },
		read: func(ctx context.Context, keys []string) (map[string]result[series], error) {
			return m.read(ctx, keys, from, end, now)
		},
	}
}

// read makes one call, with as many pages as needed.
func (m *metricData) read(ctx context.Context, keys []string, from, end, now time.Time) (map[string]result[series], error) {
	var call metricCall
	for _, k := range keys {
		call.add(k, int32(m.period/time.Second)) //nolint:gosec // G115: periods are checked
	}
	in := &cloudwatch.GetMetricDataInput{
		MetricDataQueries: call.queries,
		StartTime:         &from,
		EndTime:           &end,
		ScanBy:            types.ScanByTimestampAscending,
		MaxDatapoints:     new(int32(datapointsMax)),
	}
	answers := &metricAnswers{byID: map[string]*metricAnswer{}}
	for range metricPagesMax {
		out, err := m.api.GetMetricData(ctx, in)
		if err != nil {
			return nil, wrap(err)
		}
		answers.take(out)
		if awssdk.ToString(out.NextToken) == "" {
			return m.results(&call, answers, series{from: from, Series: cloud.Series{Period: m.period, ReadAt: now}}), nil
		}
		in.NextToken = out.NextToken
	}
	return nil, answerError(cloud.KindTransient, opGetMetricData, "", "the answer has no end")
}

const opGetMetricData = "cloudwatch:GetMetricData"

// results assigns the answers to the queries. all is what all series have in
// common.
func (m *metricData) results(call *metricCall, answers *metricAnswers, all series) map[string]result[series] {
	results := map[string]result[series]{}
	for k, id := range call.answers {
		r := result[series]{value: all}
		if a := answers.byID[id]; a != nil {
			r.refused, r.err = a.failure()
			r.value.Points = a.points
			slices.SortStableFunc(r.value.Points, func(x, y cloud.Point) int { return x.Start.Compare(y.Start) })
		} else if answers.message != "" {
			r.err = answerError(cloud.KindTransient, opGetMetricData, "", answers.message)
		}
		results[k] = r
	}
	return results
}

// metricAnswers are CloudWatch's answers to all queries of a call.
type metricAnswers struct {
	byID map[string]*metricAnswer
	// message is about the call: why queries may be missing.
	message string
}

// metricAnswer is CloudWatch's answer to one query, from all pages.
type metricAnswer struct {
	label, message string
	status         types.StatusCode
	points         []cloud.Point
	// several is true if an expression has more than one series.
	several bool
}

// take adds a page.
func (all *metricAnswers) take(page *cloudwatch.GetMetricDataOutput) {
	all.message = cmp.Or(all.message, messageText(page.Messages))
	inPage := map[string]bool{}
	for i := range page.MetricDataResults {
		r := &page.MetricDataResults[i]
		id := awssdk.ToString(r.Id)
		a := all.byID[id]
		if a == nil {
			a = &metricAnswer{label: awssdk.ToString(r.Label)}
			all.byID[id] = a
		}
		a.several = a.several || inPage[id] || a.label != awssdk.ToString(r.Label)
		inPage[id] = true
		a.status = r.StatusCode
		a.message = cmp.Or(a.message, messageText(r.Messages))
		for n, t := range r.Timestamps {
			if n < len(r.Values) && !math.IsNaN(r.Values[n]) {
				a.points = append(a.points, cloud.Point{Start: t, Value: r.Values[n]})
			}
		}
	}
}

func messageText(messages []types.MessageData) string {
	var texts []string
	for _, m := range messages {
		texts = append(texts, clean(awssdk.ToString(m.Code)+" "+awssdk.ToString(m.Value)))
	}
	return strings.Join(texts, "; ")
}

// failure returns why an answer can't be used, nil if it can. An incomplete
// answer is not evidence.
func (a *metricAnswer) failure() (refused bool, err error) {
	switch {
	case a.several:
		return true, answerError(cloud.KindInvalid, opGetMetricData, "", "the expression gives several time series; it must give one")
	case a.status == types.StatusCodeForbidden:
		return false, answerError(cloud.KindDenied, opGetMetricData, string(a.status), cmp.Or(a.message, "the metric can't be read"))
	case a.status == types.StatusCodeComplete, a.status == "":
		return false, nil
	default:
		return false, answerError(cloud.KindTransient, opGetMetricData, string(a.status), cmp.Or(a.message, "the data is incomplete"))
	}
}

var (
	metricID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)
	// A call contains independent queries: expressions like these would read
	// other queries' metrics, or can't be in the same call as others.
	sharedMetrics = regexp.MustCompile(`(?i)\bMETRICS\s*\(`)
	insightsQuery = regexp.MustCompile(`(?i)^\s*SELECT\b`)
	// ownID matches the IDs that are used in a call.
	ownID = regexp.MustCompile(`\bq_[0-9]`)
)

// metricKey is the text of a query. Equal queries have equal texts.
func metricKey(q cloud.MetricQuery) (string, error) {
	if err := checkMetricQuery(q); err != nil {
		return "", err
	}
	if q.Expression == "" {
		only := q.Metrics[0]
		only.ID = ""
		q.Metrics = []cloud.Metric{only}
	}
	text, err := json.Marshal(q)
	if err != nil {
		return "", invalid("metric query: " + err.Error())
	}
	return string(text), nil
}

// metricOf returns the query of a text that metricKey made.
func metricOf(key string) cloud.MetricQuery {
	var q cloud.MetricQuery
	_ = json.Unmarshal([]byte(key), &q) // it was made by the inverse
	return q
}

func checkMetricQuery(q cloud.MetricQuery) error {
	if err := checkExpression(q); err != nil {
		return err
	}
	ids := map[string]bool{}
	for i := range q.Metrics {
		m := &q.Metrics[i]
		if err := checkMetric(m); err != nil {
			return err
		}
		if q.Expression != "" && (!metricID.MatchString(m.ID) || ids[m.ID]) {
			return invalid(fmt.Sprintf("metric query: ID %q must be unique and read as a lower-case letter, then letters, digits and _", m.ID))
		}
		ids[m.ID] = true
	}
	return nil
}

func checkExpression(q cloud.MetricQuery) error {
	switch {
	case q.Expression == "" && len(q.Metrics) != 1:
		return invalid(fmt.Sprintf("metric query: without an expression it has one metric, not %d", len(q.Metrics)))
	case len(q.Metrics) >= metricQueriesMax:
		return invalid(fmt.Sprintf("metric query: %d metrics are too many for one expression", len(q.Metrics)))
	case sharedMetrics.MatchString(q.Expression):
		return invalid("metric query: METRICS() is not supported; name the metrics by their IDs")
	case insightsQuery.MatchString(q.Expression):
		return invalid("metric query: Metrics Insights (SELECT) is not supported")
	case ownID.MatchString(q.Expression):
		return invalid("metric query: names that begin with q_ and a digit are reserved")
	}
	return nil
}

func checkMetric(m *cloud.Metric) error {
	if m.Namespace == "" || m.Name == "" || m.Statistic == "" {
		return invalid(fmt.Sprintf("metric query: metric %q of namespace %q with statistic %q: none may be empty", m.Name, m.Namespace, m.Statistic))
	}
	if len(m.Dimensions) > dimensionsMax {
		return invalid(fmt.Sprintf("metric query: metric %s has more than %d dimensions", m.Name, dimensionsMax))
	}
	for _, d := range m.Dimensions {
		if d.Name == "" || d.Value == "" {
			return invalid(fmt.Sprintf("metric query: metric %s has a dimension %q with value %q: neither may be empty", m.Name, d.Name, d.Value))
		}
	}
	return nil
}

// metricChunks fills calls with up to limit queries, one after the other. A key
// that needs more gets a separate call.
func metricChunks(keys []string, limit int) [][]string {
	var chunks [][]string
	var call metricCall
	for _, k := range keys {
		if len(chunks) == 0 || len(call.queries)+call.needs(k) > limit {
			chunks, call = append(chunks, nil), metricCall{}
		}
		call.add(k, 0)
		last := len(chunks) - 1
		chunks[last] = append(chunks[last], k)
	}
	return chunks
}

// metricCall is one call of GetMetricData.
type metricCall struct {
	queries []types.MetricDataQuery
	// metrics are the positions of the metrics' queries, by their text without
	// ID.
	metrics map[string]int
	// answers are the IDs of the queries' answers by the queries' text.
	answers map[string]string
}

// needs returns how many more queries the call has after adding one; it may be
// too high if the query has the same metric twice.
func (c *metricCall) needs(key string) int {
	q := metricOf(key)
	n := 0
	if q.Expression != "" {
		n = 1
	}
	for _, m := range q.Metrics {
		if _, ok := c.metrics[metricText(m)]; !ok {
			n++
		}
	}
	return n
}

func metricText(m cloud.Metric) string {
	m.ID = ""
	text, _ := json.Marshal(m) // it contains only text
	return string(text)
}

// add adds a query, which may share metrics with others.
func (c *metricCall) add(key string, period int32) {
	if c.metrics == nil {
		c.metrics, c.answers = map[string]int{}, map[string]string{}
	}
	q := metricOf(key)
	ids := map[string]string{}
	var last int
	for _, m := range q.Metrics {
		last = c.metric(m, period)
		ids[m.ID] = *c.queries[last].Id
	}
	if q.Expression == "" {
		c.queries[last].ReturnData = new(true)
		c.answers[key] = *c.queries[last].Id
		return
	}
	id := c.nextID()
	c.answers[key] = id
	c.queries = append(c.queries, types.MetricDataQuery{
		Id: &id, Expression: new(rename(q.Expression, ids)), Period: &period, ReturnData: new(true),
	})
}

func (c *metricCall) nextID() string { return fmt.Sprintf("q_%d", len(c.queries)) }

// metric returns the position of a metric's query.
func (c *metricCall) metric(m cloud.Metric, period int32) int {
	text := metricText(m)
	if i, ok := c.metrics[text]; ok {
		return i
	}
	i := len(c.queries)
	c.metrics[text] = i
	stat := types.MetricStat{
		Metric: &types.Metric{Namespace: &m.Namespace, MetricName: &m.Name},
		Period: &period,
		Stat:   &m.Statistic,
	}
	for _, d := range m.Dimensions {
		stat.Metric.Dimensions = append(stat.Metric.Dimensions, types.Dimension{Name: &d.Name, Value: &d.Value})
	}
	c.queries = append(c.queries, types.MetricDataQuery{Id: new(c.nextID()), MetricStat: &stat, ReturnData: new(false)})
	return i
}

// mathToken is a part of an expression: a text, a number, a name with the
// parenthesis after it if it is a function's, or anything else.
var mathToken = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[0-9][0-9A-Za-z_.]*|[A-Za-z_][A-Za-z0-9_]*(?:\s*\()?|(?s:.)`)

// rename gives the metrics in an expression other IDs.
func rename(expression string, ids map[string]string) string {
	return mathToken.ReplaceAllStringFunc(expression, func(token string) string {
		if id, ok := ids[strings.TrimSpace(token)]; ok {
			return id
		}
		return token
	})
}
