package controllers_test

import (
	"io"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/template"
)

// failing has each creation of a resource fail until end.
func (w *world) failing(resource, reason string) (end func()) {
	w.sim.SetTrouble(func(_, logicalID string, deleting bool) (string, time.Duration) {
		if deleting || logicalID != resource {
			return "", 0
		}
		return reason, time.Second
	})
	return func() { w.sim.SetTrouble(nil) }
}

// outlasts lets the deadline pass while a rollout is blocked, which must not
// decide it, and checks that what is told can help.
func (w *world) outlasts(imd *v1alpha1.ImmutableDeployment, reason string) *v1alpha1.BlockedBy {
	w.t.Helper()
	w.blocked(imd, reason)
	w.skip(2 * 86400 * time.Second)
	w.looks()
	now := w.blocked(imd, reason)
	w.Expect(now.Status.Rollout.Outcome).To(gomega.BeEmpty(), w.explain)
	w.Expect(now.Status.BlockedBy.Message + now.Status.BlockedBy.Remedy).NotTo(gomega.MatchRegexp("(?i)change spec.template"))
	w.Expect(now.Status.BlockedBy.Remedy).NotTo(gomega.BeEmpty())
	w.Expect(meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionStalled) ||
		meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionReconciling)).To(gomega.BeTrue())
	w.Expect(w.route()).To(gomega.Equal("1:100"))
	return now.Status.BlockedBy
}

// A quota of the load balancer that is used up inside of a stack says nothing of
// the template: the stack is made again once there is room.
func TestQuotaInsideStack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules, groups int
		says          string
	}{
		"rules":         {rules: 3, says: "maximum number of rules"},
		"target groups": {groups: 2, says: "unique target groups"},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			w.sim.SetLoadBalancerQuotas(c.rules, c.groups)
			w.roll(imd, "2")
			told := w.outlasts(imd, v1alpha1.ReasonQuotaExceeded)
			w.Expect(told.Message).To(gomega.ContainSubstring(c.says))
			w.Expect(told.Remedy).To(gomega.And(gomega.ContainSubstring("quota"), gomega.ContainSubstring(w.listener)))
			w.sim.SetLoadBalancerQuotas(100, 100)
			now := w.eventually(imd, v1alpha1.PhaseComplete)
			w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-2"))
			w.Expect(w.revision("checkout-2").Status.BlockedBy).To(gomega.BeNil())
		})
	}
}

// Whatever AWS lacks or refuses inside of a stack, in whichever words, it isn't
// held against the template.
func TestStackFaults(t *testing.T) {
	t.Parallel()
	for cause, want := range map[string]struct{ reason, remedy string }{
		"quota":                      {v1alpha1.ReasonQuotaExceeded, "Raise the quota in Service Quotas"},
		"quota by another code":      {v1alpha1.ReasonQuotaExceeded, `The quota "Target Groups per Application Load Balancer" can't be raised`},
		"quota without a code":       {v1alpha1.ReasonQuotaExceeded, `Raise the quota "Rules per Application Load Balancer"`},
		"throttled":                  {v1alpha1.ReasonAWSUnavailable, "by itself"},
		"throttled by another code":  {v1alpha1.ReasonAWSUnavailable, "by itself"},
		"denied":                     {v1alpha1.ReasonAccessDenied, "Allow iam:PassRole on arn:aws:iam::111122223333:role/ecs-execution"},
		"denied without saying what": {v1alpha1.ReasonAccessDenied, "config/aws/policy.json"},
		"internal error":             {v1alpha1.ReasonAWSUnavailable, "by itself"},
		"internal failure":           {v1alpha1.ReasonAWSUnavailable, "by itself"},
		"network":                    {v1alpha1.ReasonAWSUnavailable, "by itself"},
		"no capacity":                {v1alpha1.ReasonCapacityUnavailable, "spec.template.network.subnetIDs"},
	} {
		t.Run(cause, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			end := w.failing(template.LogicalService, cfn.Causes[cause])
			w.roll(imd, "2")
			told := w.outlasts(imd, want.reason)
			w.Expect(told.Remedy).To(gomega.ContainSubstring(want.remedy))
			w.Expect(told.Message).To(gomega.And(gomega.HavePrefix("CloudFormation could not create the stack of checkout-2: Service: "), gomega.Not(gomega.ContainSubstring("Request ID"))))
			end()
			w.Expect(w.eventually(imd, v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("checkout-2"))
		})
	}
}

// What speaks against the template, or against its tasks, still does.
func TestStackFaultsOfTemplate(t *testing.T) {
	t.Parallel()
	for name, reason := range map[string]string{
		"invalid":      cfn.Reason("InvalidRequest", "Invalid request provided: CreateService error: subnets must be in one VPC (Service: Ecs, Status Code: 400, Request ID: 0f6b)"),
		"not there":    cfn.Reason("NotFound", "The security group 'sg-1' does not exist (Service: Ecs, Status Code: 400, Request ID: 0f6b)"),
		"breaker":      cfn.Reason("GeneralServiceException", "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."),
		"never stable": cfn.Reason("NotStabilized", "Exceeded attempts to wait"),
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			w.failing(template.LogicalService, reason)
			w.roll(imd, "2")
			now := w.eventually(imd, v1alpha1.PhaseRolledBack)
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonStackFailed))
		})
	}
}

// A preview rule that can't be created is made from the production rule: nobody is
// told to change spec.template, but what to look at, and how to try again then.
func TestPreviewRuleRefused(t *testing.T) {
	w := running(t)
	imd := w.serving()
	end := w.failing(template.LogicalPreviewRule, cfn.Reason("InvalidRequest",
		"Invalid request provided: Actions of type 'authenticate-cognito' are supported only on HTTPS listeners (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: 0f6b)"))
	w.roll(imd, "2")
	now := w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.Expect(readyMessage(now)).NotTo(gomega.MatchRegexp("Change spec.template"))
	w.Expect(readyMessage(now)).To(gomega.And(
		gomega.ContainSubstring("supported only on HTTPS listeners"), gomega.ContainSubstring("aws elbv2 describe-rules --listener-arn "+w.listener+" --region eu-west-1"),
		gomega.MatchRegexp(`Then try again: kubectl annotate imd checkout .*viridian\.dev/retry=checkout-2$`)))
	end()
	w.obey(imd, v1alpha1.AnnotationRetry, readyMessage(now))
	w.Expect(w.eventually(imd, v1alpha1.PhaseComplete).Status.StableRevision).To(gomega.Equal("checkout-2"))
}

// An unknown cluster is told with its field, in a sentence.
func TestUnknownCluster(t *testing.T) {
	w := running(t)
	// Or the cluster would be missed before there is a stack.
	w.sim.Faults.Add(awssim.Fault{Action: "DescribeClusters", Effect: awssim.AccessDenied})
	imd := w.deployment("1")
	imd.Spec.Template.Cluster = "nowhere"
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseFailed)
	w.Expect(now.Status.Rollout.Message).To(gomega.Equal(`the stack of checkout-1 failed: Service: Cluster not found (spec.template.cluster is "nowhere")`))
	ready := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady)
	w.Expect(ready.Message).NotTo(gomega.ContainSubstring(".."))
}

// What is found before anything is made is told by DescribeEvents only.
func TestValidationBeforeCreation(t *testing.T) {
	t.Parallel()
	object := func(w *world, resource string, o cfn.Objection) (end func()) {
		w.sim.SetObjections(func(_, logicalID string) []cfn.Objection {
			if logicalID != resource {
				return nil
			}
			return []cfn.Objection{o}
		})
		return func() { w.sim.SetObjections(nil) }
	}
	t.Run("the template", func(t *testing.T) {
		for name, c := range map[string]struct {
			objection cfn.Objection
			says      string
		}{
			"a property": {cfn.Objection{Validation: cfn.PropertySyntax, Path: "/Resources/Service/Properties/Role", Reason: "#: expected type: String, found: Number"},
				"Service: #: expected type: String, found: Number (PROPERTY_VALIDATION at /Resources/Service/Properties/Role)"},
			"a hook": {cfn.Objection{Hook: "Corp::Guard::Hook", Reason: "Public subnets are not allowed."},
				"Service: Public subnets are not allowed (hook Corp::Guard::Hook)"},
		} {
			t.Run(name, func(t *testing.T) {
				w := running(t)
				imd := w.serving()
				object(w, template.LogicalService, c.objection)
				w.roll(imd, "2")
				now := w.eventually(imd, v1alpha1.PhaseRolledBack)
				w.Expect(now.Status.Rollout.Message).To(gomega.Equal("the stack of checkout-2 failed: " + c.says))
			})
		}
	})
	t.Run("what is in the way", func(t *testing.T) {
		for name, c := range map[string]struct {
			objection      cfn.Objection
			reason, remedy string
		}{
			"a name": {cfn.Objection{Validation: cfn.NameConflict, Path: "/Resources/TargetGroup", Reason: "Resource of type 'AWS::ElasticLoadBalancingV2::TargetGroup' with identifier 'checkout-2' already exists."},
				v1alpha1.ReasonResourceConflict, "Delete"},
			"a quota":       {cfn.Objection{Validation: "SERVICE_QUOTA_VALIDATION", Reason: "Target groups: 100 of 100 in use"}, v1alpha1.ReasonQuotaExceeded, "Raise the quota"},
			"a broken hook": {cfn.Objection{Hook: "Corp::Guard::Hook", Broken: true, Reason: "Task timed out"}, v1alpha1.ReasonAWSUnavailable, "Corp::Guard::Hook"},
		} {
			t.Run(name, func(t *testing.T) {
				w := running(t)
				imd := w.serving()
				end := object(w, template.LogicalTargetGroup, c.objection)
				w.roll(imd, "2")
				told := w.outlasts(imd, c.reason)
				w.Expect(told.Remedy).To(gomega.ContainSubstring(c.remedy))
				end()
				w.eventually(imd, v1alpha1.PhaseComplete)
			})
		}
	})
}

// A priority that others took meanwhile, in the newer handlers' words, is chosen
// anew without a word.
func TestPreviewPriorityTaken(t *testing.T) {
	w := running(t)
	imd := w.serving()
	failed := false
	w.sim.SetTrouble(func(_, logicalID string, deleting bool) (string, time.Duration) {
		if deleting || logicalID != template.LogicalPreviewRule || failed {
			return "", 0
		}
		failed = true
		return cfn.Causes["taken"], time.Second
	})
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.events(imd)).NotTo(gomega.ContainElement(gomega.HavePrefix("ResourceConflict")))
}

// A person isn't kept waiting by what is blocked: an abort and another template
// take effect at once.
func TestStackFaultAborted(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.failing(template.LogicalService, cfn.Causes["quota"])
	w.roll(imd, "2")
	now := w.blocked(imd, v1alpha1.ReasonQuotaExceeded)
	w.request(imd, v1alpha1.AnnotationAbort, now.Status.Rollout.ID)
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.removed("checkout-2")
}

// A revision that is given up between two attempts at its stack has none any more,
// and says so.
func TestStackFaultAbortedBetweenAttempts(t *testing.T) {
	w := newWorld(t)
	refuse := refusing(math.MaxInt, "LimitExceededException")
	var asked atomic.Int32
	w.startAs(&setup{answers: func(action string) *http.Response {
		if action == "CreateStack" && asked.Add(1) <= 2 {
			return nil
		}
		return refuse.answers(action)
	}})
	imd := w.serving()
	w.failing(template.LogicalService, cfn.Causes["quota"])
	w.roll(imd, "2")
	w.Eventually(asked.Load).Should(gomega.BeNumerically(">", 2), func() string { return w.explain() })
	now := w.blocked(imd, v1alpha1.ReasonQuotaExceeded)
	w.request(imd, v1alpha1.AnnotationAbort, now.Status.Rollout.ID)
	w.eventually(imd, v1alpha1.PhaseRolledBack)
	w.removed("checkout-2")
}

// An attempt that a manager asked for and didn't live to count is counted by the
// next one, so that no token is used for two attempts.
func TestUncountedAttempts(t *testing.T) {
	w := newWorld(t)
	failed := 0
	w.sim.SetTrouble(func(_, logicalID string, deleting bool) (string, time.Duration) {
		if deleting || logicalID != template.LogicalService || failed == 2 {
			return "", 0
		}
		failed++
		return cfn.Causes["throttled"], time.Second
	})
	imd := w.deployment("1")
	w.create(imd)
	w.untilComplete(imd, "checkout-1", func(effect string) bool { return strings.HasPrefix(effect, "CreateStack") })
	w.Expect(w.revision("checkout-1").Status.Attempts).To(gomega.Equal(int32(3)))
	for _, call := range w.sim.Calls() {
		w.Expect(call.ErrorCode).NotTo(gomega.Equal("TokenAlreadyExistsException"))
	}
}

// refusing returns a manager's setup in which the first attempts to create a stack
// are refused.
func refusing(attempts int, code string) *setup {
	refused := 0
	return &setup{answers: func(action string) *http.Response {
		if action != "CreateStack" || refused == attempts {
			return nil
		}
		refused++
		body := "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>used</Message></Error></ErrorResponse>"
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body))}
	}}
}

// A stack that somebody, perhaps an earlier process, created since it was looked for
// is looked for again: that it exists says nothing against the template.
func TestStackCreatedMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.startAs(refusing(1, "AlreadyExistsException"))
	imd := w.deployment("1")
	w.create(imd)
	now := w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(now.Status.StableRevision).To(gomega.Equal("checkout-1"))
	w.Expect(w.revision("checkout-1").Status.Attempts).To(gomega.Equal(int32(1)))
}

// A token that was used before all the same, as a lost status can have it, is
// used once only.
func TestTokenUsedBefore(t *testing.T) {
	w := newWorld(t)
	w.startAs(refusing(2, "TokenAlreadyExistsException"))
	imd := w.deployment("1")
	w.create(imd)
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.Expect(w.revision("checkout-1").Status.Attempts).To(gomega.Equal(int32(3)))
}

// A template that is blocked is given up for another one at once.
func TestStackFaultSuperseded(t *testing.T) {
	w := running(t)
	imd := w.serving()
	end := w.failing(template.LogicalService, cfn.Causes["denied"])
	w.roll(imd, "2")
	w.blocked(imd, v1alpha1.ReasonAccessDenied)
	end()
	w.roll(imd, "3")
	now := w.until(imd, "checkout-3 alone", func(s v1alpha1.ImmutableDeploymentStatus) bool {
		return s.Phase == v1alpha1.PhaseComplete && s.StableRevision == "checkout-3"
	})
	w.Expect(now.Status.BlockedBy).To(gomega.BeNil())
}
