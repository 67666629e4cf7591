package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/admission"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/policy"
	"github.com/viridian-dev/viridian/internal/rollout"
	"github.com/viridian-dev/viridian/internal/template"
)

// Severity of a finding.
type Severity string

// Severities.
const (
	// Refused: the API server or the controller will not take it.
	Refused Severity = "refused"
	// Doubtful: it is taken, and is likely not what was meant.
	Doubtful Severity = "doubtful"
)

// Finding is something to look at in a manifest.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Path     string   `json:"path,omitempty"`
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`
}

// String is a line of a report.
func (f *Finding) String() string {
	where := fmt.Sprintf("%s:%d: %s: ", f.File, f.Line, f.Severity)
	if f.Path != "" {
		where += f.Path + ": "
	}
	return where + f.Text
}

// Options are what the files leave open.
type Options struct {
	// Namespace of objects that name none.
	Namespace string
	// Labels of the namespaces, for policies. Kubernetes adds the name itself.
	Labels map[string]string
	// RequirePolicy is the manager's flag.
	RequirePolicy bool
}

// Lint looks at ImmutableDeployments and DeploymentPolicies, and returns how many
// there are. DeploymentPolicies among the documents hold for the
// ImmutableDeployments.
func Lint(documents []Document, options Options) (findings []Finding, looked int, err error) {
	var policies []v1alpha1.DeploymentPolicy
	judges := options.RequirePolicy
	for i := range documents {
		if d := &documents[i]; d.isOurs("DeploymentPolicy") {
			looked, judges = looked+1, true
			found, err := d.lintPolicy(&policies)
			if err != nil {
				return nil, looked, err
			}
			findings = append(findings, found...)
		}
	}
	for i := range documents {
		d := &documents[i]
		if !d.isOurs("ImmutableDeployment") {
			continue
		}
		looked++
		found, imd, err := d.lintDeployment()
		if err != nil {
			return nil, looked, err
		}
		findings = append(findings, found...)
		if imd != nil && judges {
			findings = append(findings, d.lintUses(imd, policies, options)...)
		}
	}
	return findings, looked, nil
}

// find adds a finding about a field.
func (d *Document) find(out *[]Finding, severity Severity, path, format string, args ...any) {
	*out = append(*out, Finding{d.File, d.lineOf(path), path, severity, fmt.Sprintf(format, args...)})
}

// lintObject finds what the API server says, and what kubectl does.
func (d *Document) lintObject(rules *admission.Rules) (out []Finding, err error) {
	version, _ := d.object["apiVersion"].(string)
	if version != v1alpha1.GroupVersion.String() {
		d.find(&out, Refused, "apiVersion", "the version is %s, not %s", v1alpha1.GroupVersion, version)
		return out, nil
	}
	unknown, err := rules.Unknown(d.object)
	if err != nil {
		return nil, err
	}
	for _, path := range unknown {
		d.find(&out, Refused, path, "there is no such field: correct its name, or leave it out")
	}
	for _, text := range validation.IsDNS1123Subdomain(d.Name) {
		d.find(&out, Refused, "metadata.name", "%s", text)
	}
	for _, e := range rules.Check(d.object) {
		d.find(&out, Refused, e.Field, "%s", sentence(e))
	}
	return out, nil
}

// sentence is an error without the value that it is about, which is in the file.
func sentence(e *field.Error) string {
	if e.Type == field.ErrorTypeInvalid && e.Detail != "" {
		return e.Detail
	}
	return e.ErrorBody()
}

func (d *Document) lintPolicy(policies *[]v1alpha1.DeploymentPolicy) ([]Finding, error) {
	rules, err := admission.OfPolicy()
	if err != nil {
		return nil, err
	}
	out, err := d.lintObject(rules)
	if err != nil || len(out) > 0 {
		return out, err
	}
	var p v1alpha1.DeploymentPolicy
	if err := d.as(rules, &p); err != nil {
		return nil, err
	}
	*policies = append(*policies, p)
	return nil, nil
}

// as reads an object with its defaults.
func (d *Document) as(rules *admission.Rules, into any) error {
	object, err := rules.Default(d.object)
	if err != nil {
		return err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: the document at line %d: %w", d.File, d.Line, err)
	}
	return nil
}

// lintDeployment also finds what the controller would say. The deployment is nil if
// the API server refuses it.
func (d *Document) lintDeployment() ([]Finding, *v1alpha1.ImmutableDeployment, error) {
	rules, err := admission.OfDeployment()
	if err != nil {
		return nil, nil, err
	}
	out, err := d.lintObject(rules)
	if err != nil || len(out) > 0 {
		return out, nil, err
	}
	imd := &v1alpha1.ImmutableDeployment{}
	if err := d.as(rules, imd); err != nil {
		return nil, nil, err
	}
	d.lintAnnotations(imd, &out)
	d.lintImages(imd, &out)
	d.lintGates(imd, &out)
	if _, _, err := Stack(imd, 1); err != nil {
		d.find(&out, Refused, "spec.template", "the stack's template can't be built: %v", err)
	}
	return out, imd, nil
}

// lintAnnotations finds those that are named like ours and aren't any.
func (d *Document) lintAnnotations(imd *v1alpha1.ImmutableDeployment, out *[]Finding) {
	for name := range imd.Annotations {
		if strings.HasPrefix(name, v1alpha1.AnnotationPrefix) && !slices.Contains(v1alpha1.AnnotationsOfDeployment(), name) {
			d.find(out, Doubtful, "metadata.annotations", "an ImmutableDeployment has no annotation %s, but %s",
				name, strings.Join(v1alpha1.AnnotationsOfDeployment(), ", "))
		}
	}
}

// lintImages finds tags that the controller doesn't take.
func (d *Document) lintImages(imd *v1alpha1.ImmutableDeployment, out *[]Finding) {
	source, err := template.SourceOf(&imd.Spec.Template)
	if err != nil {
		return // which building the stack tells
	}
	for i, image := range source.Images(&imd.Spec.Template) {
		path, ref := fmt.Sprintf("spec.template.containers[%d].image", i), *image.Ref
		isPrivate := command.ListRepositories(ref) != ""
		if strings.Contains(ref, "@") || isPrivate || imd.Spec.ImagePolicy.AllowsTag(ref) {
			continue
		}
		d.find(out, Refused, path, "%s isn't in a private registry of Amazon ECR and has no digest: name it by its digest (…@sha256:…), "+
			"add %s to spec.imagePolicy.foreignRegistries, or set spec.imagePolicy.foreignTags: Allow", ref, v1alpha1.RepositoryOf(ref))
	}
}

// lintGates finds those after steps that the strategy doesn't have.
func (d *Document) lintGates(imd *v1alpha1.ImmutableDeployment, out *[]Finding) {
	desired := int32(1)
	if imd.Spec.DesiredCount != nil {
		desired = *imd.Spec.DesiredCount
	}
	steps := len(rollout.Compile(&imd.Spec, desired, imd.Spec.Traffic.LoadBalancer.Exists()))
	for i, gate := range imd.Spec.Gates {
		for _, step := range gate.Steps {
			if int(step) >= steps {
				d.find(out, Doubtful, fmt.Sprintf("spec.gates[%d].steps", i), "the gate %s never runs after step %d: "+
					"the strategy has %d steps, and after the last one it is at: BeforePromotion", gate.Name, step, steps)
			}
		}
	}
}

// lintUses finds what the policies don't allow.
func (d *Document) lintUses(imd *v1alpha1.ImmutableDeployment, policies []v1alpha1.DeploymentPolicy, options Options) (out []Finding) {
	namespace := imd.Namespace
	if namespace == "" {
		namespace = options.Namespace
	}
	labels := map[string]string{"kubernetes.io/metadata.name": namespace}
	maps.Copy(labels, options.Labels)
	rules := policy.For(namespace, labels, policies, options.RequirePolicy)
	for _, v := range rules.Check(&imd.Spec) {
		d.find(&out, Refused, v.Field, "no DeploymentPolicy of the namespace %s lists %s in %s", namespace, v.Value, v.List)
	}
	return out
}
