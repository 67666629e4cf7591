package ecs

import "github.com/viridian-dev/viridian/internal/awssim/core"

var (
	text   = core.String()
	number = core.Int()
	flag   = core.Bool()
	texts  = core.ListOf(core.String())
)

func object(fields map[string]core.Schema) core.Schema { return core.Object(fields) }

func listOf(fields map[string]core.Schema) core.Schema { return core.ListOf(core.Object(fields)) }

var strategySchema = listOf(map[string]core.Schema{"CapacityProvider": text, "Weight": number, "Base": number})

var clusterSchema = object(map[string]core.Schema{
	"ClusterName":                     text,
	"ClusterSettings":                 listOf(map[string]core.Schema{"Name": text, "Value": text}),
	"CapacityProviders":               texts,
	"DefaultCapacityProviderStrategy": strategySchema,
	"Configuration": object(map[string]core.Schema{
		"ExecuteCommandConfiguration": object(map[string]core.Schema{
			"KmsKeyId": text, "Logging": core.String("NONE", "DEFAULT", "OVERRIDE"),
		}).With("LogConfiguration"),
		"ManagedStorageConfiguration": object(map[string]core.Schema{"FargateEphemeralStorageKmsKeyId": text, "KmsKeyId": text}),
	}),
	"Tags": core.TagList(),
}).With("ServiceConnectDefaults")

var secretsSchema = listOf(map[string]core.Schema{"Name": core.Must(text), "ValueFrom": core.Must(text)})

var containerSchema = object(map[string]core.Schema{
	"Name": core.Must(text), "Image": core.Must(text), "Cpu": number, "Memory": number, "MemoryReservation": number, "Essential": flag,
	"PortMappings": listOf(map[string]core.Schema{
		"ContainerPort": number, "HostPort": number, "Protocol": core.String("tcp", "udp"), "Name": text,
		"AppProtocol": core.String("http", "http2", "grpc"), "ContainerPortRange": core.NotSimulated(),
	}),
	"Environment": listOf(map[string]core.Schema{"Name": text, "Value": text}),
	"Secrets":     secretsSchema,
	"Command":     texts, "EntryPoint": texts, "WorkingDirectory": text, "User": text, "ReadonlyRootFilesystem": flag,
	"StartTimeout": number, "StopTimeout": number,
	"DependsOn":    listOf(map[string]core.Schema{"ContainerName": text, "Condition": core.String("COMPLETE", "HEALTHY", "START", "SUCCESS")}),
	"DockerLabels": core.MapOf(text),
	"HealthCheck": object(map[string]core.Schema{
		"Command": texts, "Interval": number, "Timeout": number, "Retries": number, "StartPeriod": number,
	}),
	"LogConfiguration": object(map[string]core.Schema{
		"LogDriver": core.Must(text), "Options": core.MapOf(text), "SecretOptions": secretsSchema,
	}),
	"LinuxParameters": object(map[string]core.Schema{
		"InitProcessEnabled": flag, "Capabilities": object(map[string]core.Schema{"Add": texts, "Drop": texts}),
		"Tmpfs":            listOf(map[string]core.Schema{"ContainerPath": text, "Size": core.Must(number), "MountOptions": texts}),
		"Devices":          listOf(map[string]core.Schema{"HostPath": text, "ContainerPath": text, "Permissions": texts}),
		"SharedMemorySize": number, "MaxSwap": number, "Swappiness": number,
	}),
	"MountPoints":        listOf(map[string]core.Schema{"SourceVolume": text, "ContainerPath": text, "ReadOnly": flag}),
	"Ulimits":            listOf(map[string]core.Schema{"Name": core.Must(text), "SoftLimit": core.Must(number), "HardLimit": core.Must(number)}),
	"VolumesFrom":        listOf(map[string]core.Schema{"SourceContainer": text, "ReadOnly": flag}),
	"VersionConsistency": core.String("enabled", "disabled"),

	"FirelensConfiguration": object(map[string]core.Schema{"Type": text, "Options": core.MapOf(text)}),
	"RestartPolicy":         object(map[string]core.Schema{"Enabled": flag, "IgnoredExitCodes": core.ListOf(number), "RestartAttemptPeriod": number}),
	"RepositoryCredentials": object(map[string]core.Schema{"CredentialsParameter": text}),
	"EnvironmentFiles":      listOf(map[string]core.Schema{"Type": text, "Value": text}),
	"ExtraHosts":            listOf(map[string]core.Schema{"Hostname": text, "IpAddress": text}),
	"SystemControls":        listOf(map[string]core.Schema{"Namespace": text, "Value": text}),
	"Interactive":           flag, "PseudoTerminal": flag, "Privileged": flag,
	"Links": texts, "Hostname": text, "DnsServers": texts, "DnsSearchDomains": texts, "DisableNetworking": flag, "DockerSecurityOptions": texts,
	"ResourceRequirements": listOf(map[string]core.Schema{"Type": core.Must(text), "Value": core.Must(text)}),
}).With("CredentialSpecs")

var volumeSchema = object(map[string]core.Schema{
	"Name": text, "Host": object(map[string]core.Schema{"SourcePath": text}),
	"EFSVolumeConfiguration": object(map[string]core.Schema{
		"FilesystemId": core.Must(text), "RootDirectory": text, "TransitEncryption": core.String("ENABLED", "DISABLED"), "TransitEncryptionPort": number,
		"AuthorizationConfig": object(map[string]core.Schema{"AccessPointId": text, "IAM": core.String("ENABLED", "DISABLED")}),
	}),
	"DockerVolumeConfiguration": object(map[string]core.Schema{
		"Scope": text, "Autoprovision": flag, "Driver": text, "DriverOpts": core.MapOf(text), "Labels": core.MapOf(text),
	}),
}).With("ConfiguredAtLaunch", "FSxWindowsFileServerVolumeConfiguration", "S3FilesVolumeConfiguration")

var definitionSchema = object(map[string]core.Schema{
	"Family": text, "TaskRoleArn": text, "ExecutionRoleArn": text,
	"NetworkMode":             core.String("bridge", "host", "awsvpc", "none"),
	"ContainerDefinitions":    core.ListOf(containerSchema),
	"RequiresCompatibilities": core.ListOf(core.String("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")), "Cpu": text, "Memory": text,
	"RuntimePlatform":  object(map[string]core.Schema{"CpuArchitecture": text, "OperatingSystemFamily": text}),
	"EphemeralStorage": object(map[string]core.Schema{"SizeInGiB": number}),
	"PidMode":          core.String("host", "task"),
	"IpcMode":          core.String("host", "none", "task"),
	"Volumes":          core.ListOf(volumeSchema),
	"Tags":             core.TagList(),

	"EnableFaultInjection": flag,
}).With("InferenceAccelerators", "PlacementConstraints", "ProxyConfiguration")

var serviceSchema = object(map[string]core.Schema{
	"Cluster": text, "ServiceName": text, "TaskDefinition": text, "DesiredCount": number,
	"LaunchType": core.String("EC2", "FARGATE", "EXTERNAL"), "CapacityProviderStrategy": strategySchema, "PlatformVersion": text,
	"LoadBalancers": core.ListOf(object(map[string]core.Schema{
		"TargetGroupArn": text, "LoadBalancerName": text, "ContainerName": text, "ContainerPort": number,
	}).With("AdvancedConfiguration")),
	"NetworkConfiguration": object(map[string]core.Schema{
		"AwsvpcConfiguration": object(map[string]core.Schema{
			"Subnets": texts, "SecurityGroups": texts, "AssignPublicIp": core.String("ENABLED", "DISABLED"),
		}),
	}),
	"PlacementConstraints": listOf(map[string]core.Schema{"Type": core.Must(core.String("distinctInstance", "memberOf")), "Expression": text}),
	"PlacementStrategies":  listOf(map[string]core.Schema{"Type": core.Must(core.String("binpack", "random", "spread")), "Field": text}),
	"DeploymentConfiguration": object(map[string]core.Schema{
		"DeploymentCircuitBreaker": object(map[string]core.Schema{
			"Enable": core.Must(flag), "Rollback": core.Must(flag), "ResetOnHealthyTask": flag,
			"ThresholdConfiguration": object(map[string]core.Schema{
				"Type": core.String("COUNT", boundedPercent, unboundedPercent), "Value": number,
			}),
		}),
		"MaximumPercent": number, "MinimumHealthyPercent": number, "BakeTimeInMinutes": number,
		"Strategy": core.String("ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"),
	}).With("Alarms", "CanaryConfiguration", "EarlySuccessCriteria", "LifecycleHooks", "LinearConfiguration"),
	"DeploymentController":          object(map[string]core.Schema{"Type": core.String("CODE_DEPLOY", "ECS", "EXTERNAL")}),
	"HealthCheckGracePeriodSeconds": number,
	"PropagateTags":                 core.String("SERVICE", "TASK_DEFINITION"),
	"EnableECSManagedTags":          flag, "EnableExecuteCommand": flag,
	"SchedulingStrategy":          core.String("REPLICA", "DAEMON"),
	"AvailabilityZoneRebalancing": core.String("ENABLED", "DISABLED"),
	"Tags":                        core.TagList(),
	"ServiceRegistries":           core.ListOf(registrySchema),
	"ServiceConnectConfiguration": connectSchema,
}).With(
	"ForceNewDeployment", "GatewayConnectors", "Monitoring",
	"Role", "VolumeConfigurations", "VpcLatticeConfigurations",
)
