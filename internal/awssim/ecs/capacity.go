package ecs

import (
	"cmp"
	"slices"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// The capacity providers of Fargate.
const (
	providerFargate = "FARGATE"
	providerSpot    = "FARGATE_SPOT"
)

// The ranges of a strategy's numbers, as the API reference of
// CapacityProviderStrategyItem has them.
const (
	maxBase   = 100_000
	maxWeight = 1000
)

// checkStrategy refuses a capacity provider strategy that the cluster can't
// follow. Of AWS's words those about providers that the cluster lacks were recorded
// (dask/dask-cloudprovider#328).
func (c *cluster) checkStrategy(launchType string, strategy []capacityStrategy) error {
	if len(strategy) == 0 {
		return nil
	}
	if launchType != "" {
		return invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	}
	bases, weights := 0, 0
	for _, item := range strategy {
		if isFargate(item.CapacityProvider) != isFargate(strategy[0].CapacityProvider) {
			return invalid("A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. " +
				"Specify one or the other and try again.")
		}
		if err := c.checkProvider(item); err != nil {
			return err
		}
		weights += item.Weight
		if item.Base > 0 {
			bases++
		}
	}
	switch {
	case bases > 1:
		return invalid("Only one capacity provider in a capacity provider strategy can have a base defined.")
	case weights == 0:
		return invalid("At least one capacity provider must have a weight greater than zero.")
	}
	return nil
}

func (c *cluster) checkProvider(item capacityStrategy) error {
	switch {
	case !slices.Contains(c.providers, item.CapacityProvider):
		return invalid("The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. " +
			"Associate the capacity provider with the cluster or specify a valid capacity provider and try again.")
	case item.Base < 0 || item.Base > maxBase || item.Weight < 0 || item.Weight > maxWeight:
		return invalid("The base of a capacity provider is between 0 and %d, its weight between 0 and %d.", maxBase, maxWeight)
	}
	return nil
}

// providerOf is the capacity provider of a service's next task: first the base,
// then whichever is furthest behind its weight; "" where there is no strategy.
func (s *Service) providerOf(svc *service) string {
	has := map[string]int{}
	for _, t := range s.tasksOf(svc, nil) {
		has[t.provider]++
	}
	var weighted []capacityStrategy
	for _, item := range svc.CapacityProviderStrategy {
		if has[item.CapacityProvider] < item.Base {
			return item.CapacityProvider
		}
		if item.Weight > 0 {
			weighted = append(weighted, item)
		}
	}
	if len(weighted) == 0 {
		return ""
	}
	behind := func(a capacityStrategy) float64 {
		return float64(has[a.CapacityProvider]-a.Base+1) / float64(a.Weight)
	}
	return slices.MinFunc(weighted, func(a, b capacityStrategy) int { return cmp.Compare(behind(a), behind(b)) }).CapacityProvider
}

// Interrupt has AWS take back what up to n tasks of a service on Fargate Spot run
// on, the oldest first, and tells how many there were.
func (s *Service) Interrupt(cluster, service string, n int) (interrupted int) {
	for _, t := range s.tasks {
		if interrupted == n {
			break
		}
		if t.cluster.name == cluster && t.service.name == service && t.provider == providerSpot && t.status == taskRunning && t.desired == taskRunning {
			s.stop(t, stopSpot, "Your Spot Task was interrupted.")
			interrupted++
		}
	}
	return interrupted
}

// The platform versions of Fargate for Linux that are simulated.
const (
	latestPlatform = "LATEST"
	oldPlatform    = "1.3.0"
)

// checkPlatform refuses platform versions that there aren't, and what the old one
// can't do. The codes are those of the API model; the words are not AWS's.
func (in *serviceInput) checkPlatform(d *taskDefinition) error {
	if in.onInstances() && in.PlatformVersion != "" {
		return invalid("The platform version must be null when specifying an EC2 launch type.")
	}
	switch in.PlatformVersion {
	case "", latestPlatform, platformVersion:
		return nil
	case oldPlatform:
	default:
		return core.Errorf("PlatformUnknownException", "The platform version '%s' does not exist.", in.PlatformVersion)
	}
	efs := slices.ContainsFunc(d.Volumes, func(v volume) bool { return v.EFSVolumeConfiguration != nil })
	if efs || d.EphemeralStorage != nil || d.PidMode != "" || in.EnableExecuteCommand {
		return core.Errorf("PlatformTaskDefinitionIncompatibilityException",
			"The specified platform does not satisfy the task definition's required capabilities.")
	}
	return nil
}

// family is that of Fargate's platform; instances have none.
func (svc *service) family() string {
	if svc.onInstances() {
		return ""
	}
	return "Linux"
}

// platform is the version that a service's tasks run on; "" on instances.
func (svc *service) platform() string {
	if svc.PlatformVersion == latestPlatform {
		return platformVersion
	}
	return svc.PlatformVersion
}

// checkExecute refuses commands in tasks that couldn't reach Systems Manager, in
// AWS's words.
func (in *serviceInput) checkExecute(d *taskDefinition) error {
	if in.EnableExecuteCommand && d.TaskRoleArn == "" {
		return invalid("The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.")
	}
	return nil
}
