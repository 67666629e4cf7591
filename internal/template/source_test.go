package template

import (
	"errors"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Images are pinned in the template itself.
func TestImagesOfContainers(t *testing.T) {
	in := &v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{Name: "app", Image: "app:1"}, {Name: "proxy", Image: "proxy:1"}}}
	source, err := SourceOf(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range source.Images(in) {
		*image.Ref += "@pinned"
	}
	if in.Containers[0].Image != "app:1@pinned" || in.Containers[1].Image != "proxy:1@pinned" {
		t.Errorf("pinned %+v", in.Containers)
	}
}

// A template that only a newer version knows, whose CRDs are installed already,
// makes no stack without containers.
func TestUnknownSource(t *testing.T) {
	if _, err := SourceOf(&v1alpha1.RevisionTemplate{}); !errors.Is(err, ErrUnknownSource) {
		t.Errorf("got %v", err)
	}
}

// AWS's words about health checks and clusters don't say which.
func TestExplain(t *testing.T) {
	web := &v1alpha1.RevisionTemplate{
		Containers: []v1alpha1.Container{{Name: "app"}}, Cluster: "shop",
		Target: v1alpha1.Target{ContainerPort: 8080, HealthCheck: v1alpha1.TargetHealthCheck{Path: "/healthz", SuccessCodes: "200-299"}},
	}
	worker := &v1alpha1.RevisionTemplate{Containers: web.Containers}
	arm := &v1alpha1.RevisionTemplate{Containers: web.Containers, RuntimePlatform: &v1alpha1.RuntimePlatform{CPUArchitecture: "ARM64"}}
	logging := &v1alpha1.RevisionTemplate{Containers: []v1alpha1.Container{{Name: "app", LogConfiguration: &v1alpha1.LogConfiguration{
		LogDriver: "awslogs", Options: map[string]v1alpha1.OptionValue{"awslogs-group": "/ecs/shop"},
	}}, {Name: "proxy"}}}
	const noGroup = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: ResourceNotFoundException: The specified log group does not exist."
	const onARM = " (its tasks run on linux/arm64: push an image for that, docker buildx build --platform linux/arm64, or correct spec.template.runtimePlatform.cpuArchitecture)"
	const perhaps = ` (if the log says "exec format error", the image is not for linux/amd64, on which its tasks run: see spec.template.runtimePlatform.cpuArchitecture)`
	const check = " (the check is GET /healthz on port 8080, which has to answer 200-299)"
	files := &v1alpha1.RevisionTemplate{Containers: web.Containers, Volumes: []v1alpha1.Volume{
		{Name: "tmp"}, {Name: "data", EFSVolumeConfiguration: &v1alpha1.EFSVolumeConfiguration{FileSystemID: "fs-0a1b2c3d", RootDirectory: "/data"}},
	}}
	spot := &v1alpha1.RevisionTemplate{Containers: web.Containers, Cluster: "shop", CapacityProviderStrategy: []v1alpha1.CapacityProviderStrategyItem{{CapacityProvider: "FARGATE_SPOT"}}}
	changed := &v1alpha1.RevisionTemplate{Containers: web.Containers, Cluster: "shop", Patches: []v1alpha1.Patch{
		{Op: v1alpha1.PatchTest, Path: "/Resources/LogGroup/Properties/RetentionInDays"}, {Op: v1alpha1.PatchAdd, Path: "/Resources/LogGroup/Properties/KmsKeyId"},
		{Op: v1alpha1.PatchAdd, Path: "/Resources/Service/Properties/X"}, {Op: v1alpha1.PatchAdd, Path: "/Resources/LogGroup/Properties/LogGroupClass"},
	}}
	const mounting = "Service: … (tasks stopped: ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "
	const mounted = " (of spec.template.volumes, data mounts fs-0a1b2c3d:/data: "
	tests := map[string]struct {
		of                *v1alpha1.RevisionTemplate
		resource, failure string
		want              string
	}{
		"task stopped":     {web, LogicalService, "Task failed ELB health checks in (target-group arn:…)", check},
		"wrong code":       {web, LogicalService, "Target.ResponseCodeMismatch: Health checks failed with these codes: [404]", check},
		"no answer":        {web, LogicalService, "Target.Timeout: Request timed out", check},
		"container health": {web, LogicalService, "Task failed container health checks", ""},
		"cluster":          {web, LogicalService, "Cluster not found.", ` (spec.template.cluster is "shop")`},
		"own cluster":      {worker, LogicalService, "Cluster not found.", ""},
		"worker":           {worker, LogicalService, "Target.Timeout: Request timed out", ""},
		"another resource": {web, LogicalLogGroup, "Target.Timeout: Request timed out", ""},
		"patched":          {changed, LogicalLogGroup, "extraneous key", " (changed by spec.template.patches[1], spec.template.patches[3])"},
		"patched, besides": {changed, LogicalService, "Cluster not found.", ` (spec.template.cluster is "shop") (changed by spec.template.patches[2])`},
		"nothing failed":   {changed, LogicalService, "", ""},
		"healthy":          {web, LogicalService, "", ""},
		"another CPU":      {arm, LogicalService, "CannotStartContainerError: standard_init_linux.go:228: exec user process caused: exec format error", onARM},
		"no platform":      {arm, LogicalService, "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/arm64'", onARM},
		"exits at once":    {web, LogicalService, "Essential container in task exited (app: exit code 1)", perhaps},
		"no log group":     {logging, LogicalService, noGroup, ` (awslogs-group is /ecs/shop: create it, have it created by awslogs-create-group: "true", or leave it out)`},
		"no group at all":  {web, LogicalService, noGroup, ""},
		"killed":           {web, LogicalService, "Essential container in task exited (app: exit code 137)", ""},
		"no directory": {files, LogicalService, mounting + "b'mount.nfs4: mounting fs-0a1b2c3d.efs.eu-west-1.amazonaws.com:/data failed, reason given by server: No such file or directory')",
			mounted + "create the rootDirectory in the file system, or use an access point that creates it (authorizationConfig.accessPointID))"},
		"may not mount": {files, LogicalService, mounting + "b'mount.nfs4: access denied by server while mounting 127.0.0.1:/')",
			mounted + "let the file system's policy allow the mount: with authorizationConfig.iam: ENABLED, the task role needs elasticfilesystem:ClientMount, and ClientWrite to write; check the access point, too)"},
		"no mount target": {files, LogicalService, mounting + `Failed to resolve "fs-0a1b2c3d.efs.eu-west-1.amazonaws.com")`,
			mounted + "correct fileSystemID, or give the file system a mount target in the Availability Zone of each subnet of spec.template.network.subnetIDs; the VPC needs DNS names)"},
		"port closed": {files, LogicalService, mounting + "mount.nfs4: Connection reset by peer)",
			mounted + "let the security group of the file system's mount targets take port 2049 from the tasks: from the addresses of their subnets, or from a group in " +
				"spec.template.network.securityGroupIDs, since the stack's own group is another one in each revision)"},
		"no such provider": {spot, LogicalService, "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate",
			" (add FARGATE_SPOT to cluster shop: aws ecs put-cluster-capacity-providers --cluster shop --capacity-providers <those it has> FARGATE_SPOT " +
				"--default-capacity-provider-strategy <the one it has, or []>; aws ecs describe-clusters --clusters shop shows both)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			source, err := SourceOf(tt.of)
			if err != nil {
				t.Fatal(err)
			}
			if got := source.Explain(tt.of, tt.resource, tt.failure); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
