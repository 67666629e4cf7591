package template

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

type volume struct {
	Name                   string
	EFSVolumeConfiguration *efsVolume `json:",omitempty"`
	volumeOfInstances
}

type efsVolume struct {
	FileSystemID          string            `json:"FilesystemId"`
	RootDirectory         string            `json:",omitempty"`
	TransitEncryption     string            `json:",omitempty"`
	TransitEncryptionPort int32             `json:",omitempty"`
	AuthorizationConfig   *efsAuthorization `json:",omitempty"`
}

type efsAuthorization struct {
	AccessPointID string `json:"AccessPointId,omitempty"`
	IAM           string `json:",omitempty"`
}

type ephemeralStorage struct {
	SizeInGiB int32
}

type mountPoint struct {
	SourceVolume  string
	ContainerPath string
	ReadOnly      *bool `json:",omitempty"`
}

type volumeFrom struct {
	SourceContainer string
	ReadOnly        *bool `json:",omitempty"`
}

func volumes(t *v1alpha1.RevisionTemplate) []volume {
	var out []volume
	for i := range t.Volumes {
		v := &t.Volumes[i]
		built := volume{Name: v.Name, volumeOfInstances: volumeOnInstances(t, v)}
		if efs := v.EFSVolumeConfiguration; efs != nil {
			built.EFSVolumeConfiguration = &efsVolume{
				FileSystemID: efs.FileSystemID, RootDirectory: efs.RootDirectory, TransitEncryption: efs.TransitEncryption,
			}
			if efs.TransitEncryptionPort != nil {
				built.EFSVolumeConfiguration.TransitEncryptionPort = *efs.TransitEncryptionPort
			}
			if config := efs.AuthorizationConfig; config != nil {
				authorization := efsAuthorization(*config)
				built.EFSVolumeConfiguration.AuthorizationConfig = &authorization
			}
		}
		out = append(out, built)
	}
	return out
}

// mountFailure is the beginning of what ECS says of a task whose file system can't
// be mounted; what the mount helper says follows.
const mountFailure = "failed to invoke EFS utils commands"

// remedies are what helps against what the mount helper says, by words of it. Of
// anything else, as a timeout, the network is at fault.
var remedies = []struct{ words, remedy string }{
	{"No such file or directory", "create the rootDirectory in the file system, or use an access point that creates it (authorizationConfig.accessPointID)"},
	{"access denied", "let the file system's policy allow the mount: with authorizationConfig.iam: ENABLED, the task role needs elasticfilesystem:ClientMount, and ClientWrite to write; check the access point, too"},
	{"Failed to resolve", "correct fileSystemID, or give the file system a mount target in the Availability Zone of each subnet of spec.template.network.subnetIDs; the VPC needs DNS names"},
}

// explainMount says which file systems a task mounts, and what helps.
func explainMount(t *v1alpha1.RevisionTemplate, failure string) string {
	var mounted []string
	for _, v := range t.Volumes {
		if efs := v.EFSVolumeConfiguration; efs != nil {
			mounted = append(mounted, fmt.Sprintf("%s mounts %s:%s", v.Name, efs.FileSystemID, cmp.Or(efs.RootDirectory, "/")))
		}
	}
	remedy := "let the security group of the file system's mount targets take port 2049 from the tasks: from the addresses of their subnets, or from a group in " +
		"spec.template.network.securityGroupIDs, since the stack's own group is another one in each revision"
	if i := slices.IndexFunc(remedies, func(r struct{ words, remedy string }) bool { return strings.Contains(failure, r.words) }); i >= 0 {
		remedy = remedies[i].remedy
	}
	return fmt.Sprintf(" (of spec.template.volumes, %s: %s)", strings.Join(mounted, ", "), remedy)
}
