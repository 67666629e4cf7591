package cfn_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
)

// TestTrouble: resources fail as the test wants, after the time that it wants,
// and work again once it doesn't.
func TestTrouble(t *testing.T) {
	const template = `{"Resources": {"First": {"Type": "AWS::Logs::LogGroup"}, "Second": {"Type": "AWS::Logs::LogGroup", "DependsOn": "First"}}}`
	tests := map[string]struct {
		deleting     bool
		made, gone   types.StackStatus
		event, after string
	}{
		"creation": {false, types.StackStatusRollbackComplete, types.StackStatusDeleteComplete, "Second CREATE_FAILED out of luck", "First DELETE_COMPLETE"},
		"deletion": {true, types.StackStatusCreateComplete, types.StackStatusDeleteFailed, "Second DELETE_FAILED out of luck", "app DELETE_FAILED The following resource(s) failed to delete: [Second]."},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
				sim.SetTrouble(func(_, logicalID string, deleting bool) (string, time.Duration) {
					if logicalID != "Second" || deleting != tc.deleting {
						return "", 0
					}
					return "out of luck", 10 * time.Minute
				})
				s := awstest.Stacks{T: t, Client: cloudformation.NewFromConfig(config)}
				began := time.Now()
				made := s.Create("app", template)
				gone := s.Delete("app")
				if made.StackStatus != tc.made || gone.StackStatus != tc.gone || time.Since(began) < 10*time.Minute {
					t.Errorf("made as %s, gone as %s after %s", made.StackStatus, gone.StackStatus, time.Since(began))
				}
				events := strings.Join(s.Events(*made.StackId), "\n")
				if !strings.Contains(events, tc.event) || !strings.Contains(events, tc.after) {
					t.Errorf("events are\n%s", events)
				}
				sim.SetTrouble(nil)
				if !tc.deleting {
					s.Create("app", template)
				}
				if gone := s.Delete("app"); gone.StackStatus != types.StackStatusDeleteComplete {
					t.Errorf("without trouble it is gone as %s", gone.StackStatus)
				}
			})
		})
	}
}
