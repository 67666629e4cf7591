package cloudwatch

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// inExpression says which expression an error is about.
func inExpression(id string, err error) error {
	refused, ok := err.(*core.APIError) //nolint:errorlint // the parser returns nothing else
	if !ok || refused == nil {
		return err
	}
	const prefix = "Error in expression '"
	if len(refused.Message) > len(prefix) && refused.Message[:len(prefix)] == prefix {
		return err
	}
	return invalid("%s%s': %s", prefix, id, refused.Message)
}

// page is where a GetMetricData goes on: all pages see the data of one moment.
type page struct {
	visible time.Time
	// skip counts the data points of earlier pages.
	skip int
}

// fingerprint tells a request from others: a token is good for its own only.
func (in *getMetricDataIn) fingerprint() string {
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, in.StartTime.UnixNano(), in.EndTime.UnixNano(), in.ScanBy) // a hash never fails
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		_, _ = fmt.Fprintf(sum, "|%s|%v", q.Id, q.returned())
		if q.Expression != nil {
			_, _ = fmt.Fprint(sum, *q.Expression)
			continue
		}
		_, _ = fmt.Fprint(sum, *q.MetricStat.Metric, *q.MetricStat.Period, q.MetricStat.Stat, q.MetricStat.Unit)
	}
	return fmt.Sprintf("%016x", sum.Sum64())
}

func (s *Service) pageOf(token, fingerprint string) (page, error) {
	if token == "" {
		return page{visible: s.now()}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return page{}, badToken()
	}
	var request string
	var nanos int64
	var p page
	if _, err := fmt.Sscanf(string(raw), "%16s %d %d", &request, &nanos, &p.skip); err != nil || request != fingerprint || p.skip < 0 {
		return page{}, badToken()
	}
	p.visible = time.Unix(0, nanos).UTC()
	return p, nil
}

// cut leaves the page's data points in the results and returns the token of the
// next page. Results that go on there have PartialData.
func (p page) cut(results []dataResult, limit int, fingerprint string) string {
	before, more := 0, false
	end := p.skip + limit
	for i := range results {
		r := &results[i]
		n := len(r.Values)
		from, to := min(max(p.skip-before, 0), n), min(max(end-before, 0), n)
		r.Timestamps, r.Values = r.Timestamps[from:to], r.Values[from:to]
		if to < n {
			r.StatusCode, more = statusPartial, true
		}
		before += n
	}
	if !more {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", fingerprint, p.visible.UnixNano(), end))
}
