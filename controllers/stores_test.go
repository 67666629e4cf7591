package controllers_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// put writes a parameter of Systems Manager.
func (w *world) put(name string, kind ssmtypes.ParameterType, value string) {
	w.t.Helper()
	_, err := w.others.ssm.PutParameter(w.ctx, &ssm.PutParameterInput{Name: &name, Type: kind, Value: &value, Overwrite: aws.Bool(true)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// drop deletes a parameter.
func (w *world) drop(name string) {
	w.t.Helper()
	_, err := w.others.ssm.DeleteParameter(w.ctx, &ssm.DeleteParameterInput{Name: &name})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// secret creates a secret of Secrets Manager and returns its ARN.
func (w *world) secret(name, value string) string {
	w.t.Helper()
	out, err := w.others.secrets.CreateSecret(w.ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return aws.ToString(out.ARN)
}

// revalue gives a secret another value and returns the version.
func (w *world) revalue(arn, value string) string {
	w.t.Helper()
	out, err := w.others.secrets.PutSecretValue(w.ctx, &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &value})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return aws.ToString(out.VersionId)
}

// current is the version of a secret that is current.
func (w *world) current(arn string) string {
	w.t.Helper()
	out, err := w.others.secrets.DescribeSecret(w.ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	for version, stages := range out.VersionIdsToStages {
		if slices.Contains(stages, cloud.StageCurrent) {
			return version
		}
	}
	return ""
}

// rotate has a secret rotated, and again each month.
func (w *world) rotate(arn string) {
	w.t.Helper()
	_, err := w.others.secrets.RotateSecret(w.ctx, &secretsmanager.RotateSecretInput{
		SecretId: &arn, RotationLambdaARN: aws.String(functionARN), RotationRules: &secretstypes.RotationRulesType{AutomaticallyAfterDays: aws.Int64(1000)},
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// deleteSecret schedules a secret for deletion.
func (w *world) deleteSecret(arn string) {
	w.t.Helper()
	_, err := w.others.secrets.DeleteSecret(w.ctx, &secretsmanager.DeleteSecretInput{SecretId: &arn})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// restoreSecret takes that back.
func (w *world) restoreSecret(arn string) {
	w.t.Helper()
	_, err := w.others.secrets.RestoreSecret(w.ctx, &secretsmanager.RestoreSecretInput{SecretId: &arn})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// label gives a version of a secret a staging label.
func (w *world) label(arn, version string) {
	w.t.Helper()
	_, err := w.others.secrets.UpdateSecretVersionStage(w.ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &arn, VersionStage: aws.String("viridian"), MoveToVersionId: &version,
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
}

// variables are environment variables with the values of parameters.
func variables(of ...string) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) {
		for _, pair := range of {
			name, parameter, _ := strings.Cut(pair, "=")
			c := &s.Template.Containers[0]
			c.Environment = append(c.Environment, v1alpha1.KeyValue{Name: name, ValueFrom: &v1alpha1.ValueSource{SSM: parameter}})
		}
	}
}

// resolving are variables that ECS resolves.
func resolving(of ...string) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) {
		for _, pair := range of {
			name, from, _ := strings.Cut(pair, "=")
			c := &s.Template.Containers[0]
			c.Secrets = append(c.Secrets, v1alpha1.Secret{Name: name, ValueFrom: from})
		}
	}
}

// rollsOut has changes of values rolled out.
func rollsOut(s *v1alpha1.ImmutableDeploymentSpec) {
	s.Configuration.OnChange = v1alpha1.ChangeRollOut
}

// answered is the variable of the task that answered a request.
func (w *world) answered(variable string) string {
	w.t.Helper()
	var answer struct{ Environment map[string]string }
	w.Expect(json.Unmarshal(w.send().Body, &answer)).To(gomega.Succeed())
	return answer.Environment[variable]
}

// started are the values of a variable in the tasks that run.
func (w *world) started(variable string) (values []string) {
	w.t.Helper()
	for _, task := range w.sim.Snapshot().Tasks {
		if task.Serving {
			values = append(values, w.sim.TaskEnvironment(task.ARN)[variable])
		}
	}
	return values
}

// bodyOf is the template of the newest stack of a revision.
func (w *world) bodyOf(revision string) (body string) {
	w.t.Helper()
	for _, s := range w.sim.Stacks() {
		if s.Tags[v1alpha1.TagRevision] == revision {
			body = s.Template
		}
	}
	return body
}

// judged waits for what the condition ConfigurationCurrent says, and returns the
// deployment with it.
func (w *world) judged(imd *v1alpha1.ImmutableDeployment, reason string) (*v1alpha1.ImmutableDeployment, *metav1.Condition) {
	w.t.Helper()
	now := w.until(imd, "ConfigurationCurrent to be "+reason, func(s v1alpha1.ImmutableDeploymentStatus) bool {
		says := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionConfigurationCurrent)
		return says != nil && says.Reason == reason
	})
	return now, meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionConfigurationCurrent)
}

// sent is all that a manager sends.
type sent struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// note keeps the body of a request.
func (s *sent) note(r *http.Request) {
	if s == nil || r.Body == nil {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.WriteString(r.URL.String() + "\n")
	s.all.Write(body)
	s.all.WriteString("\n")
}

// text is what was sent so far.
func (s *sent) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}
