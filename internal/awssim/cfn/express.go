package cfn

import "slices"

// Deployment modes. In express mode a resource is done once its service has taken
// the call.
const (
	standardMode = "STANDARD"
	expressMode  = "EXPRESS"
)

var deploymentModes = []string{standardMode, expressMode}

// deploymentConfigIn says how an operation goes on.
type deploymentConfigIn struct {
	Mode            string
	DisableRollback *bool
}

func (d *deploymentConfigIn) check() error {
	if d != nil && d.Mode != "" && !slices.Contains(deploymentModes, d.Mode) {
		return constraint(d.Mode, "deploymentConfig.mode", "Member must satisfy enum value set: [STANDARD, EXPRESS]")
	}
	return nil
}

// mode is STANDARD by default.
func (d *deploymentConfigIn) mode() string {
	if d == nil || d.Mode == "" {
		return standardMode
	}
	return d.Mode
}

// checkRollback refuses a request that decides about rollback in two places. In
// express mode there is but one for it, as was recorded on AWS for OnFailure; the
// words for DisableRollback are by analogy.
func checkRollback(in createStackIn) error {
	if err := in.DeploymentConfig.check(); err != nil {
		return err
	}
	if in.DeploymentConfig.mode() == expressMode {
		switch {
		case in.OnFailure != "":
			return invalid("OnFailure cannot be specified with EXPRESS deployment mode.")
		case in.DisableRollback != nil:
			return invalid("DisableRollback cannot be specified with EXPRESS deployment mode.")
		}
		return nil
	}
	inside := in.DeploymentConfig != nil && in.DeploymentConfig.DisableRollback != nil
	switch {
	case in.OnFailure != "" && (in.DisableRollback != nil || inside):
		return invalid("You can specify only one of the two parameters: OnFailure or DisableRollback")
	case in.DisableRollback != nil && inside:
		return invalid("DisableRollback cannot be specified both in DeploymentConfig and beside it")
	}
	return nil
}

// onFailure is what becomes of a creation that fails. In express mode it isn't
// rolled back by default.
func (in createStackIn) onFailure() string {
	disabled := in.DisableRollback
	if d := in.DeploymentConfig; d != nil && d.DisableRollback != nil {
		disabled = d.DisableRollback
	}
	switch {
	case disabled != nil && *disabled, disabled == nil && in.DeploymentConfig.mode() == expressMode:
		return "DO_NOTHING"
	default:
		return in.OnFailure
	}
}

// isExpress tells whether the operation under way waits for nothing.
func (st *stack) isExpress() bool {
	if st.status == deleteInProgress {
		return st.deletion == expressMode
	}
	return st.mode == expressMode
}

// expressReason is what is said of a resource that is done.
func (st *stack) expressReason() string {
	if !st.isExpress() {
		return ""
	}
	return "Resource operation completed using Express Mode. It may continue becoming available in the background."
}

// deletionMode is the mode of a deletion: that of the stack if the request has
// none. The API reference calls STANDARD the default, and says nothing of stacks
// that were created in express mode.
func (st *stack) deletionMode(in deleteStackIn) string {
	if in.DeploymentConfig == nil || in.DeploymentConfig.Mode == "" {
		return st.mode
	}
	return in.DeploymentConfig.Mode
}

// refuseOtherMode refuses to go on in another mode after a creation that failed
// in express mode. This was reported of UpdateStack after an update; whether it
// holds for DeleteStack, too, nobody has told.
func (st *stack) refuseOtherMode(in deleteStackIn) error {
	if st.mode != expressMode || st.onFailure != "DO_NOTHING" || st.status != createFailed || st.deletionMode(in) == expressMode {
		return nil
	}
	return invalid("This stack is in a %s state from a previous operation that used EXPRESS deployment mode with disable-rollback. "+
		"Follow-up operations must use the same DeploymentConfig (mode=EXPRESS) until the stack reaches a *_COMPLETE state.", st.status)
}
