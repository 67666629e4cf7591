package awssim

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

// The values in this file are those that AWS gave to LocalStack's tests of
// CloudWatch, recorded in test_cloudwatch.snapshot.json of localstack-core 4.0.3.

func TestDataLabels(t *testing.T) {
	type part struct {
		stat   string
		period int32
	}
	tests := map[string]struct {
		parts []part
		want  string
	}{
		"both differ":       {[]part{{"Sum", 60}, {"Minimum", 30}}, "metric1 Sum 60, metric1 Minimum 30"},
		"statistics differ": {[]part{{"Sum", 60}, {"Minimum", 60}}, "metric1 Sum, metric1 Minimum"},
		"periods differ":    {[]part{{"Sum", 60}, {"Sum", 30}}, "metric1 60, metric1 30"},
		"nothing differs":   {[]part{{"Sum", 60}, {"Sum", 60}}, "metric1, metric1"},
	}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			tc := tests[name]
			in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Now().Add(-time.Minute)), EndTime: aws.Time(time.Now())}
			for i, p := range tc.parts {
				in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{
					Id: aws.String([]string{"a", "b"}[i]), MetricStat: &cwtypes.MetricStat{
						Metric: &cwtypes.Metric{Namespace: aws.String("test"), MetricName: aws.String("metric1")}, Period: &p.period, Stat: &p.stat,
					},
				})
			}
			out, err := c.GetMetricData(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var labels []string
			for _, r := range out.MetricDataResults {
				labels = append(labels, *r.Label)
			}
			if got := strings.Join(labels, ", "); got != tc.want || out.Messages == nil {
				t.Errorf("%s: got %s and messages %v, want %s and none", name, got, out.Messages, tc.want)
			}
		}
	})
}

func TestPutMetricDataAsRecorded(t *testing.T) {
	one, set := 1.5, &cwtypes.StatisticSet{SampleCount: aws.Float64(10), Sum: aws.Float64(55), Minimum: aws.Float64(1), Maximum: aws.Float64(10)}
	tests := map[string]struct {
		datum cwtypes.MetricDatum
		want  string
	}{
		"value and values": {cwtypes.MetricDatum{Value: &one, Values: []float64{1, 10}},
			"The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both."},
		"value and set": {cwtypes.MetricDatum{Value: &one, StatisticValues: set},
			"The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both."},
		"counts": {cwtypes.MetricDatum{Values: []float64{1, 10}, Counts: []float64{2, 4, 5}},
			"The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."},
		"values and set": {cwtypes.MetricDatum{Values: []float64{1, 10}, StatisticValues: set}, ""},
	}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		for name, tc := range tests {
			tc.datum.MetricName = aws.String("mymetric")
			_, err := cwClient(sim).PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
				Namespace: aws.String("ns"), MetricData: []cwtypes.MetricDatum{tc.datum},
			})
			var refused smithy.APIError
			if errors.As(err, &refused) && refused.ErrorMessage() != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("%s: got %v, want %q", name, err, tc.want)
			}
		}
	})
}

func TestStateOfNoAlarm(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		_, err := cwClient(sim).SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String("nonexistent"), StateValue: cwtypes.StateValueOk, StateReason: aws.String("x"),
		})
		var refused smithy.APIError
		var response *awshttp.ResponseError
		if !errors.As(err, &refused) || refused.ErrorCode() != "ResourceNotFound" || refused.ErrorMessage() != "" ||
			!errors.As(err, &response) || response.HTTPStatusCode() != http.StatusNotFound {
			t.Errorf("got %v, want 404 ResourceNotFound without a message", err)
		}
	})
}

// TestDataOfAUnit: the values of a metric are told apart by their unit where one
// is asked for.
func TestDataOfAUnit(t *testing.T) {
	tests := map[cwtypes.StandardUnit]float64{"": 16, "Count": 10, "Seconds": 5, "None": 1}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cwClient(sim)
		for unit, value := range map[cwtypes.StandardUnit]float64{"Count": 10, "Seconds": 5, "": 1} {
			_, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("test"), MetricData: []cwtypes.MetricDatum{
				{MetricName: aws.String("m1"), Value: &value, Unit: unit, Timestamp: aws.Time(time.Now().Truncate(time.Minute))},
			}})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute) // so that what came before is put together
		}
		in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now())}
		for unit := range tests {
			in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{
				Id: aws.String("any" + string(unit)), MetricStat: &cwtypes.MetricStat{
					Metric: &cwtypes.Metric{Namespace: aws.String("test"), MetricName: aws.String("m1")},
					Period: aws.Int32(3600), Stat: aws.String("Sum"), Unit: unit,
				},
			})
		}
		out, err := c.GetMetricData(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.MetricDataResults {
			sum := 0.0
			for _, v := range r.Values {
				sum += v
			}
			if want := tests[cwtypes.StandardUnit(strings.TrimPrefix(*r.Id, "any"))]; sum != want {
				t.Errorf("%s: got %v, want %v", *r.Id, sum, want)
			}
		}
	})
}
