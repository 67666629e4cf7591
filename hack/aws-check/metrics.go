package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// window is how far back metrics are read.
const window = time.Hour

func unanswered(ctx context.Context, a *account, s subject) (finding, error) {
	g, err := a.group(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	requests, err := a.sum(ctx, []string{g.balancer, g.name}, "RequestCount")
	if err != nil {
		return finding{}, err
	}
	answered, err := a.sum(ctx, []string{g.balancer, g.name},
		"HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count")
	if err != nil {
		return finding{}, err
	}
	refused, err := a.sum(ctx, []string{g.balancer}, "HTTPCode_ELB_502_Count", "HTTPCode_ELB_504_Count")
	if err != nil {
		return finding{}, err
	}
	all, err := a.sum(ctx, []string{g.balancer}, "RequestCount")
	if err != nil {
		return finding{}, err
	}
	seen := fmt.Sprintf("in the last hour %.0f requests, %.0f answered by targets, %.0f with 502 or 504 by the load balancer, which had %.0f in all",
		requests, answered, refused, all)
	switch {
	case refused == 0:
		return finding{unseen, seen}, nil
	case requests > answered:
		return finding{agrees, seen}, nil
	case all > requests:
		return finding{unseen, seen + ": they may have been meant for others"}, nil
	}
	return finding{wrong, seen}, nil
}

// sum adds up metrics of a load balancer in the last hour.
func (a *account) sum(ctx context.Context, of []string, metrics ...string) (float64, error) {
	total := 0.0
	for _, metric := range metrics {
		points, err := a.points(ctx, metric, of...)
		if err != nil {
			return 0, err
		}
		for _, p := range points {
			total += p.sum
		}
	}
	return total, nil
}

// minute is a minute of a metric.
type minute struct {
	begins time.Time
	sum    float64
}

// points are the minutes of a load balancer's metric in the last hour, the newest
// first. of are the load balancer and perhaps the target group.
func (a *account) points(ctx context.Context, metric string, of ...string) ([]minute, error) {
	m := &types.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: &metric}
	for i, name := range []string{"LoadBalancer", "TargetGroup"}[:len(of)] {
		m.Dimensions = append(m.Dimensions, types.Dimension{Name: &name, Value: &of[i]})
	}
	end := time.Now()
	out, err := a.watch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(end.Add(-window)), EndTime: &end,
		MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("m"), MetricStat: &types.MetricStat{
			Metric: m, Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}},
	})
	if err != nil {
		return nil, err
	}
	if len(out.MetricDataResults) != 1 || len(out.MetricDataResults[0].Values) != len(out.MetricDataResults[0].Timestamps) {
		return nil, errors.New("GetMetricData's answer doesn't fit the question")
	}
	result := out.MetricDataResults[0]
	var minutes []minute
	for i, begins := range result.Timestamps {
		minutes = append(minutes, minute{begins, result.Values[i]})
	}
	return minutes, nil
}

// delay is the manager's default for --metric-delay.
const delay = 3 * time.Minute

func metricDelay(ctx context.Context, a *account, s subject) (finding, error) {
	g, err := a.group(ctx, s.stack)
	if err != nil {
		return finding{}, err
	}
	points, err := a.points(ctx, "RequestCount", g.balancer, g.name)
	if err != nil {
		return finding{}, err
	}
	if len(points) == 0 {
		return finding{unseen, "no requests in the last hour"}, nil
	}
	age := time.Since(points[0].begins.Add(time.Minute)).Round(time.Second)
	seen := fmt.Sprintf("the newest minute ended %s ago", age)
	switch {
	// The minute after it has ended, too, by now, and isn't there.
	case age-time.Minute <= delay:
		return finding{agrees, seen}, nil
	case age > window/4:
		return finding{unseen, seen + ": are there requests?"}, nil
	}
	return finding{wrong, seen + ", if requests go on"}, nil
}

func alarmTypes(ctx context.Context, a *account, _ subject) (finding, error) {
	_, err := a.watch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		MaxRecords: aws.Int32(1), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm},
	})
	switch {
	case isInvalid(err):
		return finding{wrong, err.Error()}, nil
	case err != nil:
		return finding{}, err
	}
	return finding{agrees, "it does"}, nil
}
