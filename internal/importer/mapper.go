package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Placeholders are valid for the CRD, and can't be overlooked.
const (
	placeholder        = "fill-in"
	placeholderAccount = "000000000000"
	placeholderVPC     = "vpc-fillin"
	placeholderSubnet  = "subnet-fillin"
	placeholderGroup   = "sg-fillin"
)

// mapper makes one ImmutableDeployment.
type mapper struct {
	app             *app
	options         Options
	region, account string
	findings        []Finding
	object          *v1alpha1.ImmutableDeployment
	// origins are the nodes from which parts of the manifest were made, by their
	// paths in it.
	origins map[string]*node
	// told are nodes of which it was said that they have to be filled in.
	told map[*node]bool
	// sticky are the attributes of the target group that are about stickiness.
	sticky map[string]string
	// removed is what was taken out of lists of the manifest, in this order.
	removed []removal
	in      *inputs
}

func newMapper(a *app, in *inputs) *mapper {
	m := &mapper{
		app: a, options: in.options, in: in, findings: a.findings,
		origins: map[string]*node{}, told: map[*node]bool{}, sticky: map[string]string{},
		object: &v1alpha1.ImmutableDeployment{},
	}
	m.object.APIVersion, m.object.Kind = v1alpha1.GroupVersion.String(), "ImmutableDeployment"
	m.object.Namespace = in.options.Namespace
	m.whereabouts()
	return m
}

// deployment maps everything.
func (m *mapper) deployment() (Deployment, error) {
	if len(m.app.task.values["containerdefinitions"].list()) == 0 {
		return Deployment{}, fmt.Errorf("%s:%d: the task definition has no containerDefinitions", m.app.task.file, m.app.task.line)
	}
	m.name()
	if m.app.sets {
		m.object.Spec.AWS = &v1alpha1.AWS{Region: m.app.region}
	}
	m.references()
	m.task()
	m.service()
	m.traffic()
	m.strategy()
	m.codeDeploy()
	m.scaling()
	m.tidy()
	for _, root := range append([]*node{m.app.task, m.app.service, m.app.group}, m.app.roots...) {
		m.leftOver(root)
	}
	yaml, err := m.enforce()
	if err != nil {
		return Deployment{}, err
	}
	findings := sorted(m.findings)
	return Deployment{Object: m.object, YAML: yaml, Findings: findings, Class: classOf(findings)}, nil
}

// whereabouts are the region and the account: as given, or as all ARNs and images of
// the input have them.
func (m *mapper) whereabouts() {
	regions, accounts := map[string]bool{}, map[string]bool{}
	for _, root := range []*node{m.app.task, m.app.service} {
		root.each(func(n *node) {
			for _, pattern := range []*regexp.Regexp{arnPlace, ecrPlace} {
				for _, found := range pattern.FindAllStringSubmatch(n.text, -1) {
					region, account := found[pattern.SubexpIndex("region")], found[pattern.SubexpIndex("account")]
					if region != "" && region != placeholder {
						regions[region] = true
					}
					if account != placeholderAccount {
						accounts[account] = true
					}
				}
			}
		})
	}
	m.region, m.account = m.options.Region, m.options.Account
	if m.region == "" && m.app.region != "" {
		m.region = m.app.region
	}
	if m.region == "" {
		m.region = only(regions)
	}
	if m.account == "" {
		m.account = only(accounts)
	}
}

var (
	arnPlace = regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]+:(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])?:(?P<account>[0-9]{12}):`)
	ecrPlace = regexp.MustCompile(`(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws`)
)

// only is the single element of a set; "" if there are none or several.
func only(of map[string]bool) string {
	if len(of) != 1 {
		return ""
	}
	for name := range of {
		return name
	}
	return ""
}

func (m *mapper) find(kind Kind, n *node, format string, args ...any) {
	f := Finding{Kind: kind, Text: fmt.Sprintf(format, args...)}
	if n != nil {
		f.File, f.Line, f.Path = n.file, n.line, n.path
	}
	m.findings = append(m.findings, f)
}

func (m *mapper) dropped(n *node, format string, args ...any) {
	n.see()
	m.find(Dropped, n, format, args...)
}

func (m *mapper) assumed(n *node, format string, args ...any) { m.find(Assumed, n, format, args...) }

func (m *mapper) missing(n *node, format string, args ...any) {
	if n != nil && m.told[n] {
		return
	}
	m.told[n] = n != nil
	m.find(Missing, n, format, args...)
}

// ignore notes that keys say nothing that is needed here.
func ignore(n *node, keys ...string) {
	for _, key := range keys {
		if n.has(key) {
			n.get(key).see()
		}
	}
}

// value is the text of a scalar, and a finding if the input leaves it open.
func (m *mapper) value(n *node) string {
	if n == nil {
		return ""
	}
	if len(n.open) > 0 {
		m.missing(n, "the input doesn't have %s", strings.Join(n.open, ", "))
	} else if isPlaceholder(n.text) {
		m.missing(n, "%s is a placeholder", strings.TrimSpace(n.text))
	}
	return n.text
}

// wholePlaceholder is a value that others replace before it gets to AWS.
var wholePlaceholder = regexp.MustCompile(`^\s*(<[^<>]+>|\$\{[^{}]+\}|\{\{[^{}]+\}\}|%[A-Z0-9_]+%|__[A-Za-z0-9_]+__)\s*$`)

func isPlaceholder(text string) bool {
	return wholePlaceholder.MatchString(text) && !dynamic.MatchString(strings.TrimSpace(text))
}

// reasons why something can't be had, by the last part of its path.
var reasons = map[string]string{ //nolint:gosec // these are no credentials
	"credentialspecs":                         "domains of Active Directory aren't in the API",
	"versionconsistency":                      "Viridian pins images to digests itself",
	"proxyconfiguration":                      "App Mesh isn't in the API",
	"inferenceaccelerators":                   "Elastic Inference has ended",
	"enablefaultinjection":                    "fault injection isn't in the API",
	"fsxwindowsfileservervolumeconfiguration": "Windows isn't in the API; the containers share an empty directory, which is gone with the task",
	"s3filesvolumeconfiguration":              "it isn't in the API; the containers share an empty directory, which is gone with the task",
	"configuredatlaunch":                      "volumes of EBS aren't in the API; the containers share an empty directory, which is gone with the task",
	"volumeconfigurations":                    "volumes of EBS aren't in the API",
	"vpclatticeconfigurations":                "VPC Lattice isn't in the API",
	"forcenewdeployment":                      "a changed template makes a new revision",
	"monitoring":                              "it isn't in the API",
	"fn::transform":                           "what the macro brings isn't in the input: give what aws cloudformation get-template --template-stage Processed --query TemplateBody prints",
}

// notOfECS are keys that people write and that no type of the ECS API has: nothing is
// lost with them.
var notOfECS = []string{"enablelogging"}

// leftOver reports what nobody has read.
func (m *mapper) leftOver(root *node) {
	for _, n := range root.unseen() {
		if slices.Contains(notOfECS, strings.ToLower(n.key())) {
			m.find(Note, n, "ECS has no such field")
			n.see()
			continue
		}
		reason := reasons[strings.ToLower(n.key())]
		if reason == "" {
			reason = "it has no counterpart"
		}
		n.see()
		if m.patch(n) {
			continue
		}
		m.find(Dropped, n, "%s", reason)
	}
}

// name is the given one, that of the service, or the family.
func (m *mapper) name() {
	service := m.app.service.get("serviceName")
	family := m.app.task.get("family")
	name := m.options.Name
	for _, n := range []*node{service, family} {
		if n != nil && name == "" && len(n.open) == 0 {
			name = kubernetesName(n.text)
		}
	}
	if name == "" {
		name = kubernetesName(m.app.name)
	}
	if name == "" {
		name = kubernetesName(m.app.task.get("containerDefinitions").list()[0].get("name").str())
	}
	if name == "" {
		name = placeholder
		m.missing(m.app.task, "there is nothing to name the ImmutableDeployment after")
	}
	m.object.Name = name
}

// maxName is what the CRD takes.
const maxName = 40

// kubernetesName makes a name of letters in lower case, digits and single hyphens.
func kubernetesName(text string) string {
	var out strings.Builder
	for i, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			out.WriteRune(r)
		case r >= 'A' && r <= 'Z':
			if i > 0 && text[i-1] >= 'a' && text[i-1] <= 'z' {
				out.WriteByte('-')
			}
			out.WriteRune(r + 'a' - 'A')
		default:
			out.WriteByte('-')
		}
	}
	words := strings.FieldsFunc(out.String(), func(r rune) bool { return r == '-' })
	name := strings.Join(words, "-")
	return strings.TrimRight(name[:min(len(name), maxName)], "-")
}
