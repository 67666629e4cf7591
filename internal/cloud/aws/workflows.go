package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// statesName matches what Step Functions accepts as a name.
const statesName = "[^\\s\\pC:/<>{}\\[\\]?*\"#%\\\\^|~`$&,;]{1,80}"

var (
	// stateMachineARN is partition, region, account and name, perhaps with a
	// version or an alias.
	stateMachineARN = regexp.MustCompile(`^arn:(aws[a-z-]*):states:([a-z0-9-]+):([0-9]{12}):stateMachine:(` + statesName + `)(?::[A-Za-z0-9_.-]{1,80})?$`)
	executionName   = regexp.MustCompile(`^` + statesName + `$`)
)

// workflows implements cloud.Workflows.
type workflows struct {
	// client returns a client of the state machine's region.
	client func(region string) statesAPI
}

func (w *workflows) Start(ctx context.Context, stateMachine, name string, input []byte) error {
	region, _, err := execution(stateMachine, name)
	if err != nil {
		return err
	}
	in := &sfn.StartExecutionInput{StateMachineArn: &stateMachine, Name: &name}
	if len(input) > 0 {
		if !json.Valid(input) {
			return invalid("the input of state machine " + stateMachine + " is no JSON")
		}
		in.Input = new(string(input))
	}
	_, err = w.client(region).StartExecution(ctx, in)
	if err = withoutInput(wrap(err)); hasCode(err, "ExecutionAlreadyExists") {
		return nil
	}
	return err
}

func (w *workflows) Execution(ctx context.Context, stateMachine, name string) (cloud.Execution, error) {
	region, arn, err := execution(stateMachine, name)
	if err != nil {
		return cloud.Execution{}, err
	}
	out, err := w.client(region).DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return cloud.Execution{}, wrap(err)
	}
	e := cloud.Execution{
		ARN:     arn,
		Status:  cloud.ExecutionStatus(out.Status),
		Error:   awssdk.ToString(out.Error),
		Cause:   awssdk.ToString(out.Cause),
		EndedAt: awssdk.ToTime(out.StopDate),
	}
	if out.Output != nil {
		e.Output = cut([]byte(*out.Output))
	}
	return e, nil
}

// execution returns the region and the ARN of a state machine's execution. An
// execution of an alias or a version belongs to the state machine.
func execution(stateMachine, name string) (region, arn string, err error) {
	parts := stateMachineARN.FindStringSubmatch(stateMachine)
	if parts == nil {
		return "", "", invalid(fmt.Sprintf("%q is no state machine: its ARN reads arn:aws:states:REGION:ACCOUNT:stateMachine:NAME[:VERSION or ALIAS]", stateMachine))
	}
	if !executionName.MatchString(name) {
		return "", "", invalid(fmt.Sprintf("%q is no name of an execution: one has 1 to 80 characters, no space and none of <>{}[]?*\"#%%\\^|~`$&,;:/", name))
	}
	region = parts[2]
	return region, fmt.Sprintf("arn:%s:states:%s:%s:execution:%s:%s", parts[1], region, parts[3], parts[4], name), checkRegion(region)
}
