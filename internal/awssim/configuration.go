package awssim

import (
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	"github.com/viridian-dev/viridian/internal/awssim/ssm"
)

// PutParameter makes a parameter in Systems Manager, or gives one a new version, and
// returns the version.
func (s *Sim) PutParameter(p ssm.Parameter) (version int64, err error) {
	s.Do(func() { version, err = s.ssm.Put(p) })
	return version, err
}

// DeleteParameter deletes a parameter, by its name or ARN, and tells whether there
// was one.
func (s *Sim) DeleteParameter(reference string) (found bool) {
	s.Do(func() { found = s.ssm.Delete(reference) })
	return found
}

// CreateSecret makes a secret in Secrets Manager, and returns its ARN.
func (s *Sim) CreateSecret(secret secrets.Secret) (arn string, err error) {
	s.Do(func() { arn, err = s.secrets.Create(secret) })
	return arn, err
}

// PutSecretValue gives a secret, which is named by its name or ARN, a new value, and
// returns the version, which is current at once.
func (s *Sim) PutSecretValue(secretID, value string) (versionID string, err error) {
	s.Do(func() { versionID, err = s.secrets.Put(secretID, value) })
	return versionID, err
}

// RotateSecret begins to rotate a secret to a value, to a made up one if it is "",
// and returns the version that is pending now and current in ten seconds of AWS's.
func (s *Sim) RotateSecret(secretID, value string) (versionID string, err error) {
	s.Do(func() { versionID, err = s.secrets.Rotate(secretID, value) })
	return versionID, err
}

// SetRotation says how a secret rotates from now on.
func (s *Sim) SetRotation(secretID string, r secrets.Rotation) (err error) {
	s.Do(func() { err = s.secrets.SetRotation(secretID, r) })
	return err
}

// DeleteSecret schedules a secret for deletion at the end of a recovery window, or
// deletes it at once if that is 0.
func (s *Sim) DeleteSecret(secretID string, window time.Duration) (err error) {
	s.Do(func() { err = s.secrets.Delete(secretID, window) })
	return err
}

// DeleteSecretVersion deletes a version of a secret that has no staging labels, as
// Secrets Manager may at any time.
func (s *Sim) DeleteSecretVersion(secretID, versionID string) (err error) {
	s.Do(func() { err = s.secrets.DeleteVersion(secretID, versionID) })
	return err
}

// SetDeprecatedLife has versions of secrets deleted once they were without staging
// labels for so long, but never in their first 24 hours; 0, the default, keeps them
// while a secret has at most 100.
func (s *Sim) SetDeprecatedLife(d time.Duration) { s.Do(func() { s.secrets.SetDeprecatedLife(d) }) }

// SetRefusal has AWS refuse the execution roles of tasks what they ask Systems
// Manager and Secrets Manager for when tasks start, as f says; nil ends that. It runs
// with the account's lock held.
func (s *Sim) SetRefusal(f ecs.Refusal) { s.Do(func() { s.ecs.SetRefusal(f) }) }

// TaskEnvironment is the environment of a task's containers, with the secrets that it
// got when it started; nil if there is no such task.
func (s *Sim) TaskEnvironment(taskARN string) (environment map[string]string) {
	s.Do(func() { environment = s.ecs.Environment(taskARN) })
	return environment
}
