// Package cloudwatch simulates Amazon CloudWatch: metrics that the account
// provides itself and those that clients put, metric math over them, metric
// alarms and composite ones.
//
// The account's own metrics come from what really happened: each response of a
// load balancer counts into the period in which it ended, and target health and
// the tasks' load are sampled at each period's end. As with AWS nothing of a
// period is visible before its end, then only the part which some of the load
// balancer's nodes have published, and all of it after a delay. Counts have no
// zeros: where nothing happened there is no data point.
//
// All timestamps are those of Options.Clock, which may run faster than the
// world's.
//
// It imports the standard library, core, dataplane, ecs and elb.
package cloudwatch
