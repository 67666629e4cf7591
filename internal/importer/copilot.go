package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// copilotTypes are those that are ECS services behind a load balancer, or workers.
var copilotTypes = map[string]bool{"Load Balanced Web Service": true, "Backend Service": true, "Worker Service": true}

// copilotManifest makes what Copilot would make of a manifest, in the terms of ECS.
type copilotManifest struct {
	app      *app
	manifest *node
	name     string
	// environmentName is the environment whose values are used, "" if none was named.
	environmentName string
	// main is the container of the service.
	main, task, service *node
}

func (in *inputs) ofCopilot(n *node) (*app, error) {
	if kind := n.get("type").str(); !copilotTypes[kind] {
		return nil, fmt.Errorf("%s:%d: a Copilot manifest of type %q isn't an ECS service with a load balancer or a worker: "+
			"Load Balanced Web Service, Backend Service and Worker Service can be imported", n.file, n.get("type").orEmpty().line, kind)
	}
	c := &copilotManifest{app: &app{region: in.options.Region}, manifest: n, name: n.get("name").str(), environmentName: in.options.Environment}
	c.overlay(in.options.Environment)
	c.interpolate(in.options.Parameters)
	c.app.name = c.name
	c.task, c.service = n.object(), n.object()
	c.task.seen, c.service.seen = true, true
	c.put(c.task, "family", n.get("name")).put("networkMode", n.leaf("awsvpc"))
	c.put(c.task, "cpu", n.get("cpu"))
	c.put(c.task, "memory", n.get("memory"))
	c.main = c.container(c.name, n, n.get("image"))
	containers := n.listOf(c.main)
	c.task.put("containerDefinitions", containers)
	for _, name := range n.get("sidecars").orEmpty().keys {
		sidecar := n.get("sidecars", name)
		containers.items = append(containers.items, c.container(name, sidecar, sidecar))
	}
	c.logging(containers)
	c.storage()
	c.platform()
	c.http()
	c.counts()
	c.network()
	c.deployment()
	c.lost()
	c.overrides()
	c.app.task, c.app.service = c.task, c.service
	return c.app, nil
}

func (*copilotManifest) put(to *node, key string, value *node) *node {
	if value == nil {
		return to
	}
	return to.put(key, value)
}

func (c *copilotManifest) find(kind Kind, n *node, format string, args ...any) {
	n.see()
	c.app.findings = append(c.app.findings, Finding{Kind: kind, File: n.file, Line: n.line, Path: n.path, Text: fmt.Sprintf(format, args...)})
}

// overlay puts the fields of an environment over the others.
func (c *copilotManifest) overlay(environment string) {
	all := c.manifest.get("environments")
	if all == nil {
		return
	}
	of := all.get(environment)
	switch {
	case environment == "" && len(all.keys) > 0:
		c.find(Assumed, all, "what the environments %s have in the place of other values isn't used: name one with --environment", strings.Join(all.keys, ", "))
	case of == nil && environment != "":
		c.find(Assumed, all, "there is no environment %s: the values of all environments are used", environment)
	case of != nil:
		merge(c.manifest, of)
		all.see()
	}
}

// merge puts the values of one object over those of another.
func merge(to, from *node) {
	for _, key := range from.keys {
		value := from.values[strings.ToLower(key)]
		old := to.values[strings.ToLower(key)]
		if old != nil && old.kind == object && value.kind == object {
			merge(old, value)
			continue
		}
		to.put(key, value)
	}
}

// container is that of the service, whose settings are those of its image, or a
// sidecar, which has its own.
func (c *copilotManifest) container(name string, n, settings *node) *node {
	out := n.object()
	out.seen = true
	out.put("name", n.leaf(name))
	c.image(out, name, n.get("image"))
	if image := n.get("image"); image != settings && image != nil && image.kind == object {
		c.settings(out, image)
	}
	c.settings(out, settings)
	port := settings.get("port")
	if port != nil {
		number, protocol, _ := strings.Cut(port.str(), "/")
		mapping := port.object().put("containerPort", port.leaf(number))
		if protocol != "" {
			mapping.put("protocol", port.leaf(protocol))
		}
		out.put("portMappings", port.listOf(mapping))
	}
	if essential := n.get("essential"); essential != nil {
		out.put("essential", essential)
	}
	c.environment(out, n)
	if entry := n.get("entrypoint"); entry != nil {
		out.put("entryPoint", c.words(entry))
	}
	if command := n.get("command"); command != nil {
		out.put("command", c.words(command))
	}
	c.mounts(out, n.get("mount_points"))
	return out
}

func firstOf(nodes ...*node) *node {
	for _, n := range nodes {
		if n != nil {
			return n
		}
	}
	return nil
}

// image is at a location, or built by Copilot.
func (c *copilotManifest) image(out *node, name string, n *node) {
	location := n
	if n != nil && n.kind == object {
		location = n.get("location")
	}
	if location != nil {
		out.put("image", location)
		return
	}
	at := firstOf(n.get("build"), n, c.manifest)
	c.find(Missing, at, "Copilot builds the image: push it to a repository, and write its name")
	out.put("image", at.leaf(placeholder+"/"+kubernetesName(name)+":"+placeholder))
}

// settings are the same in image and in a sidecar.
func (c *copilotManifest) settings(out, n *node) {
	if check := n.get("healthcheck"); check != nil && check.kind == object {
		out.put("healthCheck", c.check(check))
	}
	if on := n.get("depends_on"); on != nil {
		waits := on.listOf()
		for _, name := range on.keys {
			waits.items = append(waits.items, on.object().put("containerName", on.leaf(name)).put("condition", on.leaf(strings.ToUpper(on.get(name).str()))))
		}
		out.put("dependsOn", waits)
	}
	if labels := n.get("labels"); labels != nil {
		out.put("dockerLabels", labels)
	}
	if secret := firstOf(n.get("credentials"), n.get("credentialsParameter")); secret != nil {
		out.put("repositoryCredentials", secret.object().put("credentialsParameter", secret))
	}
}

// check is a container's health check; Copilot's own defaults are named.
func (c *copilotManifest) check(n *node) *node {
	out := n.object().put("command", c.words(n.get("command").orEmpty()))
	for key, name := range map[string]string{"interval": "interval", "timeout": "timeout", "start_period": "startPeriod"} {
		if d := n.get(key); d != nil {
			out.put(name, duration(d))
		}
	}
	if n.get("interval") == nil {
		out.put("interval", n.leaf("10"))
	}
	if retries := n.get("retries"); retries != nil {
		out.put("retries", retries)
	} else {
		out.put("retries", n.leaf("2"))
	}
	return out
}

// duration is in seconds.
func duration(n *node) *node {
	if d, err := time.ParseDuration(n.str()); err == nil {
		return n.leaf(strconv.Itoa(int(d.Seconds())))
	}
	return n
}

// environment are variables and secrets.
func (c *copilotManifest) environment(out, n *node) {
	variables := n.get("variables").orEmpty()
	list := variables.listOf()
	for _, name := range variables.keys {
		value := variables.get(name)
		if value == nil {
			value = variables.leaf("")
		}
		if value.kind == object {
			value.see()
			open := value.leaf(placeholder)
			open.open = []string{"the export of another stack"}
			value = open
		}
		list.items = append(list.items, value.object().put("name", value.leaf(name)).put("value", value))
	}
	if len(list.items) > 0 {
		out.put("environment", list)
	}
	c.secrets(out, n.get("secrets").orEmpty())
	if file := n.get("env_file"); file != nil {
		c.find(Dropped, file, "Copilot uploads the file: put it into a bucket of your own as environmentFiles, or its lines into environment")
	}
}

func (c *copilotManifest) secrets(out, n *node) {
	list := n.listOf()
	for _, name := range n.keys {
		value := n.get(name)
		if value == nil {
			continue
		}
		from := value
		if value.kind == object {
			from = value.get("secretsmanager")
			if from != nil {
				key := strings.SplitN(from.str(), ":", 2)
				text := "arn:aws:secretsmanager:::secret:" + key[0] + "-FILLIN"
				if len(key) > 1 {
					text += ":" + key[1]
				}
				c.find(Missing, from, "the ARN of the secret %s ends in six characters that the manifest doesn't have", key[0])
				from = from.leaf(text)
			} else {
				value.see()
				from = value.leaf(placeholder)
				from.open = []string{"the export of another stack"}
			}
		}
		list.items = append(list.items, value.object().put("name", value.leaf(name)).put("valueFrom", from))
	}
	if len(list.items) > 0 {
		out.put("secrets", list)
	}
}

func (c *copilotManifest) mounts(out, n *node) {
	if n == nil {
		return
	}
	list := n.listOf()
	for _, mount := range n.list() {
		list.items = append(list.items, c.mount(mount, mount.get("source_volume")))
	}
	out.put("mountPoints", list)
}

func (c *copilotManifest) mount(n, volume *node) *node {
	out := n.object()
	c.put(out, "sourceVolume", volume)
	c.put(out, "containerPath", n.get("path"))
	if readOnly := n.get("read_only"); readOnly != nil {
		out.put("readOnly", readOnly)
	} else {
		out.put("readOnly", n.leaf("true")) // Copilot's default
	}
	return out
}

// logging by FireLens, which Copilot adds as a sidecar.
func (c *copilotManifest) logging(containers *node) {
	n := c.manifest.get("logging")
	if n == nil {
		return
	}
	if days := n.get("retention"); days != nil {
		c.find(Note, days, "spec.template.logRetentionDays says how long the stack's log group keeps lines")
	}
	destination := n.get("destination")
	if destination == nil {
		ignore(n, "enableMetadata")
		return
	}
	log := n.object().put("logDriver", n.leaf("awsfirelens")).put("options", destination)
	if secrets := n.get("secretOptions"); secrets != nil {
		holder := n.object()
		c.secrets(holder, secrets)
		c.put(log, "secretOptions", holder.get("secrets"))
	}
	c.main.put("logConfiguration", log)
	metadata := "true"
	if n.get("enableMetadata") != nil {
		metadata = n.get("enableMetadata").str()
	}
	options := n.object().put("enable-ecs-log-metadata", n.leaf(metadata))
	if file := n.get("configFilePath"); file != nil {
		options.put("config-file-type", n.leaf("file")).put("config-file-value", file)
	}
	image := firstOf(n.get("image"), n.leaf("public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"))
	router := n.object().put("name", n.leaf("firelens_log_router")).put("image", image).
		put("firelensConfiguration", n.object().put("type", n.leaf("fluentbit")).put("options", options))
	containers.items = append(containers.items, router)
}

// storage are volumes, the size of the disk and a root file system.
func (c *copilotManifest) storage() {
	n := c.manifest.get("storage")
	if n == nil {
		return
	}
	if size := n.get("ephemeral"); size != nil {
		c.task.put("ephemeralStorage", size.object().put("sizeInGiB", size))
	}
	if readOnly := n.get("readonly_fs"); readOnly != nil {
		c.main.put("readonlyRootFilesystem", readOnly)
	}
	all := n.get("volumes").orEmpty()
	volumes, mounts := all.listOf(), all.listOf()
	for _, name := range all.keys {
		volume := all.get(name)
		volumes.items = append(volumes.items, c.volume(volume, name))
		if volume.get("path") != nil {
			mounts.items = append(mounts.items, c.mount(volume, volume.leaf(name)))
		}
	}
	if len(volumes.items) > 0 {
		c.task.put("volumes", volumes)
	}
	if len(mounts.items) > 0 {
		c.main.put("mountPoints", mounts)
	}
}

func (c *copilotManifest) volume(n *node, name string) *node {
	out := n.object().put("name", n.leaf(name))
	efs := n.get("efs")
	switch {
	case efs == nil || efs.kind == scalar && !efs.truth():
	case efs.kind == scalar:
		c.find(Missing, efs, "Copilot makes the file system: write its ID")
		out.put("efsVolumeConfiguration", n.object().put("fileSystemId", n.leaf("fs-00000000")))
	default:
		config := efs.object().put("transitEncryption", efs.leaf("ENABLED"))
		id := efs.get("id")
		if id == nil || id.kind == object {
			c.find(Missing, firstOf(id, efs), "the ID of the file system isn't in the manifest")
			id = efs.leaf("fs-00000000")
		}
		config.put("fileSystemId", id)
		c.put(config, "rootDirectory", efs.get("root_dir"))
		if auth := efs.get("auth"); auth != nil {
			authorization := auth.object()
			c.put(authorization, "accessPointId", auth.get("access_point_id"))
			if auth.get("iam").truth() {
				authorization.put("iam", auth.leaf("ENABLED"))
			}
			config.put("authorizationConfig", authorization)
		}
		out.put("efsVolumeConfiguration", config)
	}
	return out
}

func (c *copilotManifest) platform() {
	n := c.manifest.get("platform")
	if n == nil {
		return
	}
	family, architecture, _ := strings.Cut(n.str(), "/")
	if n.kind == object {
		family, architecture = n.get("osfamily").str(), n.get("architecture").str()
	}
	platform := n.object()
	if strings.Contains(strings.ToLower(family), "windows") {
		platform.put("operatingSystemFamily", n.leaf(strings.ToUpper(family)))
	}
	switch strings.ToLower(architecture) {
	case "arm64", "arm":
		platform.put("cpuArchitecture", n.leaf("ARM64"))
	}
	c.task.put("runtimePlatform", platform)
}
