package cloudwatch

import (
	"encoding/base64"
	"maps"
	"slices"
	"time"
)

type dimensionFilter struct {
	Name  string
	Value *string
}

type listMetricsIn struct {
	Namespace, MetricName string
	Dimensions            []dimensionFilter
	NextToken             string
	RecentlyActive        string
}

type metricOut struct {
	Namespace  string
	MetricName string
	Dimensions []Dimension
}

type listMetricsOut struct {
	Metrics   []metricOut
	NextToken string `cbor:",omitempty"`
}

const listPage = 500

// listMetrics lists the metrics that have data to be seen.
func (s *Service) listMetrics(in listMetricsIn) (any, error) {
	if in.RecentlyActive != "" && in.RecentlyActive != "PT3H" {
		return nil, invalid("The value %s for parameter RecentlyActive is invalid.", in.RecentlyActive)
	}
	after, err := base64.RawURLEncoding.DecodeString(in.NextToken)
	if err != nil || len(after) > 0 && s.metrics[string(after)] == nil {
		return nil, badToken()
	}
	out := listMetricsOut{Metrics: []metricOut{}}
	for _, key := range slices.Sorted(maps.Keys(s.metrics)) {
		m := s.metrics[key]
		if key <= string(after) || !in.wants(m) || !s.active(m, in.RecentlyActive != "") {
			continue
		}
		out.Metrics = append(out.Metrics, metricOut{m.namespace, m.name, m.dimensions})
		if len(out.Metrics) == listPage {
			out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(key))
			break
		}
	}
	return out, nil
}

func (s *Service) active(m *metric, recently bool) bool {
	now := s.now()
	return slices.ContainsFunc(m.periods, func(p *period) bool {
		data := p.seen(now, "")
		return data.count > 0 && (!recently || now.Sub(p.start) <= 3*time.Hour)
	})
}

func (in *listMetricsIn) wants(m *metric) bool {
	if in.Namespace != "" && in.Namespace != m.namespace || in.MetricName != "" && in.MetricName != m.name {
		return false
	}
	for _, f := range in.Dimensions {
		if !slices.ContainsFunc(m.dimensions, func(d Dimension) bool {
			return d.Name == f.Name && (f.Value == nil || *f.Value == d.Value)
		}) {
			return false
		}
	}
	return true
}
