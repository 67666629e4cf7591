package importer

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// container puts right what has the same name, but another form here.
func (m *mapper) container(n *node, c *v1alpha1.Container) {
	c.Image = m.image(n, c)
	if c.Privileged != nil && !*c.Privileged {
		c.Privileged = nil
	}
	if c.CPU != nil && *c.CPU == 0 {
		c.CPU = nil // none
	}
	m.ports(n, c)
	m.secrets(n.get("secrets").list(), c.Secrets)
	m.resolved(n, c)
	m.logging(n.get("logConfiguration"), c)
	c.Environment = slices.DeleteFunc(c.Environment, func(e v1alpha1.KeyValue) bool { return e.Name == envRevision && digits.MatchString(e.Value) })
}

// envRevision is set by Viridian.
const envRevision = "VIRIDIAN_REVISION"

var (
	imageForm   = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?/)?[a-z0-9]+(([.]|_{1,2}|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|_{1,2}|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)
	digits      = regexp.MustCompile(`^[0-9]+$`)
	ecrForm     = regexp.MustCompile(`^([^/]+)\.dkr\.ecr\.([^/]+)(\.amazonaws\.com(?:\.cn)?/.+)$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2}(-[a-z]{1,12}){1,3}-[0-9]$`)
	imageTagged = regexp.MustCompile(`[:@][^/]+$`)
	marker      = regexp.MustCompile(`<([^<>/:]+)>|\$\{?([A-Za-z_][A-Za-z0-9_.:]*)\}?|\{\{([^{}]+)\}\}|%([A-Z0-9_]+)%`)
	notInImage  = regexp.MustCompile(`[^a-z0-9]+`)
)

// image is a valid reference: with a tag, and with placeholders that can be seen.
func (m *mapper) image(n *node, c *v1alpha1.Container) string {
	at := cmp.Or(n.get("image"), n)
	image := m.registry(at, strings.TrimSpace(c.Image))
	switch {
	case image == "":
		m.missing(at, "the container has no image")
		return placeholder + "/image:" + placeholder
	case !imageForm.MatchString(image) || strings.Contains(image, placeholder) && !imageTagged.MatchString(image):
		m.missing(at, "the image is %q, which is replaced before it gets to AWS", image)
		return visible(image, c.Name)
	case !imageTagged.MatchString(image):
		m.assumed(at, "the image has no tag, which means latest: name the version")
		return image + ":latest"
	}
	return image
}

// registry puts account and region into the name of an ECR repository that has
// placeholders there.
func (m *mapper) registry(at *node, image string) string {
	found := ecrForm.FindStringSubmatch(image)
	if found == nil {
		return image
	}
	account, region := found[1], found[2]
	if !twelveDigits.MatchString(account) {
		account = m.accountFor(at)
	}
	if !regionForm.MatchString(region) {
		region = m.regionFor(at)
	}
	return account + ".dkr.ecr." + region + found[3]
}

// visible is a valid image for one with placeholders, with one that can be seen.
func visible(image, container string) string {
	simple := func(text string) string {
		return strings.Trim(notInImage.ReplaceAllString(strings.ToLower(text), "-"), "-")
	}
	image, _, _ = strings.Cut(image, "@")
	name := marker.ReplaceAllStringFunc(image, func(found string) string { return cmp.Or(simple(found), placeholder) })
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	name = strings.Trim(name, "/:") + ":" + placeholder
	if imageForm.MatchString(name) {
		return name
	}
	return placeholder + "/" + cmp.Or(simple(container), "image") + ":" + placeholder
}

// ports leaves out what says nothing in a task with an interface of its own.
func (m *mapper) ports(n *node, c *v1alpha1.Container) {
	nodes := n.get("portMappings").list()
	defer instancePorts(c)
	for i := range c.PortMappings {
		p := &c.PortMappings[i]
		if at := nodes[min(i, len(nodes)-1)].get("containerPort"); p.ContainerPort == 0 && at != nil {
			p.ContainerPort = int32(80 + i)
			m.missing(at, "the port isn't in the input")
		}
		if p.Protocol == "tcp" {
			p.Protocol = ""
		}
		if p.HostPort == nil || m.object.Spec.Template.NetworkMode == v1alpha1.NetworkModeBridge {
			continue
		}
		if *p.HostPort != p.ContainerPort && i < len(nodes) && nodes[i].has("hostPort") {
			m.hostPort(nodes[i].get("hostPort"), *p.HostPort)
		}
		p.HostPort = nil
	}
}

// hostPort of an instance. With awsvpc, ECS takes 0 for the container's.
func (m *mapper) hostPort(n *node, port int32) {
	if port == 0 {
		return
	}
	m.dropped(n, "the port of the host is the container's in a task with a network interface of its own")
}

var (
	secretARN     = regexp.MustCompile(`^arn:aws[a-z-]*:(secretsmanager:[^:]+:[0-9]+:secret:|ssm:[^:]+:[0-9]+:parameter/).+$`)
	secretOfOther = regexp.MustCompile(`^arn:aws[a-z-]*:(secretsmanager|ssm):([^:]*):([^:]*):(secret:|parameter/)(.+)$`)
	parameterPath = regexp.MustCompile(`^/[\w./-]+$`)
	parameterName = regexp.MustCompile(`^[\w./-]+$`)
)

// secrets have an ARN, or a parameter's name that begins with a slash.
func (m *mapper) secrets(nodes []*node, secrets []v1alpha1.Secret) {
	for i := range secrets {
		s := &secrets[i]
		at := nodes[min(i, len(nodes)-1)].get("valueFrom")
		s.ValueFrom = m.secret(at, s.ValueFrom)
	}
}

func (m *mapper) secret(at *node, from string) string {
	from = strings.TrimSpace(from)
	if secretARN.MatchString(from) && len(at.open) == 0 || parameterPath.MatchString(from) {
		return from
	}
	if found := secretOfOther.FindStringSubmatch(from); found != nil {
		region, account := found[2], found[3]
		if !twelveDigits.MatchString(account) || account == placeholderAccount {
			account = m.accountFor(at)
		}
		if !regionForm.MatchString(region) {
			region = m.regionFor(at)
		}
		return "arn:aws:" + found[1] + ":" + region + ":" + account + ":" + found[4] + found[5]
	}
	if parameterName.MatchString(from) && from != placeholder && !isPlaceholder(from) {
		return "arn:aws:ssm:" + m.regionFor(at) + ":" + m.accountFor(at) + ":parameter/" + strings.TrimPrefix(from, "/")
	}
	m.missing(at, "valueFrom is the ARN of a secret or a parameter, or a parameter's name")
	return "arn:aws:ssm:" + m.regionFor(at) + ":" + cmp.Or(m.account, placeholderAccount) + ":parameter/" + placeholder
}

// regionFor is the region for an ARN that lacks it.
func (m *mapper) regionFor(at *node) string {
	if m.region == "" {
		m.missing(at, "the region of the ARN isn't known: give it by --region, or write it in")
		return placeholder
	}
	return m.region
}

var dynamic = regexp.MustCompile(`(?i)^\{\{\s*resolve\s*:\s*(ssm|ssm-secure|secretsmanager)\s*:([^{}]+)\}\}$`)

// resolved makes secrets of variables that CloudFormation resolves when it makes a
// stack: there, it would do so with the controller's permissions.
func (m *mapper) resolved(n *node, c *v1alpha1.Container) {
	nodes := n.get("environment").list()
	var kept []v1alpha1.KeyValue
	for i, e := range c.Environment {
		found := dynamic.FindStringSubmatch(strings.TrimSpace(e.Value))
		if found == nil {
			kept = append(kept, e)
			continue
		}
		at := nodes[min(i, len(nodes)-1)].get("value")
		m.assumed(at, "a dynamic reference becomes one of the container's secrets, which ECS reads when a task starts; the execution role has to be allowed to")
		c.Secrets = append(c.Secrets, v1alpha1.Secret{Name: e.Name, ValueFrom: m.secretOf(at, found[1], found[2])})
	}
	c.Environment = kept
}

// dynamicPart is a reference anywhere in a value: CloudFormation resolves it there, too.
var dynamicPart = regexp.MustCompile(`(?i)\{\{\s*resolve\s*:[^{}]*(\}\})?`)

var environmentValue = regexp.MustCompile(`(?i)\.environment\[[0-9]+\]\.value$`)

// byReference is what a dynamic reference leaves open.
const byReference = "the value of a dynamic reference"

// references puts placeholders in the place of dynamic references but those that
// become secrets, which are the whole of a variable's value: no stack is made with them.
func (m *mapper) references() {
	roots := []*node{m.app.task, m.app.service, m.app.group}
	for _, root := range slices.Concat(roots, m.app.attributes, m.app.rules, m.app.scaling) {
		root.each(func(n *node) {
			if dynamic.MatchString(strings.TrimSpace(n.text)) && environmentValue.MatchString("."+n.path) {
				return
			}
			if dynamicPart.MatchString(n.text) {
				n.text, n.open = dynamicPart.ReplaceAllString(n.text, placeholder), append(n.open, byReference)
			}
			if slices.Contains(n.open, byReference) {
				m.missing(n, "CloudFormation would resolve a dynamic reference with the controller's permissions, so no stack is made with it: "+
					"write the value, or make all that depends on it one of the container's secrets")
			}
		})
	}
}

// secretOf is the ARN for the parts of a dynamic reference.
func (m *mapper) secretOf(at *node, service, rest string) string {
	if service != "secretsmanager" {
		name, _, _ := strings.Cut(rest, ":")
		return m.secret(at, name)
	}
	if strings.HasPrefix(rest, "arn:") {
		parts := strings.SplitN(rest, ":", 8)
		if len(parts) == 8 {
			return m.secret(at, strings.Join(parts[:7], ":")+":"+strings.TrimPrefix(parts[7], "SecretString:"))
		}
		return m.secret(at, rest)
	}
	name, key, _ := strings.Cut(rest, ":")
	key = strings.TrimPrefix(strings.TrimPrefix(key, "SecretString"), ":")
	m.missing(at, "the ARN of the secret %s ends in six characters that the input doesn't have", name)
	arn := "arn:aws:secretsmanager:" + m.regionFor(at) + ":" + cmp.Or(m.account, placeholderAccount) + ":secret:" + name + "-FILLIN"
	if key != "" {
		arn += ":" + key + strings.Repeat(":", max(0, 2-strings.Count(key, ":")))
	}
	return arn
}
