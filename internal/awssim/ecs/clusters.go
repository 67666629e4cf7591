package ecs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type cluster struct {
	arn, name string
	settings  []nameValue
	providers []string
	strategy  []capacityStrategy
	tags      []Tag

	configuration *clusterConfiguration
}

// clusterConfiguration is kept and shown; nothing is encrypted.
type clusterConfiguration struct {
	ExecuteCommandConfiguration *executeCommand `json:"executeCommandConfiguration,omitempty"`
	ManagedStorageConfiguration *managedStorage `json:"managedStorageConfiguration,omitempty"`
}

type executeCommand struct {
	KmsKeyId string `json:"kmsKeyId,omitempty"`
	Logging  string `json:"logging,omitempty"`
}

type managedStorage struct {
	FargateEphemeralStorageKmsKeyId string `json:"fargateEphemeralStorageKmsKeyId,omitempty"`
	KmsKeyId                        string `json:"kmsKeyId,omitempty"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type capacityStrategy struct {
	CapacityProvider string `json:"capacityProvider"`
	Weight           int    `json:"weight"`
	Base             int    `json:"base"`
}

type createClusterInput struct {
	ClusterName                     string             `json:"clusterName"`
	Settings                        []nameValue        `json:"settings"`
	CapacityProviders               []string           `json:"capacityProviders"`
	DefaultCapacityProviderStrategy []capacityStrategy `json:"defaultCapacityProviderStrategy"`
	Tags                            []Tag              `json:"tags"`

	Configuration *clusterConfiguration `json:"configuration"`
}

type clusterOut struct {
	ClusterArn          string             `json:"clusterArn"`
	ClusterName         string             `json:"clusterName"`
	Status              string             `json:"status"`
	RunningTasksCount   int                `json:"runningTasksCount"`
	PendingTasksCount   int                `json:"pendingTasksCount"`
	ActiveServicesCount int                `json:"activeServicesCount"`
	RegisteredInstances int                `json:"registeredContainerInstancesCount"`
	Settings            []nameValue        `json:"settings"`
	CapacityProviders   []string           `json:"capacityProviders"`
	DefaultStrategy     []capacityStrategy `json:"defaultCapacityProviderStrategy"`
	Statistics          []nameValue        `json:"statistics"`
	Tags                []Tag              `json:"tags"`

	Configuration *clusterConfiguration `json:"configuration,omitempty"`
}

var clusterName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// createCluster is idempotent by name.
func (s *Service) createCluster(in createClusterInput) (any, error) {
	c, err := s.addCluster(in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"cluster": s.clusterOut(c)}, nil
}

func (s *Service) addCluster(in createClusterInput) (*cluster, error) {
	if in.ClusterName == "" {
		in.ClusterName = "default"
	}
	if !clusterName.MatchString(in.ClusterName) {
		return nil, invalid("Identifier contains invalid characters: the cluster name '%s' must match %s", in.ClusterName, clusterName)
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if c, err := s.cluster(in.ClusterName); err == nil {
		return c, nil
	}
	c := &cluster{
		arn: s.world.ARN("ecs", "cluster/"+in.ClusterName), name: in.ClusterName, settings: in.Settings,
		providers: in.CapacityProviders, strategy: in.DefaultCapacityProviderStrategy, tags: in.Tags,
		configuration: in.Configuration,
	}
	s.clusters = append(s.clusters, c)
	return c, nil
}

// cluster finds by name or ARN; the empty name is "default".
func (s *Service) cluster(id string) (*cluster, error) {
	if id == "" {
		id = "default"
	}
	for _, c := range s.clusters {
		if c.name == id || c.arn == id {
			return c, nil
		}
	}
	return nil, core.Errorf("ClusterNotFoundException", "Cluster not found.")
}

func (s *Service) clusterOut(c *cluster) clusterOut {
	out := clusterOut{
		ClusterArn: c.arn, ClusterName: c.name, Status: "ACTIVE", Settings: listed(c.settings),
		CapacityProviders: listed(c.providers), DefaultStrategy: listed(c.strategy), Tags: listed(c.tags), Statistics: []nameValue{},
		Configuration: c.configuration,
	}
	for _, t := range s.tasks {
		switch {
		case t.cluster != c || t.status == taskStopped:
		case t.status == taskRunning:
			out.RunningTasksCount++
		default:
			out.PendingTasksCount++
		}
	}
	for _, i := range s.instances {
		if i.Cluster == c.name {
			out.RegisteredInstances++
		}
	}
	for _, svc := range s.services {
		if svc.cluster == c && svc.status == serviceActive {
			out.ActiveServicesCount++
		}
	}
	return out
}

type describeClustersInput struct {
	Clusters []string `json:"clusters"`
	Include  []string `json:"include"`
}

func (s *Service) describeClusters(in describeClustersInput) (any, error) {
	if len(in.Clusters) == 0 {
		in.Clusters = []string{"default"}
	}
	found, failures := []clusterOut{}, []failure{}
	for _, id := range in.Clusters {
		c, err := s.cluster(id)
		if err != nil {
			failures = append(failures, failure{Arn: s.arnOf("cluster/", id), Reason: "MISSING"})
			continue
		}
		out := s.clusterOut(c)
		if !slices.Contains(in.Include, "TAGS") {
			out.Tags = []Tag{}
		}
		if !slices.Contains(in.Include, "SETTINGS") {
			out.Settings = []nameValue{}
		}
		if !slices.Contains(in.Include, "CONFIGURATIONS") {
			out.Configuration = nil
		}
		found = append(found, out)
	}
	return map[string]any{"clusters": found, "failures": failures}, nil
}

// arnOf completes a name to an ARN.
func (s *Service) arnOf(kind, id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return s.world.ARN("ecs", kind+id)
}

type listInput struct {
	MaxResults *int   `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

func (s *Service) listClusters(in listInput) (any, error) {
	var arns []string
	for _, c := range s.clusters {
		arns = append(arns, c.arn)
	}
	return listOut("clusterArns", arns, in)
}

type deleteClusterInput struct {
	Cluster string `json:"cluster"`
}

func (s *Service) deleteCluster(in deleteClusterInput) (any, error) {
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(s.services, func(svc *service) bool { return svc.cluster == c && svc.status == serviceActive }) {
		return nil, core.Errorf("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
	}
	if slices.ContainsFunc(s.tasks, func(t *task) bool { return t.cluster == c && t.status != taskStopped }) {
		return nil, core.Errorf("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
	}
	if slices.ContainsFunc(s.instances, func(i *instance) bool { return i.Cluster == c.name }) {
		return nil, core.Errorf("ClusterContainsContainerInstancesException", "The Cluster cannot be deleted while Container Instances are active or draining.")
	}
	out := s.clusterOut(c)
	out.Status = "INACTIVE"
	s.clusters = slices.DeleteFunc(s.clusters, func(o *cluster) bool { return o == c })
	return map[string]any{"cluster": out}, nil
}
