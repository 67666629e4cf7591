package cloudwatch

import (
	"regexp"
	"slices"
	"time"
)

type metricIn struct {
	Namespace  string
	MetricName string
	Dimensions []Dimension
}

type metricStat struct {
	Metric *metricIn
	Period *int
	Stat   string
	// Unit is the one that data must have; "" is any.
	Unit string
}

type dataQuery struct {
	Id         string
	MetricStat *metricStat
	Expression *string
	Label      *string
	Period     *int
	ReturnData *bool
}

func (q *dataQuery) returned() bool { return q.ReturnData == nil || *q.ReturnData }

type getMetricDataIn struct {
	MetricDataQueries  []dataQuery
	StartTime, EndTime *time.Time
	ScanBy             string
	MaxDatapoints      *int
	NextToken          string
}

type dataResult struct {
	Id         string
	Label      string
	Timestamps []time.Time
	Values     []float64
	StatusCode string
}

type getMetricDataOut struct {
	// Messages is always there, and always empty here.
	Messages          []struct{}
	MetricDataResults []dataResult
	NextToken         string `cbor:",omitempty"`
}

const (
	maxQueries    = 500
	maxDatapoints = 100_800
)

// The states of a result.
const (
	statusComplete = "Complete"
	statusPartial  = "PartialData"
)

func (s *Service) getMetricData(in getMetricDataIn) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	from, err := s.pageOf(in.NextToken, in.fingerprint())
	if err != nil {
		return nil, err
	}
	request, err := s.newDataRequest(&in, from.visible)
	if err != nil {
		return nil, err
	}
	out := getMetricDataOut{Messages: []struct{}{}}
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		v, err := request.valueOf(q.Id)
		if err != nil {
			return nil, err
		}
		if !q.returned() {
			continue
		}
		if v.scalar {
			return nil, invalid("Error in expression '%s': The result of an expression that is returned must be a time series", q.Id)
		}
		out.MetricDataResults = append(out.MetricDataResults, result(q, v, &in))
	}
	limit := maxDatapoints
	if in.MaxDatapoints != nil {
		limit = *in.MaxDatapoints
	}
	out.NextToken = from.cut(out.MetricDataResults, limit, in.fingerprint())
	return out, nil
}

func (in *getMetricDataIn) check() error {
	switch {
	case in.StartTime == nil:
		return missing("StartTime")
	case in.EndTime == nil:
		return missing("EndTime")
	case !in.StartTime.Before(*in.EndTime):
		return invalid("The parameter StartTime must be less than the parameter EndTime.")
	case !oneOf(in.ScanBy, "", "TimestampAscending", "TimestampDescending"):
		return invalid("The value %s for parameter ScanBy is invalid.", in.ScanBy)
	case in.MaxDatapoints != nil && (*in.MaxDatapoints < 1 || *in.MaxDatapoints > maxDatapoints):
		return invalid("The parameter MaxDatapoints must be between 1 and %d.", maxDatapoints)
	}
	return in.checkQueries()
}

func (in *getMetricDataIn) checkQueries() error {
	switch {
	case len(in.MetricDataQueries) == 0:
		return missing("MetricDataQueries")
	case len(in.MetricDataQueries) > maxQueries:
		return invalid("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	case !slices.ContainsFunc(in.MetricDataQueries, func(q dataQuery) bool { return q.returned() }):
		return invalid("At least one of the MetricDataQueries must have ReturnData set to true.")
	}
	seen := map[string]bool{}
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		if err := q.check(); err != nil {
			return err
		}
		if seen[q.Id] {
			return invalid("The values for parameter id in MetricDataQueries are not unique.")
		}
		seen[q.Id] = true
	}
	return nil
}

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

func (q *dataQuery) check() error {
	switch {
	case q.Id == "":
		return missing("MetricDataQueries.member.Id")
	case !queryID.MatchString(q.Id):
		return invalid("The value %s for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", q.Id)
	case (q.MetricStat == nil) == (q.Expression == nil):
		return invalid("The query '%s' must have either MetricStat or Expression, and not both.", q.Id)
	case q.Expression != nil && *q.Expression == "":
		return invalid("The Expression of the query '%s' must not be empty.", q.Id)
	case q.MetricStat != nil && q.Period != nil:
		return invalid("The query '%s' must have its Period in MetricStat.", q.Id)
	case q.Period != nil:
		return checkPeriod(*q.Period)
	case q.MetricStat != nil:
		return q.MetricStat.check(q.Id)
	}
	return nil
}

func (m *metricStat) check(id string) error {
	switch {
	case m.Metric == nil || m.Metric.MetricName == "" || m.Metric.Namespace == "":
		return invalid("The MetricStat of the query '%s' must name a metric and its namespace.", id)
	case m.Period == nil:
		return invalid("The MetricStat of the query '%s' must have a Period.", id)
	case m.Stat == "":
		return invalid("The MetricStat of the query '%s' must have a Stat.", id)
	case m.Unit != "" && !slices.Contains(units(), m.Unit):
		return invalid("The value %s for parameter Unit of the query '%s' is invalid.", m.Unit, id)
	}
	if err := checkPeriod(*m.Period); err != nil {
		return err
	}
	if err := checkDimensions("Metric", m.Metric.Dimensions); err != nil {
		return err
	}
	_, err := parseStatistic(m.Stat)
	return err
}

// maxPeriod is longer than anything is kept, and short enough to reckon with.
const maxPeriod = 455 * 24 * 60 * 60

func checkPeriod(seconds int) error {
	if slices.Contains([]int{1, 5, 10, 20, 30}, seconds) || seconds >= 60 && seconds%60 == 0 && seconds <= maxPeriod {
		return nil
	}
	return invalid("Period must be 1, 5, 10, 20, 30 or a multiple of 60, not %d.", seconds)
}

// result writes a series in the order that was asked for.
func result(q *dataQuery, v value, in *getMetricDataIn) dataResult {
	r := dataResult{Id: q.Id, Label: in.label(q), StatusCode: statusComplete, Timestamps: []time.Time{}, Values: []float64{}}
	times := v.times()
	if in.ScanBy != "TimestampAscending" {
		slices.Reverse(times)
	}
	for _, t := range times {
		r.Timestamps = append(r.Timestamps, time.Unix(t, 0).UTC())
		r.Values = append(r.Values, v.points[t])
	}
	return r
}

// dataRequest evaluates the queries of a call, each once.
type dataRequest struct {
	service     *Service
	queries     map[string]*dataQuery
	expressions map[string]*expression
	values      map[string]value
	// open are the queries being evaluated, to notice a circle.
	open       map[string]bool
	start, end time.Time
	// visible is the moment whose view of the data counts.
	visible time.Time
}

func (s *Service) newDataRequest(in *getMetricDataIn, visible time.Time) (*dataRequest, error) {
	r := &dataRequest{
		service: s, queries: map[string]*dataQuery{}, expressions: map[string]*expression{},
		values: map[string]value{}, open: map[string]bool{},
		start: *in.StartTime, end: *in.EndTime, visible: visible,
	}
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		r.queries[q.Id] = q
	}
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		if q.Expression == nil {
			continue
		}
		e, err := parseMath(*q.Expression)
		if err != nil {
			return nil, inExpression(q.Id, err)
		}
		for _, id := range e.ids() {
			if r.queries[id] == nil {
				return nil, invalid("Error in expression '%s': Undefined variable '%s'", q.Id, id)
			}
		}
		r.expressions[q.Id] = e
	}
	return r, nil
}

func (r *dataRequest) valueOf(id string) (value, error) {
	if v, known := r.values[id]; known {
		return v, nil
	}
	if r.open[id] {
		return value{}, invalid("Error in expression '%s': The expression depends on itself", id)
	}
	r.open[id] = true
	defer delete(r.open, id)
	q := r.queries[id]
	v, err := r.evaluate(q)
	if err == nil && q.Period != nil && !v.scalar && v.period != time.Duration(*q.Period)*time.Second {
		err = invalid("Error in expression '%s': A Period that differs from that of its metrics is not simulated", id)
	}
	if err != nil {
		return value{}, err
	}
	r.values[id] = v
	return v, nil
}

func (r *dataRequest) evaluate(q *dataQuery) (value, error) {
	if q.MetricStat != nil {
		return r.metric(q.MetricStat)
	}
	ev := &evaluator{start: roundStart(r.start, time.Minute), end: r.end, id: r.valueOf}
	if ev.end.After(r.visible) {
		ev.end = r.visible
	}
	v, err := ev.eval(r.expressions[q.Id])
	return v, inExpression(q.Id, err)
}

// roundStart rounds a start to the minute or, for shorter periods, to the
// period.
func roundStart(start time.Time, period time.Duration) time.Time {
	return floor(start, min(period, time.Minute))
}

// fineAge is how long data of less than a minute can be had.
const fineAge = 3 * time.Hour

func (r *dataRequest) metric(q *metricStat) (value, error) {
	st, err := parseStatistic(q.Stat)
	if err != nil {
		return value{}, err
	}
	period := time.Duration(*q.Period) * time.Second
	m := r.service.metrics[q.Metric.key()]
	v := value{points: map[int64]float64{}, period: period, step: max(period, r.service.opts.Resolution)}
	if m != nil {
		v.step = max(period, m.resolution)
	}
	for _, p := range m.read(window{roundStart(r.start, period), r.end, r.visible, period, q.Unit}) {
		if period < time.Minute && r.visible.Sub(p.start) > fineAge {
			continue
		}
		if n, there := st.of(&p.data); there {
			v.set(p.start.Unix(), n)
		}
	}
	return v, nil
}
