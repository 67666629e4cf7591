"""Amazon CloudWatch: alarms and metrics by which revisions are judged."""

import datetime
import time

from . import scenario

NOW = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
START, END = NOW - datetime.timedelta(minutes=10), NOW
DIMENSIONS = [{"Name": "TargetGroup", "Value": "targetgroup/checkout-1/0123456789abcdef"}]


def alarm(aws, name):
    aws.quiet(
        "cloudwatch:PutMetricAlarm", AlarmName=name, Namespace="Shop", MetricName="Errors", Statistic="Sum", Period=60,
        EvaluationPeriods=3, Threshold=1.0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
    )
    aws.quiet("cloudwatch:SetAlarmState", AlarmName=name, StateValue="OK", StateReason="as it should be")


@scenario
def alarms(aws):
    alarm(aws, "checkout-5xx")
    aws.quiet("cloudwatch:PutCompositeAlarm", AlarmName="checkout-any", AlarmRule='ALARM("checkout-5xx")')
    both = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    aws.call("by name", "cloudwatch:DescribeAlarms", AlarmNames=["checkout-5xx"], **both)
    aws.call("composite", "cloudwatch:DescribeAlarms", AlarmNames=["checkout-any"], **both)
    aws.call("both", "cloudwatch:DescribeAlarms", AlarmNames=["checkout-5xx", "checkout-any", "nope"], **both)
    aws.call("missing", "cloudwatch:DescribeAlarms", AlarmNames=["nope"], **both)
    aws.quiet("cloudwatch:SetAlarmState", AlarmName="checkout-5xx", StateValue="ALARM", StateReason="five errors")
    aws.call("in alarm", "cloudwatch:DescribeAlarms", AlarmNames=["checkout-5xx"], **both)
    aws.call("101 names", "cloudwatch:DescribeAlarms", AlarmNames=[f"a{i}" for i in range(101)], checked=False)
    aws.call("set missing", "cloudwatch:SetAlarmState", AlarmName="nope", StateValue="OK", StateReason="none")


def query(name, metric="RequestCount", stat="Sum", **more):
    return {
        "Id": name, "ReturnData": True, **more,
        "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": metric, "Dimensions": DIMENSIONS}, "Period": 60, "Stat": stat},
    }


def arrived(aws, window):
    """Waits until CloudWatch returns the data, which takes a while."""
    for _ in range(50):
        found = aws.quiet("cloudwatch:GetMetricData", MetricDataQueries=[query("requests")], **window).response
        if len(found["MetricDataResults"][0]["Values"]) == 3:
            return
        time.sleep(0.1)


@scenario
def metrics(aws):
    aws.call("put", "cloudwatch:PutMetricData", Namespace="Shop", MetricData=[
        {"MetricName": "RequestCount", "Dimensions": DIMENSIONS, "Timestamp": NOW - datetime.timedelta(minutes=m), "Value": 10.0 * m}
        for m in (2, 3, 4)
    ])
    window = {"StartTime": START, "EndTime": END}
    arrived(aws, window)
    aws.call("sum", "cloudwatch:GetMetricData", MetricDataQueries=[query("requests")], **window, ScanBy="TimestampAscending")
    aws.call("no data", "cloudwatch:GetMetricData", MetricDataQueries=[query("latency", "TargetResponseTime", "Average")], **window)
    aws.call("two", "cloudwatch:GetMetricData", MetricDataQueries=[query("requests"), query("most", stat="Maximum")], **window)
    expression = {"Id": "rate", "Expression": "requests / 2", "ReturnData": True}
    aws.call("expression", "cloudwatch:GetMetricData", MetricDataQueries=[{**query("requests"), "ReturnData": False}, expression], **window)


@scenario
def refused(aws):
    window = {"StartTime": START, "EndTime": END}
    aws.call("two with one name", "cloudwatch:GetMetricData", MetricDataQueries=[query("a"), query("a")], **window)
    aws.call("bad name", "cloudwatch:GetMetricData", MetricDataQueries=[query("Upper")], **window)
    aws.call("bad statistic", "cloudwatch:GetMetricData", MetricDataQueries=[query("a", stat="Mode")], **window)
    aws.call("upside down", "cloudwatch:GetMetricData", MetricDataQueries=[query("a")], StartTime=END, EndTime=START)
    aws.call("unknown in expression", "cloudwatch:GetMetricData", MetricDataQueries=[{"Id": "b", "Expression": "nope * 2", "ReturnData": True}], **window)
    aws.call("neither metric nor expression", "cloudwatch:GetMetricData", MetricDataQueries=[{"Id": "c"}], **window)
    aws.call("too many", "cloudwatch:GetMetricData", MetricDataQueries=[query(f"q{i}") for i in range(501)], **window)
