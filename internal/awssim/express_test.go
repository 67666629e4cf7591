package awssim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/viridian-dev/viridian/internal/awssim/ecs"
)

// express asks for express mode, with more of the configuration as edits say.
func express(edit ...func(*cfntypes.DeploymentConfig)) func(*cloudformation.CreateStackInput) {
	return func(in *cloudformation.CreateStackInput) {
		in.DeploymentConfig = &cfntypes.DeploymentConfig{Mode: cfntypes.DeploymentConfigModeExpress}
		for _, f := range edit {
			f(in.DeploymentConfig)
		}
	}
}

// revisionIn makes the stack of a revision and waits until it is settled.
func revisionIn(t *testing.T, sim *Sim, c *cloudformation.Client, image string, edit ...func(*cloudformation.CreateStackInput)) cfntypes.Stack {
	t.Helper()
	listener, err := sim.CreateListener("shop", 80)
	if err != nil {
		t.Fatal(err)
	}
	return settle(t, c, create(t, c, "checkout-1", fmt.Sprintf(revisionTemplate, listener, image), edit...))
}

// service is the only one that there is; ok is false if there is none.
func (s *Sim) onlyService() (svc ecs.ServiceTruth, ok bool) {
	s.Do(func() {
		if all := s.ecs.Services(); len(all) == 1 {
			svc, ok = all[0], true
		}
	})
	return svc, ok
}

// In express mode a stack is complete once ECS has taken the service, whatever
// becomes of its tasks.
func TestExpressCompletesBeforeTheServiceIsSteady(t *testing.T) {
	for _, image := range []string{"checkout:1.0", "checkout:crash"} {
		t.Run(image, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				c := cfnClient(sim)
				begun := time.Now()
				st := revisionIn(t, sim, c, image, express())
				if st.StackStatus != cfntypes.StackStatusCreateComplete || time.Since(begun) > 30*time.Second {
					t.Fatalf("the stack is %s after %s", st.StackStatus, time.Since(begun))
				}
				if len(st.Outputs) != 4 || !*st.DisableRollback {
					t.Errorf("it is described as %+v", st)
				}
				if svc, ok := sim.onlyService(); !ok || svc.Steady || svc.Running > 0 {
					t.Errorf("the service is %+v", svc)
				}
				lines := history(t, c, "checkout-1")
				const said = "Service CREATE_COMPLETE Resource operation completed using Express Mode. It may continue becoming available in the background."
				if !slices.Contains(lines, said) {
					t.Errorf("the events are\n%s", strings.Join(lines, "\n"))
				}
				time.Sleep(15 * time.Minute)
				if st := describe(t, c, "checkout-1"); st.StackStatus != cfntypes.StackStatusCreateComplete {
					t.Errorf("later it is %s", st.StackStatus)
				}
				if svc, _ := sim.onlyService(); svc.Steady != (image == "checkout:1.0") {
					t.Errorf("later the service is %+v", svc)
				}
			})
		})
	}
}

// What ECS refuses fails the stack in express mode, too, which isn't rolled back
// unless that is asked for.
func TestExpressFails(t *testing.T) {
	for name, tc := range map[string]struct {
		edit            func(*cfntypes.DeploymentConfig)
		status          cfntypes.StackStatus
		disableRollback bool
	}{
		"by default":       {func(*cfntypes.DeploymentConfig) {}, cfntypes.StackStatusCreateFailed, true},
		"without rollback": {func(d *cfntypes.DeploymentConfig) { d.DisableRollback = aws.Bool(true) }, cfntypes.StackStatusCreateFailed, true},
		"with rollback":    {func(d *cfntypes.DeploymentConfig) { d.DisableRollback = aws.Bool(false) }, cfntypes.StackStatusRollbackComplete, false},
		"standard":         {func(d *cfntypes.DeploymentConfig) { d.Mode = cfntypes.DeploymentConfigModeStandard }, cfntypes.StackStatusRollbackComplete, false},
		"standard, without": {func(d *cfntypes.DeploymentConfig) {
			d.Mode, d.DisableRollback = cfntypes.DeploymentConfigModeStandard, aws.Bool(true)
		}, cfntypes.StackStatusCreateFailed, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				sim.SetTrouble(func(_, resource string, deleting bool) (string, time.Duration) {
					if deleting || resource != "Service" {
						return "", 0
					}
					return "refused", time.Second
				})
				st := revisionIn(t, sim, cfnClient(sim), "checkout:1.0", express(tc.edit))
				if st.StackStatus != tc.status || *st.DisableRollback != tc.disableRollback {
					t.Errorf("the stack is %s, rollback disabled: %t", st.StackStatus, *st.DisableRollback)
				}
				mode := cfntypes.DeploymentConfigModeExpress
				if strings.HasPrefix(name, "standard") {
					mode = cfntypes.DeploymentConfigModeStandard
				}
				if d := st.DeploymentConfig; d == nil || d.Mode != mode || *d.DisableRollback != tc.disableRollback {
					t.Errorf("its deployment is %+v", d)
				}
			})
		})
	}
}

// Rollback has one place to be decided in.
func TestDeploymentConfigIsChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*cloudformation.CreateStackInput)
		want string
	}{
		"another mode": {
			express(func(d *cfntypes.DeploymentConfig) { d.Mode = "FAST" }),
			"1 validation error detected: Value 'FAST' at 'deploymentConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]",
		},
		"with OnFailure": {
			func(in *cloudformation.CreateStackInput) { express()(in); in.OnFailure = cfntypes.OnFailureDoNothing },
			"OnFailure cannot be specified with EXPRESS deployment mode.",
		},
		"with DisableRollback": {
			func(in *cloudformation.CreateStackInput) { express()(in); in.DisableRollback = aws.Bool(true) },
			"DisableRollback cannot be specified with EXPRESS deployment mode.",
		},
		"standard, with two": {
			func(in *cloudformation.CreateStackInput) {
				in.DeploymentConfig = &cfntypes.DeploymentConfig{DisableRollback: aws.Bool(true)}
				in.OnFailure = cfntypes.OnFailureDoNothing
			},
			"You can specify only one of the two parameters: OnFailure or DisableRollback",
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				in := &cloudformation.CreateStackInput{StackName: aws.String("app"), TemplateBody: aws.String(groupTemplate)}
				tc.edit(in)
				_, err := cfnClient(sim).CreateStack(t.Context(), in)
				if code(err) != "ValidationError" || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A deletion that doesn't say how is one in the mode of the stack: nobody knows
// better. In express mode it is over before the tasks have ended.
func TestDeletionOfAnExpressStack(t *testing.T) {
	for name, tc := range map[string]struct {
		config *cfntypes.DeploymentConfig
		waits  bool
	}{
		"unsaid":   {nil, false},
		"express":  {&cfntypes.DeploymentConfig{Mode: cfntypes.DeploymentConfigModeExpress}, false},
		"standard": {&cfntypes.DeploymentConfig{Mode: cfntypes.DeploymentConfigModeStandard}, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				c := cfnClient(sim)
				st := revisionIn(t, sim, c, "checkout:1.0", express())
				time.Sleep(10 * time.Minute)
				if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: st.StackId, DeploymentConfig: tc.config}); err != nil {
					t.Fatal(err)
				}
				gone := time.Time{}
				for gone.IsZero() {
					lines := history(t, c, *st.StackId)
					if slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Service DELETE_COMPLETE") }) {
						gone = time.Now()
					}
					time.Sleep(time.Second)
				}
				if svc, drains := sim.onlyService(); drains == tc.waits {
					t.Errorf("once it is told to be deleted, the service is %+v", svc)
				}
				settle(t, c, *st.StackId)
				time.Sleep(10 * time.Minute)
				if svc, ok := sim.onlyService(); ok {
					t.Errorf("in the end the service is %+v", svc)
				}
			})
		})
	}
}

// A creation that failed in express mode binds what follows to that mode.
func TestDeletionAfterExpressFailed(t *testing.T) {
	for name, tc := range map[string]struct {
		mode cfntypes.DeploymentConfigMode
		want string
	}{
		"unsaid":   {"", ""},
		"express":  {cfntypes.DeploymentConfigModeExpress, ""},
		"standard": {cfntypes.DeploymentConfigModeStandard, "Follow-up operations must use the same DeploymentConfig (mode=EXPRESS)"},
		"another":  {"FAST", "Member must satisfy enum value set: [STANDARD, EXPRESS]"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, sim *Sim) {
				c := cfnClient(sim)
				sim.SetTrouble(func(_, resource string, deleting bool) (string, time.Duration) {
					if deleting || resource != "Service" {
						return "", 0
					}
					return "refused", time.Second
				})
				st := revisionIn(t, sim, c, "checkout:1.0", express())
				in := &cloudformation.DeleteStackInput{StackName: st.StackId}
				if tc.mode != "" {
					in.DeploymentConfig = &cfntypes.DeploymentConfig{Mode: tc.mode}
				}
				_, err := c.DeleteStack(t.Context(), in)
				if tc.want == "" && err != nil || tc.want != "" && (code(err) != "ValidationError" || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
