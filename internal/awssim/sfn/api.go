package sfn

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// kept is how long a closed execution is known: its name can't be used again,
// and it can be described.
const kept = 90 * 24 * time.Hour

type startIn struct {
	StateMachineArn string  `json:"stateMachineArn"`
	Name            *string `json:"name"`
	Input           *string `json:"input"`
}

type startOut struct {
	ExecutionArn string     `json:"executionArn"`
	StartDate    core.Epoch `json:"startDate"`
}

// startExecution is idempotent for the name and input of a running execution.
func (s *Service) startExecution(in startIn) (any, error) {
	machine, m, err := s.machine(in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	if m.Type == Express {
		return nil, invalid("State machines of type EXPRESS are not simulated")
	}
	name := s.world.UUID()
	if in.Name != nil {
		name = *in.Name
	}
	if !validName(name) {
		return nil, core.Errorf("InvalidName", "Invalid Name: '%s'", name)
	}
	input := "{}"
	if in.Input != nil {
		input = *in.Input
	}
	if err := checkInput(input); err != nil {
		return nil, err
	}
	arn := s.world.ARN("states", "execution:"+machine+":"+name)
	e := s.latest(arn)
	switch {
	case e == nil || s.forgotten(e):
		e = s.start(machine, m, arn, name, input)
	case e.Status != Running || e.Input != input:
		return nil, core.Errorf("ExecutionAlreadyExists", "Execution Already Exists: '%s'", arn)
	}
	return startOut{e.ARN, core.Stamp(e.StartedAt)}, nil
}

func checkInput(input string) error {
	if len(input) > maxData {
		return core.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: 'The input is longer than %d bytes'", maxData)
	}
	if input == "" {
		return core.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: 'Invalid execution input.'")
	}
	var parsed any
	if err := json.Unmarshal([]byte(input), &parsed); err != nil {
		return core.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: '%v'", err)
	}
	return nil
}

// forgotten tells that a closed execution isn't known any more.
func (s *Service) forgotten(e *execution) bool {
	return e.Status != Running && s.world.Now().Sub(e.StoppedAt) >= s.world.Scale(kept)
}

type describeIn struct {
	ExecutionArn string `json:"executionArn"`
	IncludedData string `json:"includedData"`
}

type dataDetails struct {
	Included bool `json:"included"`
}

type describeOut struct {
	ExecutionArn        string       `json:"executionArn"`
	StateMachineArn     string       `json:"stateMachineArn"`
	Name                string       `json:"name"`
	Status              string       `json:"status"`
	StartDate           core.Epoch   `json:"startDate"`
	StopDate            *core.Epoch  `json:"stopDate,omitempty"`
	Input               *string      `json:"input,omitempty"`
	InputDetails        *dataDetails `json:"inputDetails,omitempty"`
	Output              *string      `json:"output,omitempty"`
	OutputDetails       *dataDetails `json:"outputDetails,omitempty"`
	Error               string       `json:"error,omitempty"`
	Cause               string       `json:"cause,omitempty"`
	RedriveCount        int          `json:"redriveCount"`
	RedriveStatus       string       `json:"redriveStatus"`
	RedriveStatusReason string       `json:"redriveStatusReason,omitempty"`
}

// describeExecution is eventually consistent.
func (s *Service) describeExecution(in describeIn) (any, error) {
	if in.IncludedData != "" && in.IncludedData != "ALL_DATA" && in.IncludedData != "METADATA_ONLY" {
		return nil, invalidMember("includedData", "Member must satisfy enum value set: [ALL_DATA, METADATA_ONLY]")
	}
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	if e.seen == nil {
		return nil, missing(in.ExecutionArn)
	}
	return s.describe(*e.seen, in.IncludedData != "METADATA_ONLY"), nil
}

func (s *Service) describe(e Execution, data bool) describeOut {
	out := describeOut{
		ExecutionArn: e.ARN, StateMachineArn: s.world.ARN("states", "stateMachine:"+e.StateMachine), Name: e.Name,
		Status: e.Status, StartDate: core.Stamp(e.StartedAt), Error: e.Error, Cause: e.Cause, RedriveStatus: "REDRIVABLE",
	}
	if e.Status != Running {
		out.StopDate = new(core.Stamp(e.StoppedAt))
	}
	if e.Status == Running || e.Status == Succeeded {
		out.RedriveStatus, out.RedriveStatusReason = "NOT_REDRIVABLE", "Execution is "+e.Status+" and cannot be redriven"
	}
	if !data {
		return out
	}
	out.Input, out.InputDetails = &e.Input, &dataDetails{true}
	if e.Status == Succeeded {
		out.Output, out.OutputDetails = &e.Output, &dataDetails{true}
	}
	return out
}

type stopIn struct {
	ExecutionArn string `json:"executionArn"`
	Error        string `json:"error"`
	Cause        string `json:"cause"`
}

type stopOut struct {
	StopDate core.Epoch `json:"stopDate"`
}

// stopExecution aborts an execution; one that is closed stays as it is.
func (s *Service) stopExecution(in stopIn) (any, error) {
	if utf8.RuneCountInString(in.Error) > 256 {
		return nil, invalidMember("error", "Member must have length less than or equal to 256")
	}
	if utf8.RuneCountInString(in.Cause) > 32768 {
		return nil, invalidMember("cause", "Member must have length less than or equal to 32768")
	}
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	e.end(Aborted, "", in.Error, in.Cause)
	return stopOut{core.Stamp(e.StoppedAt)}, nil
}
