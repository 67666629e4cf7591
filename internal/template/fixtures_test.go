package template_test

import (
	"encoding/json"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

const (
	digestA = "sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
	digestB = "sha256:ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

	registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/"
	token    = "MFRGGZDFMZTWQ2LKNNWG23TPOB"
	uid      = "6f1c2f0a-9f0e-4f5e-8f62-6c3b1d2a4e57"
)

// minimalTemplate has only the required fields, and none of the defaults that
// the API server fills in.
func minimalTemplate() v1alpha1.RevisionTemplate {
	return v1alpha1.RevisionTemplate{
		Containers: []v1alpha1.Container{{
			Name:         "app",
			Image:        registry + "checkout@" + digestA,
			PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}},
		}},
		CPU:              "256",
		Memory:           "512",
		ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
		Cluster:          "shop",
		Network: v1alpha1.Network{
			VPCID:                        "vpc-0123456789abcdef0",
			SubnetIDs:                    []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
			LoadBalancerSecurityGroupIDs: []string{"sg-0123456789abcdef0"},
		},
		Target: v1alpha1.Target{ContainerPort: 8080},
	}
}

// fullTemplate sets every field to a value other than zero.
func fullTemplate() v1alpha1.RevisionTemplate {
	return v1alpha1.RevisionTemplate{
		Containers: []v1alpha1.Container{
			{
				Name:        "app",
				Image:       registry + "checkout@" + digestA,
				Essential:   new(true),
				Command:     []string{"serve", "--motto=<fast> & \"good\""},
				EntryPoint:  []string{"/bin/checkout"},
				Environment: []v1alpha1.KeyValue{{Name: "LOG_LEVEL", Value: "info"}, {Name: "CURRENCY", Value: "€"}},
				Secrets: []v1alpha1.Secret{{
					Name:      "DB_PASSWORD",
					ValueFrom: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:checkout/db-AbCdEf:password::",
				}},
				PortMappings: []v1alpha1.PortMapping{fullMapping(9090, "udp"), fullMapping(8080, "tcp")},
				HealthCheck: &v1alpha1.ContainerHealthCheck{
					Command:     []string{"CMD-SHELL", "curl -f http://localhost:8080/healthz || exit 1"},
					Interval:    new(int32(15)),
					Timeout:     new(int32(4)),
					Retries:     new(int32(5)),
					StartPeriod: new(int32(20)),
				},
				CPU:                    new(int32(768)),
				Memory:                 new(int32(1536)),
				MemoryReservation:      new(int32(1024)),
				User:                   "1000:1000",
				WorkingDirectory:       "/srv",
				ReadonlyRootFilesystem: new(true),
				StartTimeout:           new(int32(100)),
				StopTimeout:            new(int32(90)),
				DependsOn:              []v1alpha1.ContainerDependency{{ContainerName: "proxy", Condition: "START"}},
				LogConfiguration:       fullLogs(),
				FirelensConfiguration:  &v1alpha1.FirelensConfiguration{Type: "fluentbit", Options: options("enable-ecs-log-metadata", "true")},
				Ulimits:                []v1alpha1.Ulimit{{Name: "nofile", SoftLimit: new(int32(65536)), HardLimit: new(int32(1048576))}},
				LinuxParameters:        fullLinux(),
				DockerLabels:           options("com.example.team", "payments"),
				SystemControls:         []v1alpha1.SystemControl{{Namespace: "net.core.somaxconn", Value: "1024"}},
				RestartPolicy:          &v1alpha1.ContainerRestartPolicy{Enabled: new(true), IgnoredExitCodes: []int32{143}, RestartAttemptPeriod: new(int32(180))},
				RepositoryCredentials:  &v1alpha1.RepositoryCredentials{CredentialsParameter: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-AbCdEf"},
				EnvironmentFiles:       []v1alpha1.EnvironmentFile{{Value: "arn:aws:s3:::checkout/prod.env", Type: "s3"}},
				Interactive:            new(true),
				PseudoTerminal:         new(true),
				Privileged:             new(true),
				ExtraHosts:             []v1alpha1.HostEntry{{Hostname: "db", IPAddress: "10.0.0.1"}},
				Links:                  []string{"proxy:gateway"},
				Hostname:               "checkout",
				DNSServers:             []string{"10.0.0.2"},
				DNSSearchDomains:       []string{"shop.internal"},
				DisableNetworking:      new(true),
				DockerSecurityOptions:  []string{"no-new-privileges"},
				ResourceRequirements:   []v1alpha1.ResourceRequirement{{Type: "GPU", Value: "1"}},
				MountPoints:            []v1alpha1.MountPoint{{SourceVolume: "data", ContainerPath: "/data", ReadOnly: new(true)}},
				VolumesFrom:            []v1alpha1.VolumeFrom{{SourceContainer: "proxy", ReadOnly: new(true)}},
			},
			{
				Name:        "proxy",
				Image:       registry + "proxy@" + digestB,
				Essential:   new(true),
				Environment: []v1alpha1.KeyValue{{Name: template.EnvRevision, Value: "the user's own"}},
				MountPoints: []v1alpha1.MountPoint{{SourceVolume: "shared", ContainerPath: "/shared"}},
			},
		},
		LaunchType:       "FARGATE",
		NetworkMode:      "awsvpc",
		CPU:              "1024",
		Memory:           "2048",
		ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
		TaskRoleARN:      "arn:aws:iam::111122223333:role/checkout",
		RuntimePlatform:  &v1alpha1.RuntimePlatform{CPUArchitecture: "ARM64", OperatingSystemFamily: "LINUX"},
		Network: v1alpha1.Network{
			VPCID:                        "vpc-0123456789abcdef0",
			SubnetIDs:                    []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
			LoadBalancerSecurityGroupIDs: []string{"sg-0123456789abcdef0", "sg-0123456789abcdef1"},
			SecurityGroupIDs:             []string{"sg-0123456789abcdef2"},
			AssignPublicIP:               "ENABLED",
		},
		Target: v1alpha1.Target{
			ContainerName: "app",
			ContainerPort: 8080,
			// AWS doesn't take all of this together.
			Protocol:               "HTTPS",
			ProtocolVersion:        "HTTP2",
			Stickiness:             &v1alpha1.TargetStickiness{Type: "app_cookie", CookieName: "SESSION", DurationSeconds: new(int32(600))},
			SlowStartSeconds:       new(int32(45)),
			LoadBalancingAlgorithm: "least_outstanding_requests",
			AnomalyMitigation:      "DISABLED",
			CrossZone:              "ENABLED",
			HealthCheck: v1alpha1.TargetHealthCheck{
				Port:               "9090",
				Protocol:           "HTTP",
				GRPCCodes:          "0-5",
				Path:               "/healthz?deep=1",
				SuccessCodes:       "200-299",
				IntervalSeconds:    new(int32(10)),
				TimeoutSeconds:     new(int32(5)),
				HealthyThreshold:   new(int32(2)),
				UnhealthyThreshold: new(int32(3)),
			},
			HealthCheckGracePeriodSeconds: new(int32(60)),
			DeregistrationDelaySeconds:    new(int32(30)),
		},
		Cluster: "shop",
		DeploymentConfiguration: &v1alpha1.DeploymentConfiguration{
			MaximumPercent:           new(int32(150)),
			MinimumHealthyPercent:    new(int32(50)),
			DeploymentCircuitBreaker: &v1alpha1.DeploymentCircuitBreaker{ResetOnHealthyTask: new(true)},
		},
		AvailabilityZoneRebalancing:   "ENABLED",
		HealthCheckGracePeriodSeconds: new(int32(120)), // that of a worker
		ServiceConnectConfiguration: &v1alpha1.ServiceConnectConfiguration{
			Enabled: new(true), Namespace: "shop", Services: []v1alpha1.ServiceConnectService{{PortName: "http", DiscoveryName: "checkout"}},
		},
		Scaling: allScaling(),
		ServiceRegistries: []v1alpha1.ServiceRegistry{{
			RegistryARN:   "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0123456789abcdef",
			ContainerName: "app", ContainerPort: 8080,
		}},
		LogRetentionDays: new(int32(30)),
		Volumes: []v1alpha1.Volume{{
			Name: "data",
			Host: &v1alpha1.HostVolume{SourcePath: "ignored"},
			EFSVolumeConfiguration: &v1alpha1.EFSVolumeConfiguration{
				FileSystemID: "fs-0123456789abcdef0", RootDirectory: "/", TransitEncryption: "ENABLED", TransitEncryptionPort: new(int32(2999)),
				AuthorizationConfig: &v1alpha1.EFSAuthorizationConfig{AccessPointID: "fsap-0123456789abcdef0", IAM: "ENABLED"},
			},
			DockerVolumeConfiguration: fullDockerVolume(),
		}},
		EphemeralStorage:         &v1alpha1.EphemeralStorage{SizeInGiB: 50},
		PIDMode:                  "task",
		IPCMode:                  "task",
		PlacementConstraints:     []v1alpha1.PlacementConstraint{{Type: "memberOf", Expression: "attribute:ecs.instance-type =~ m7.*"}},
		PlacementStrategy:        []v1alpha1.PlacementStrategy{{Type: "binpack", Field: "memory"}},
		PlatformVersion:          "1.4.0",
		CapacityProviderStrategy: []v1alpha1.CapacityProviderStrategyItem{{CapacityProvider: "FARGATE", Base: new(int32(2)), Weight: new(int32(1))}},
		EnableExecuteCommand:     new(true),
		Patches: []v1alpha1.Patch{{
			// JSON Patch takes members that an operation doesn't have, the API doesn't.
			Op: "add", Path: "/Resources/LogGroup/Properties/KmsKeyId", From: "/ignored", Value: json.RawMessage(`"arn:aws:kms:eu-west-1:111122223333:key/logs"`),
		}},
		Tags: []v1alpha1.Tag{{Key: "team", Value: "payments"}},
	}
}

// firstTemplate is fullTemplate without the fields that the API did not have at
// first.
func firstTemplate() v1alpha1.RevisionTemplate {
	return with(fullTemplate(), func(t *v1alpha1.RevisionTemplate) {
		t.DeploymentConfiguration, t.AvailabilityZoneRebalancing, t.HealthCheckGracePeriodSeconds = nil, "", nil
		t.RuntimePlatform.OperatingSystemFamily = ""
		t.ServiceConnectConfiguration, t.ServiceRegistries, t.Scaling, t.Patches = nil, nil, nil, nil
		t.Target.Protocol, t.Target.ProtocolVersion, t.Target.Stickiness, t.Target.SlowStartSeconds = "", "", nil, nil
		t.Target.LoadBalancingAlgorithm, t.Target.AnomalyMitigation, t.Target.CrossZone = "", "", ""
		t.Target.HealthCheck.Port, t.Target.HealthCheck.Protocol, t.Target.HealthCheck.GRPCCodes = "", "", ""
		firstContainer(&t.Containers[0])
		t.LaunchType, t.NetworkMode, t.IPCMode, t.PlacementConstraints, t.PlacementStrategy = "", "", "", nil, nil
		t.Volumes, t.EphemeralStorage, t.PIDMode, t.PlatformVersion, t.CapacityProviderStrategy, t.EnableExecuteCommand = nil, nil, "", "", nil, nil
		for i := range t.Containers {
			t.Containers[i].MountPoints, t.Containers[i].VolumesFrom = nil, nil
		}
	})
}

// workerTemplate takes no requests.
func workerTemplate() v1alpha1.RevisionTemplate {
	return with(minimalTemplate(), func(t *v1alpha1.RevisionTemplate) {
		t.Target = v1alpha1.Target{}
		t.Network.LoadBalancerSecurityGroupIDs = nil
		t.Containers[0].PortMappings = nil
	})
}

// onSpot runs on Fargate Spot in a cluster of its own, with a directory that its
// containers share.
func onSpot(t *v1alpha1.RevisionTemplate) {
	t.Cluster = ""
	t.CapacityProviderStrategy = []v1alpha1.CapacityProviderStrategyItem{
		{CapacityProvider: "FARGATE", Base: new(int32(1))}, {CapacityProvider: "FARGATE_SPOT", Weight: new(int32(1))},
	}
	t.Volumes = []v1alpha1.Volume{{Name: "tmp", Host: &v1alpha1.HostVolume{}}}
	t.Containers[0].MountPoints = []v1alpha1.MountPoint{{SourceVolume: "tmp", ContainerPath: "/tmp"}}
}

// worker is the input without a listener.
func worker(t v1alpha1.RevisionTemplate) template.Input {
	in := input(t)
	in.ListenerARN, in.Conditions = "", nil
	return in
}

func input(t v1alpha1.RevisionTemplate, conditions ...cloud.Condition) template.Input {
	if conditions == nil {
		conditions = []cloud.Condition{host("checkout.example.com")}
	}
	return template.Input{
		Namespace:    "shop",
		Name:         "checkout",
		UID:          uid,
		Revision:     3,
		Template:     t,
		PreviewToken: token,
		ListenerARN:  "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/0123456789abcdef/fedcba9876543210",
		Conditions:   conditions,
	}
}

func host(names ...string) cloud.Condition {
	return cloud.Condition{Field: "host-header", Values: names}
}

func header(name string, values ...string) cloud.Condition {
	return cloud.Condition{Field: "http-header", HTTPHeaderName: name, Values: values}
}
