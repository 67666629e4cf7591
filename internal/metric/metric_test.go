package metric

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// counted answers each query with a series of one point, which tells its
// position.
type counted struct{ asked []cloud.MetricQuery }

func (c *counted) Read(_ context.Context, queries []cloud.MetricQuery, _ time.Time) ([]cloud.Series, error) {
	c.asked = queries
	series := make([]cloud.Series, len(queries))
	for i := range series {
		series[i].Points = []cloud.Point{{Value: float64(i)}}
	}
	return series, nil
}

// Both revisions are read at once, and each is given what is its own.
func TestCloudWatchReadsBothRevisions(t *testing.T) {
	revision := func(number int64, service string) *v1alpha1.ImmutableRevision {
		imr := &v1alpha1.ImmutableRevision{}
		imr.Spec.Revision, imr.Status.Outputs = number, &v1alpha1.StackOutputs{Cluster: "shop", ServiceName: service}
		return imr
	}
	check := &v1alpha1.MetricCheck{Name: "cpu", Builtin: v1alpha1.MetricCPU}
	var aws counted
	source, err := (&Sources{Metrics: &aws}).Of(check)
	if err != nil {
		t.Fatal(err)
	}
	readings, err := source.Read(t.Context(), check, revision(2, "new"), revision(1, "old"), time.Time{})
	if err != nil || len(readings.Candidate) != 1 || len(readings.Stable) != 1 || readings.Stable[0].Points[0].Value != 1 {
		t.Errorf("%+v: %v", readings, err)
	}
	old := cloud.Dimension{Name: "ServiceName", Value: "old"}
	if len(aws.asked) != 2 || !slices.Contains(aws.asked[1].Metrics[0].Dimensions, old) {
		t.Errorf("asked %+v", aws.asked)
	}
	if readings, err = source.Read(t.Context(), check, revision(2, "new"), nil, time.Time{}); err != nil || readings.Stable != nil {
		t.Errorf("compared with nothing: %+v: %v", readings, err)
	}
}

// A source, or a metric of CloudWatch, that only a newer version knows is refused,
// not taken for one that has nothing to say.
func TestUnknownSource(t *testing.T) {
	for _, newer := range []v1alpha1.MetricCheck{{Name: "source"}, {Name: "builtin", Builtin: "ThrottledRequests"}} {
		_, err := (&Sources{}).Of(&newer)
		if refused, ok := errors.AsType[*refusal.Error](err); !ok || refused.Reason != v1alpha1.ReasonMetricInvalid || refused.Remedy == "" {
			t.Errorf("%s: got %v", newer.Name, err)
		}
	}
}
