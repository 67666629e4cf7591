package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// strategy is what comes closest to how the service is deployed today.
func (m *mapper) strategy() {
	config := m.app.service.get("deploymentConfiguration")
	m.percentages(config)
	m.deploymentAlarms(config.get("alarms"))
	s := &m.object.Spec.Strategy
	s.Type = v1alpha1.StrategyBlueGreen
	controller := m.app.service.get("deploymentController", "type")
	native := strings.ToUpper(config.get("strategy").str())
	switch {
	case native == "BLUE_GREEN" || native == "CANARY" || native == "LINEAR":
		m.native(native, config)
	case m.app.service == nil, strings.EqualFold(controller.str(), "CODE_DEPLOY"):
	case strings.EqualFold(controller.str(), "EXTERNAL"):
		m.assumed(controller, "strategy BlueGreen: how the external controller replaces tasks isn't in the input, and it has to be stopped")
	default:
		m.rolling(cmp.Or(config, m.app.service))
	}
	ignore(config, "strategy", "bakeTimeInMinutes")
	ignore(config.get("deploymentCircuitBreaker"), "enable", "rollback")
	if hooks := config.get("lifecycleHooks"); hooks != nil {
		m.nativeHooks(hooks.list())
	}
}

// percentages are also about the replacement of a revision's own tasks.
func (m *mapper) percentages(config *node) {
	if config == nil {
		return
	}
	var own v1alpha1.DeploymentConfiguration
	m.decode(config.object().put("maximumPercent", config.get("maximumPercent")).
		put("minimumHealthyPercent", config.get("minimumHealthyPercent")).
		put("deploymentCircuitBreaker", config.get("deploymentCircuitBreaker")), &own)
	if own.MaximumPercent != nil && (*own.MaximumPercent > 200 || *own.MaximumPercent < 100) {
		m.assumed(config.get("maximumPercent"), "maximumPercent 200 in the place of %d, which isn't from 100 to 200", *own.MaximumPercent)
		own.MaximumPercent = nil
	}
	if b := own.DeploymentCircuitBreaker; b != nil && b.ResetOnHealthyTask == nil {
		own.DeploymentCircuitBreaker = nil
	}
	if percent(own.MaximumPercent, 200) == 200 && percent(own.MinimumHealthyPercent, 100) == 100 && own.DeploymentCircuitBreaker == nil {
		return
	}
	m.object.Spec.Template.DeploymentConfiguration = &own
	m.origins["spec.template.deploymentConfiguration"] = config
}

func percent(n *int32, otherwise int32) int32 {
	if n == nil {
		return otherwise
	}
	return *n
}

// rolling keeps what a rolling deployment of ECS does: batches of tasks.
func (m *mapper) rolling(at *node) {
	s := &m.object.Spec.Strategy
	most, least := int32(200), int32(100)
	if own := m.object.Spec.Template.DeploymentConfiguration; own != nil {
		most, least = percent(own.MaximumPercent, most), percent(own.MinimumHealthyPercent, least)
	}
	surge, unavailable := min(most-100, 100), min(max(100-least, 0), 100)
	if surge <= 0 && unavailable >= 100 {
		s.Type = v1alpha1.StrategyRecreate
		m.assumed(at, "strategy Recreate, as ECS may stop all tasks before it starts others; BlueGreen and Canary need both at once")
		return
	}
	if surge <= 0 && unavailable == 0 {
		surge = 100
	}
	s.Type = v1alpha1.StrategyRolling
	s.Rolling = &v1alpha1.Rolling{MaxSurgePercent: new(surge), MaxUnavailablePercent: new(unavailable)}
	m.assumed(at, "strategy Rolling, as ECS replaces tasks in batches; Canary and BlueGreen move requests instead")
}

// native are the strategies of ECS itself.
func (m *mapper) native(strategy string, config *node) {
	s := &m.object.Spec.Strategy
	if minutes, ok := config.get("bakeTimeInMinutes").number(); ok {
		m.object.Spec.Rollback.KeepOldSeconds = new(int32of(minutes * 60))
	}
	switch strategy {
	case "CANARY":
		share, minutes := config.get("canaryConfiguration", "canaryPercent"), config.get("canaryConfiguration", "canaryBakeTimeInMinutes")
		m.steps(share, whole(share, 5), 0, seconds(minutes, 10))
	case "LINEAR":
		share, minutes := config.get("linearConfiguration", "stepPercent"), config.get("linearConfiguration", "stepBakeTimeInMinutes")
		m.steps(share, whole(share, 10), whole(share, 10), seconds(minutes, 6))
	default:
		s.Type = v1alpha1.StrategyBlueGreen
	}
	ignore(config, "canaryConfiguration", "linearConfiguration")
}

// whole is a number that may have a fraction in the input.
func whole(n *node, otherwise int) int {
	var value float64
	if _, err := fmt.Sscan(n.str(), &value); err != nil || value < 1 || value > 100 {
		return otherwise
	}
	return int(value)
}

func seconds(minutes *node, otherwise int) int {
	if n, ok := minutes.number(); ok && n >= 0 {
		return n * 60
	}
	return otherwise * 60
}

// maxSteps is what the CRD takes.
const maxSteps = 20

// steps of a canary: first, and then so much more each time; 0 more is one step.
func (m *mapper) steps(at *node, first, more, hold int) {
	s := &m.object.Spec.Strategy
	s.Type, s.Canary = v1alpha1.StrategyCanary, &v1alpha1.Canary{}
	if more > 0 && (99/more) > maxSteps {
		m.assumed(at, "a canary has %d steps at most: steps of 5 %% in the place of %d %%", maxSteps, more)
		first, more = 5, 5
	}
	for weight := first; weight < 100; weight += more {
		s.Canary.Steps = append(s.Canary.Steps, v1alpha1.CanaryStep{Weight: int32of(weight), HoldSeconds: new(min(int32of(hold), 604800))})
		if more == 0 {
			break
		}
	}
	if len(s.Canary.Steps) == 0 {
		s.Type, s.Canary = v1alpha1.StrategyBlueGreen, nil
	}
}

// deploymentAlarms are those of ECS, which may also only stop a deployment.
func (m *mapper) deploymentAlarms(n *node) {
	names, rollback := n.get("alarmNames").list(), n.get("rollback")
	if n.get("enable").truth() && len(names) > 0 && rollback != nil && strings.EqualFold(rollback.str(), "false") {
		m.dropped(n, "these alarms stop a deployment and don't roll it back, and spec.analysis.alarms would: write them there if they may")
		return
	}
	m.alarms(n, names, n.get("enable"))
}

// alarms that roll a deployment back.
func (m *mapper) alarms(at *node, names []*node, enabled *node) {
	if at == nil {
		return
	}
	at.see()
	if enabled != nil && !enabled.truth() || len(names) == 0 {
		return
	}
	analysis := &v1alpha1.Analysis{}
	for _, n := range names {
		name := n.str()
		if name == "" {
			name = n.get("name").str()
		}
		if len(n.open) > 0 {
			m.value(n)
		}
		if name != "" && !slices.Contains(analysis.Alarms, name) {
			analysis.Alarms = append(analysis.Alarms, name)
		}
	}
	if len(analysis.Alarms) > 0 {
		m.object.Spec.Analysis = analysis
		m.origins["spec.analysis"] = at
	}
}

// stages of ECS's hooks, and the points that come closest.
var stages = map[string]v1alpha1.GatePoint{
	"POST_SCALE_UP":                 v1alpha1.AfterProvision,
	"TEST_TRAFFIC_SHIFT":            v1alpha1.BeforeTraffic,
	"POST_TEST_TRAFFIC_SHIFT":       v1alpha1.BeforeTraffic,
	"PRODUCTION_TRAFFIC_SHIFT":      v1alpha1.AfterStep,
	"POST_PRODUCTION_TRAFFIC_SHIFT": v1alpha1.BeforePromotion,
}

func (m *mapper) nativeHooks(hooks []*node) {
	for _, hook := range hooks {
		hook.see()
		for _, stage := range hook.get("lifecycleStages").list() {
			at, known := stages[stage.str()]
			if !known {
				m.dropped(stage, "there is no gate before a stack is made")
				continue
			}
			m.gate(hook.get("hookTargetArn"), kubernetesName(strings.ToLower(stage.str())), at, v1alpha1.PayloadViridian)
			m.assumed(stage, "the function is asked at %s, and gets Viridian's own payload", at)
		}
	}
}

// gate asks a function.
func (m *mapper) gate(function *node, name string, at v1alpha1.GatePoint, payload v1alpha1.PayloadShape) {
	arn := strings.TrimSpace(m.value(function))
	if !strings.HasPrefix(arn, "arn:") {
		if function != nil && len(function.open) == 0 && roleName.MatchString(arn) {
			arn = "arn:aws:lambda:" + m.regionFor(function) + ":" + m.accountFor(function) + ":function:" + arn
		} else {
			m.missing(cmp.Or(function, m.app.task), "the ARN of the function of gate %s", name)
			arn = "arn:aws:lambda:" + m.place() + ":function:" + placeholder
		}
	}
	base := name
	for i := 2; slices.ContainsFunc(m.object.Spec.Gates, func(g v1alpha1.Gate) bool { return g.Name == name }); i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	m.origins[fmt.Sprintf("spec.gates[%d]", len(m.object.Spec.Gates))] = function
	m.object.Spec.Gates = append(m.object.Spec.Gates, v1alpha1.Gate{Name: name, At: at, Lambda: &v1alpha1.LambdaGate{FunctionARN: arn, Payload: payload}})
}
