package sfn

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxARN is the longest ARN that the API takes.
const maxARN = 256

// validName tells whether a state machine or an execution may be called so.
func validName(name string) bool {
	if name == "" || utf8.RuneCountInString(name) > 80 || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r) {
			return false
		}
		if r == 0xFFFE || r == 0xFFFF || r == unicode.MaxRune {
			return false
		}
	}
	return true
}

// resource returns what an ARN names beyond its type, such as "machine" and
// "name" of an execution.
func (s *Service) resource(arn, member, kind string) ([]string, error) {
	if arn == "" || len(arn) > maxARN {
		return nil, invalidMember(member, "Member must have length between 1 and 256, inclusive")
	}
	parts := strings.Split(arn, ":")
	if len(parts) < 7 || parts[0] != "arn" || parts[1] != s.world.Partition || parts[2] != "states" {
		return nil, core.Errorf("InvalidArn", "Invalid Arn: '%s'", arn)
	}
	if parts[5] != kind {
		return nil, core.Errorf("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: %s'", parts[5])
	}
	for _, name := range parts[6:] {
		if !validName(name) {
			return nil, core.Errorf("InvalidArn", "Invalid Arn: '%s'", arn)
		}
	}
	return parts[6:], nil
}

// machine finds the state machine of an ARN. There are neither versions nor
// aliases, so that an ARN with a qualifier names nothing.
func (s *Service) machine(arn string) (string, StateMachine, error) {
	names, err := s.resource(arn, "stateMachineArn", "stateMachine")
	if err != nil {
		return "", StateMachine{}, err
	}
	m, known := s.machines[names[0]]
	if !known || arn != s.world.ARN("states", "stateMachine:"+names[0]) {
		return "", m, core.Errorf("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", arn)
	}
	return names[0], m, nil
}

// execution finds the latest execution of an ARN, while its history is kept.
func (s *Service) execution(arn string) (*execution, error) {
	names, err := s.resource(arn, "executionArn", "execution")
	if err != nil {
		return nil, err
	}
	if len(names) != 2 {
		return nil, core.Errorf("InvalidArn", "Invalid Arn: '%s'", arn)
	}
	if e := s.latest(arn); e != nil && !s.forgotten(e) {
		return e, nil
	}
	return nil, missing(arn)
}

func (s *Service) latest(arn string) *execution {
	for _, e := range slices.Backward(s.executions) {
		if e.ARN == arn {
			return e
		}
	}
	return nil
}

func missing(arn string) error {
	return core.Errorf("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn)
}
