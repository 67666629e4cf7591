package cloudwatch

import "strconv"

// label is a result's name: the query's own, or that of what it asks for.
func (in *getMetricDataIn) label(q *dataQuery) string {
	switch {
	case q.Label != nil:
		return *q.Label
	case q.MetricStat == nil:
		return q.Id
	}
	label := q.MetricStat.Metric.MetricName
	if in.differs(q, func(m *metricStat) string { return m.Stat }) {
		label += " " + q.MetricStat.Stat
	}
	if in.differs(q, func(m *metricStat) string { return strconv.Itoa(*m.Period) }) {
		label += " " + strconv.Itoa(*q.MetricStat.Period)
	}
	return label
}

// differs tells whether the request asks for the same metric in another way,
// which is then a part of the labels.
func (in *getMetricDataIn) differs(q *dataQuery, part func(*metricStat) string) bool {
	key := q.MetricStat.Metric.key()
	for i := range in.MetricDataQueries {
		other := in.MetricDataQueries[i].MetricStat
		if other != nil && other.Metric.key() == key && part(other) != part(q.MetricStat) {
			return true
		}
	}
	return false
}

func (m *metricIn) key() string { return newIdentity(m.Namespace, m.MetricName, m.Dimensions).key() }
