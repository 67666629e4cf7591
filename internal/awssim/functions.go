package awssim

import "github.com/viridian-dev/viridian/internal/awssim/lambda"

// RegisterFunction makes a Lambda function, or replaces its code and
// configuration.
func (s *Sim) RegisterFunction(name string, f lambda.Function) (err error) {
	s.Do(func() { err = s.lambda.Register(name, f) })
	return err
}

// Invocations returns all runs of a Lambda function so far, in their order.
func (s *Sim) Invocations(name string) (all []lambda.Invocation) {
	s.Do(func() { all = s.lambda.Invocations(name) })
	return all
}
