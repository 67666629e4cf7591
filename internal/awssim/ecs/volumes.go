package ecs

import (
	"slices"
	"strings"
)

type ephemeralStorage struct {
	SizeInGiB int `json:"sizeInGiB"`
}

// volume is a directory of the task's own storage, or a file system of EFS.
type volume struct {
	Name                   string      `json:"name"`
	Host                   *hostVolume `json:"host,omitempty"`
	EFSVolumeConfiguration *efsVolume  `json:"efsVolumeConfiguration,omitempty"`

	DockerVolumeConfiguration *dockerVolume `json:"dockerVolumeConfiguration,omitempty"`
}

type dockerVolume struct {
	Scope         string            `json:"scope,omitempty"`
	Autoprovision *bool             `json:"autoprovision,omitempty"`
	Driver        string            `json:"driver,omitempty"`
	DriverOpts    map[string]string `json:"driverOpts,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
}

type hostVolume struct {
	SourcePath string `json:"sourcePath,omitempty"`
}

// efsVolume has the names of the CloudFormation properties as its fields' and
// those of the API in JSON.
type efsVolume struct {
	FilesystemId          string            `json:"fileSystemId"`
	RootDirectory         string            `json:"rootDirectory,omitempty"`
	TransitEncryption     string            `json:"transitEncryption,omitempty"`
	TransitEncryptionPort *int              `json:"transitEncryptionPort,omitempty"`
	AuthorizationConfig   *efsAuthorization `json:"authorizationConfig,omitempty"`
}

type efsAuthorization struct {
	AccessPointId string `json:"accessPointId,omitempty"`
	IAM           string `json:"iam,omitempty"`
}

type mountPoint struct {
	SourceVolume  string `json:"sourceVolume"`
	ContainerPath string `json:"containerPath"`
	ReadOnly      *bool  `json:"readOnly,omitempty"`
}

type volumeFrom struct {
	SourceContainer string `json:"sourceContainer"`
	ReadOnly        *bool  `json:"readOnly,omitempty"`
}

// The storage in GiB that a task on Fargate may ask for, as the API reference of
// EphemeralStorage has it.
const (
	minStorage = 21
	maxStorage = 200
)

// checkVolumes refuses volumes that can't be mounted. Of AWS's words only those
// about the root directory were recorded (aws/aws-cdk#10683).
func (in *registerInput) checkVolumes() error {
	if s := in.EphemeralStorage; s != nil && (s.SizeInGiB < minStorage || s.SizeInGiB > maxStorage) {
		return clientError("The ephemeral storage size must be between %d and %d GiB.", minStorage, maxStorage)
	}
	for i := range in.Volumes {
		if err := in.Volumes[i].check(); err != nil {
			return err
		}
	}
	for i := range in.ContainerDefinitions {
		if err := in.checkMounts(&in.ContainerDefinitions[i]); err != nil {
			return err
		}
	}
	return nil
}

func (v *volume) check() error {
	if !containerPattern.MatchString(v.Name) {
		return clientError("Volume name contains invalid characters: '%s'", v.Name)
	}
	efs := v.EFSVolumeConfiguration
	if efs == nil {
		return nil
	}
	if !strings.HasPrefix(efs.FilesystemId, "fs-") {
		return clientError("Invalid EFS file system ID: '%s'", efs.FilesystemId)
	}
	config := efs.AuthorizationConfig
	if config == nil || config.AccessPointId == "" && config.IAM != "ENABLED" {
		return nil
	}
	if efs.TransitEncryption != "ENABLED" {
		return clientError("Transit encryption must be enabled when an EFS access point or IAM authorization is used.")
	}
	if config.AccessPointId != "" && efs.RootDirectory != "" && efs.RootDirectory != "/" {
		return clientError(`When using an EFS access point, the root directory must either be set to "/" or be omitted.`)
	}
	return nil
}

func (in *registerInput) checkMounts(c *container) error {
	for _, m := range c.MountPoints {
		if !slices.ContainsFunc(in.Volumes, func(v volume) bool { return v.Name == m.SourceVolume }) {
			return clientError("Unknown volume '%s'.", m.SourceVolume)
		}
	}
	for _, from := range c.VolumesFrom {
		named := func(o container) bool { return o.Name == from.SourceContainer && o.Name != c.Name }
		if !slices.ContainsFunc(in.ContainerDefinitions, named) {
			return clientError("Invalid container '%s' in volumesFrom.", from.SourceContainer)
		}
	}
	return nil
}

// complete is a copy with AWS's defaults: a volume that says nothing else is a
// directory of the host.
func (v volume) complete() volume {
	if v.EFSVolumeConfiguration == nil {
		if v.Host == nil && v.DockerVolumeConfiguration == nil {
			v.Host = &hostVolume{}
		}
		return v
	}
	efs := *v.EFSVolumeConfiguration
	if efs.RootDirectory == "" {
		efs.RootDirectory = "/"
	}
	v.EFSVolumeConfiguration = &efs
	return v
}

// Mount is a file system that a task mounts when it starts.
type Mount struct {
	FileSystem, RootDirectory, AccessPoint string
}

// Unmountable says why a file system can't be mounted, in the words of the mount
// helper; "" if it can.
type Unmountable func(Mount) (reason string)

// SetUnmountable has file systems refuse to be mounted; nil ends that. Tasks that
// run go on. It is asked with the world's lock held.
func (s *Service) SetUnmountable(f Unmountable) { s.unmountable = f }

// unmounted is why a task can't start for want of a file system; "" if it can.
func (s *Service) unmounted(d *taskDefinition) string {
	if s.unmountable == nil {
		return ""
	}
	for _, v := range d.Volumes {
		efs := v.EFSVolumeConfiguration
		if efs == nil {
			continue
		}
		m := Mount{FileSystem: efs.FilesystemId, RootDirectory: efs.RootDirectory}
		if efs.AuthorizationConfig != nil {
			m.AccessPoint = efs.AuthorizationConfig.AccessPointId
		}
		if reason := s.unmountable(m); reason != "" {
			return "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: " +
				reason + " : unsuccessful EFS utils command execution; code: 32"
		}
	}
	return ""
}

// Mounts are what the mount helper says of file systems that can't be mounted, by
// what is missing, as users have reported it (acp-io/terraform-grafana#4,
// aws/copilot-cli#3350, cn-terraform/terraform-aws-jenkins#23,
// docker-archive/compose-cli#1490).
var Mounts = map[string]string{
	"directory":    "b'mount.nfs4: mounting fs-0a1b2c3d.efs.eu-west-1.amazonaws.com:/data failed, reason given by server: No such file or directory'",
	"permission":   "b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'",
	"mount target": `Failed to resolve "fs-0a1b2c3d.efs.eu-west-1.amazonaws.com" - check that your file system ID is correct.`,
	"port":         "mount.nfs4: Connection reset by peer",
}
