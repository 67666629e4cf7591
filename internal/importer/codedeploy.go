package importer

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// ofAppSpec makes a service of what an AppSpec says of it.
func (in *inputs) ofAppSpec() *node {
	if len(in.appspecs) == 0 {
		return nil
	}
	spec := in.appspecs[0]
	for _, entry := range spec.get("Resources").list() {
		for _, key := range entry.keys {
			properties := entry.get(key, "Properties")
			if properties == nil || !strings.EqualFold(entry.get(key, "Type").str(), "AWS::ECS::Service") {
				continue
			}
			service := properties.object()
			service.seen = true
			for _, same := range []string{"TaskDefinition", "PlatformVersion", "NetworkConfiguration", "CapacityProviderStrategy"} {
				service.put(same, properties.get(same))
			}
			if lb := properties.get("LoadBalancerInfo"); lb != nil {
				service.put("loadBalancers", lb.listOf(lb))
				service.values["loadbalancers"].seen = true
			}
			controller := spec.object().put("type", spec.leaf("CODE_DEPLOY"))
			return service.put("deploymentController", controller)
		}
	}
	return nil
}

// codeDeploy maps the deployment group, its configuration and the hooks.
func (m *mapper) codeDeploy() {
	for _, group := range m.in.deploymentGroups {
		m.deploymentGroup(group)
	}
	for _, config := range m.in.deploymentConfigs {
		m.trafficRouting(config)
	}
	if name := m.options.DeploymentConfig; name != "" && len(m.in.deploymentConfigs) == 0 {
		m.deploymentConfig(nil, name)
	}
	for _, spec := range m.in.appspecs {
		if len(m.in.deploymentConfigs)+len(m.in.deploymentGroups) == 0 && m.options.DeploymentConfig == "" {
			m.assumed(spec, "strategy BlueGreen: an AppSpec doesn't say how the requests are moved; --deployment-config does, or the output of get-deployment-group")
		}
		for _, hook := range spec.get("Hooks").list() {
			for _, event := range hook.keys {
				m.hook(hook.get(event), event)
			}
		}
	}
}

// events of CodeDeploy, and the points that come closest.
var events = map[string]struct {
	at    v1alpha1.GatePoint
	exact bool
}{
	"BeforeInstall":         {v1alpha1.AfterProvision, false},
	"AfterInstall":          {v1alpha1.AfterProvision, true},
	"AfterAllowTestTraffic": {v1alpha1.BeforeTraffic, true},
	"BeforeAllowTraffic":    {v1alpha1.BeforeTraffic, true},
	"AfterAllowTraffic":     {v1alpha1.BeforePromotion, true},
}

func (m *mapper) hook(function *node, event string) {
	point, known := events[event]
	switch {
	case function == nil:
		return
	case !known:
		m.dropped(function, "%s isn't an event of CodeDeploy with ECS", event)
		return
	case !point.exact:
		m.assumed(function, "the function is asked when the stack is created (%s): there is no gate before", point.at)
	}
	m.gate(function, kubernetesName(event), point.at, v1alpha1.PayloadCodeDeploy)
}

// deploymentGroup says when to roll back, how long the old tasks stay, and what moves
// the requests.
func (m *mapper) deploymentGroup(n *node) {
	m.deploymentConfig(n.get("deploymentConfigName"), n.get("deploymentConfigName").str())
	if config := n.get("alarmConfiguration"); config != nil {
		m.alarms(config, config.get("alarms").list(), config.get("enabled"))
	}
	blue := n.get("blueGreenDeploymentConfiguration")
	wait := blue.get("terminateBlueInstancesOnDeploymentSuccess")
	if minutes, ok := wait.get("terminationWaitTimeInMinutes").number(); ok {
		m.object.Spec.Rollback.KeepOldSeconds = new(int32of(minutes * 60))
	}
	ready := blue.get("deploymentReadyOption")
	if ready.get("actionOnTimeout").str() == "STOP_DEPLOYMENT" {
		m.approval(ready)
	}
	n.see()
}

// approval before the requests move.
func (m *mapper) approval(at *node) {
	s := &m.object.Spec.Strategy
	if s.Type == v1alpha1.StrategyBlueGreen {
		s.BlueGreen = &v1alpha1.BlueGreen{Approval: v1alpha1.ApprovalManual}
		return
	}
	gate := v1alpha1.Gate{Name: "approval", At: v1alpha1.BeforeTraffic, Approval: &v1alpha1.ApprovalGate{}}
	if minutes, ok := at.get("waitTimeInMinutes").number(); ok && minutes > 0 {
		gate.Approval.ExpirySeconds = new(int32of(minutes * 60))
	}
	m.object.Spec.Gates = append(m.object.Spec.Gates, gate)
}

// predefined are CodeDeploy's own configurations for ECS.
var predefined = regexp.MustCompile(`^CodeDeployDefault\.ECS(Canary|Linear)([0-9]+)Percent(?:Every)?([0-9]+)Minutes$`)

// deploymentConfig is a configuration by its name.
func (m *mapper) deploymentConfig(at *node, name string) {
	s := &m.object.Spec.Strategy
	s.Rolling = nil
	found := predefined.FindStringSubmatch(name)
	switch {
	case name == "CodeDeployDefault.ECSAllAtOnce":
		s.Type = v1alpha1.StrategyBlueGreen
	case found != nil:
		share, _ := strconv.Atoi(found[2])
		minutes, _ := strconv.Atoi(found[3])
		more := 0
		if found[1] == "Linear" {
			more = share
		}
		m.steps(at, share, more, minutes*60)
	case len(m.in.deploymentConfigs) == 0:
		s.Type = v1alpha1.StrategyBlueGreen
		m.missing(at, "the deployment configuration %q isn't one of CodeDeploy's own for ECS: give the output of aws deploy get-deployment-config, or write spec.strategy", name)
	}
}

// trafficRouting is a configuration as it is described.
func (m *mapper) trafficRouting(n *node) {
	routing := n.get("trafficRoutingConfig")
	s := &m.object.Spec.Strategy
	s.Rolling = nil
	switch routing.get("type").str() {
	case "TimeBasedCanary":
		c := routing.get("timeBasedCanary")
		m.steps(c, whole(c.get("canaryPercentage"), 10), 0, seconds(c.get("canaryInterval"), 5))
	case "TimeBasedLinear":
		c := routing.get("timeBasedLinear")
		share := whole(c.get("linearPercentage"), 10)
		m.steps(c, share, share, seconds(c.get("linearInterval"), 1))
	case "AllAtOnce":
		s.Type = v1alpha1.StrategyBlueGreen
	default:
		m.missing(cmp.Or(routing, n), "how the requests move isn't in the input: write spec.strategy")
	}
	n.see()
}
