package aws

import (
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A task that can't be placed is told of once; what comes after it doesn't hide that,
// but for tasks that were placed.
func TestLastEvent(t *testing.T) {
	const (
		unplaced   = "(service web) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster."
		started    = "(service web) has started 1 tasks: (task 0123)."
		registered = "(service web) registered 1 targets in (target-group arn)"
		steady     = "(service web) has reached a steady state."
	)
	for name, c := range map[string]struct {
		newestFirst []string
		want        string
	}{
		"none":                {nil, ""},
		"newest":              {[]string{registered, started}, registered},
		"unplaced":            {[]string{unplaced, registered, started}, unplaced},
		"something came then": {[]string{registered, registered, unplaced, started}, unplaced},
		"placed since":        {[]string{registered, started, unplaced}, registered},
		"steady since":        {[]string{registered, steady, unplaced}, registered},
	} {
		var events []types.ServiceEvent
		for _, message := range c.newestFirst {
			events = append(events, types.ServiceEvent{Message: awssdk.String(message)})
		}
		if got := lastEvent(events); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// An instance that is gone is no fault of its tasks, whatever code ECS has for it.
func TestStopsOfInstances(t *testing.T) {
	for name, task := range map[string]types.Task{
		"terminated": {StopCode: types.TaskStopCodeTerminationNotice, StoppedReason: awssdk.String("Host EC2 (instance i-0123) terminated.")},
		"stopped":    {StopCode: types.TaskStopCodeTerminationNotice, StoppedReason: awssdk.String("Host EC2 (instance i-0123) stopped.")},
		"exited":     {StopCode: types.TaskStopCodeEssentialContainerExited, StoppedReason: awssdk.String("Host EC2 (instance i-0123) terminated.")},
		"no code":    {StoppedReason: awssdk.String("Host EC2 (instance i-0123) terminated.")},
		"drained":    {StopCode: types.TaskStopCodeServiceSchedulerInitiated, StoppedReason: awssdk.String("Scaling activity initiated by (deployment ecs-svc/1)")},
		"Spot":       {StopCode: types.TaskStopCodeSpotInterruption, StoppedReason: awssdk.String("Your Spot Task was interrupted.")},
		"no interface": {
			StopCode: types.TaskStopCodeTaskFailedToStart, StoppedReason: awssdk.String("RESOURCE:ENI"),
		},
	} {
		if failed(&task) {
			t.Errorf("%s counts as a failure", name)
		}
	}
}
