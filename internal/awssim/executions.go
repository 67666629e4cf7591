package awssim

import "github.com/viridian-dev/viridian/internal/awssim/sfn"

// RegisterStateMachine makes a Step Functions state machine, or replaces it for
// later executions, and returns its ARN.
func (s *Sim) RegisterStateMachine(name string, m sfn.StateMachine) (arn string, err error) {
	s.Do(func() { arn, err = s.sfn.Register(name, m) })
	return arn, err
}

// FinishExecution ends a running execution with an output, or as FAILED with an
// error.
func (s *Sim) FinishExecution(arn, output string, outcome error) (err error) {
	s.Do(func() { err = s.sfn.Finish(arn, output, outcome) })
	return err
}

// Executions returns all executions of state machines so far, in order of their
// start.
func (s *Sim) Executions() (all []sfn.Execution) {
	s.Do(func() { all = s.sfn.Executions() })
	return all
}
