package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// If a task couldn't start for lack of capacity, addresses or a network
// interface, it isn't its revision's fault.
func TestWantOfCapacityIsNoFault(t *testing.T) {
	for _, reason := range []string{
		"Capacity is unavailable at this time. Please try again later or in a different availability zone",
		"Unexpected EC2 error while attempting to Create Network Interface: InsufficientFreeAddressesInSubnet",
		"Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-0a1b2c3d': InsufficientFreeAddressesInSubnet",
		"Unexpected EC2 error while attempting to attach network interface to instance",
		"TaskFailedToStart: Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0a1b2c3d': RequestLimitExceeded",
		"Timeout waiting for network interface provisioning to complete.",
		"network interface provision complete error timeout wait for network interface provision.",
		"Network interface provision complete error timeout wait for network interface provision.",
		"Rate limit exceeded while preparing network interface to be attached to instance",
		"Timeout waiting for EphemeralStorage provisioning to complete.",
		"ResourceInitializationError: failed to configure ENI: failed to setup regular eni: netplugin failed with no error message",
		"InternalError: the attachment of the network interface took too long",
		"TaskFailedToStart: RESOURCE:ENI",
		"RESOURCE:MEMORY",
		"CannotPullContainerError: ref pull has been retried 5 time(s): dial tcp 10.0.0.1:443: i/o timeout",
		"TaskFailedToStart: CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to do request: Head https://x: net/http: request canceled while waiting for connection",
		"ResourceInitializationError: unable to pull secrets or registry auth: RequestError: Post https://api.ecr: dial tcp: Timeout waiting for network interface provisioning",
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: RequestError: send request failed caused by: context deadline exceeded",
		"ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
		"ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed",
	} {
		if failed(&types.Task{StopCode: types.TaskStopCodeTaskFailedToStart, StoppedReason: &reason}) {
			t.Errorf("counts against the revision: %s", reason)
		}
	}
}

// Failures because of the template or the application are: an image, a secret,
// a role, a log group, a volume, an exit, a health check. So are unknown
// reasons.
func TestFaultsOfTheTemplate(t *testing.T) {
	for reason, code := range map[string]types.TaskStopCode{
		"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref checkout:9: not found":                                                  types.TaskStopCodeTaskFailedToStart,
		"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException":   types.TaskStopCodeTaskFailedToStart,
		"ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: ResourceNotFoundException: The specified log group does not exist": types.TaskStopCodeTaskFailedToStart,
		"ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: Connection reset by peer: unsuccessful EFS utils command execution": types.TaskStopCodeTaskFailedToStart,
		"CannotStartContainerError: OCI runtime create failed: exec: \"serve\": executable file not found in $PATH":                                                              types.TaskStopCodeTaskFailedToStart,
		"The selected task definition is not compatible with the selected compute strategy.":                                                                                     types.TaskStopCodeTaskFailedToStart,
		"ECS was unable to assume the role 'arn:aws:iam::111122223333:role/task' that was provided for this task.":                                                               types.TaskStopCodeTaskFailedToStart,
		"Task failed to start":               types.TaskStopCodeTaskFailedToStart,
		"":                                   types.TaskStopCodeTaskFailedToStart,
		"Essential container in task exited": types.TaskStopCodeEssentialContainerExited,
		"Capacity is unavailable at this time, said the container and exited": types.TaskStopCodeEssentialContainerExited,
		"Task failed ELB health checks in (target-group checkout)":            types.TaskStopCodeServiceSchedulerInitiated,
		"Task failed container health checks":                                 types.TaskStopCodeServiceSchedulerInitiated,
	} {
		if !failed(&types.Task{StopCode: code, StoppedReason: &reason}) {
			t.Errorf("doesn't count against the revision: %s: %s", code, reason)
		}
	}
}

// Tasks that AWS, the scheduler or a person stops aren't failures either.
func TestStopsThatAreNoFault(t *testing.T) {
	for reason, code := range map[string]types.TaskStopCode{
		"Scaling activity initiated by (deployment ecs-svc/1234567890)":                           types.TaskStopCodeServiceSchedulerInitiated,
		"Amazon ECS is performing maintenance on the underlying infrastructure hosting the task.": types.TaskStopCodeServiceSchedulerInitiated,
		"Your Spot Task was interrupted.":                                                         types.TaskStopCodeSpotInterruption,
		"Your task's host is retired.":                                                            types.TaskStopCodeTerminationNotice,
		"Task stopped by user":                                                                    types.TaskStopCodeUserInitiated,
	} {
		if failed(&types.Task{StopCode: code, StoppedReason: &reason}) {
			t.Errorf("counts against the revision: %s: %s", code, reason)
		}
	}
}
