package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/admission"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/template"
)

// Deployments are the ImmutableDeployments among documents, with their defaults. It
// fails if the API server refuses one.
func Deployments(documents []Document) (out []*v1alpha1.ImmutableDeployment, err error) {
	rules, err := admission.OfDeployment()
	if err != nil {
		return nil, err
	}
	for i := range documents {
		d := &documents[i]
		if !d.isOurs("ImmutableDeployment") {
			continue
		}
		found, err := d.lintObject(rules)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return nil, fmt.Errorf("%s", found[0].String())
		}
		imd := &v1alpha1.ImmutableDeployment{}
		if err := d.as(rules, imd); err != nil {
			return nil, err
		}
		out = append(out, imd)
	}
	return out, nil
}

// Placeholders for what is known only once a revision is made.
const (
	placeholderUID   = "00000000-0000-0000-0000-000000000000"
	placeholderToken = "PREVIEW-TOKEN-OF-THE-REVISION"
	placeholderHost  = "host-of-the-adopted-rule.example.com"
)

// Stack is the CloudFormation template of a revision, and what of it will differ in
// AWS, in sentences.
func Stack(imd *v1alpha1.ImmutableDeployment, revision int64) (body string, notes []string, err error) {
	source, err := template.SourceOf(&imd.Spec.Template)
	if err != nil {
		return "", nil, err
	}
	in := template.Input{
		Namespace: imd.Namespace, Name: imd.Name, UID: placeholderUID, Revision: revision, Template: *imd.Spec.Template.DeepCopy(),
		StopFirst: imd.Spec.Strategy.Type == v1alpha1.StrategyRecreate,
	}
	notes = append(notes, "names contain a hash of the object's UID, which it gets when it is created")
	for _, image := range source.Images(&in.Template) {
		if !strings.Contains(*image.Ref, "@") {
			notes = append(notes, fmt.Sprintf("the image %s is pinned to its digest, if it is in Amazon ECR", *image.Ref))
		}
	}
	notes = append(notes, readLater(&in.Template)...)
	notes = append(notes, receive(&in, &imd.Spec.Traffic.LoadBalancer)...)
	body, err = source.Build(in)
	return body, notes, err
}

// readLater puts something in the place of values that are read from Systems Manager.
func readLater(t *v1alpha1.RevisionTemplate) (notes []string) {
	for i := range t.Containers {
		c := &t.Containers[i]
		for j := range c.Environment {
			if e := &c.Environment[j]; e.ValueFrom != nil {
				notes = append(notes, fmt.Sprintf("the variable %s of container %s has the value of the parameter %s", e.Name, c.Name, e.ValueFrom.SSM))
				e.Value, e.ValueFrom = "VALUE-OF-"+e.ValueFrom.SSM, nil
			}
		}
	}
	return notes
}

// receive adds what is known of the rule that brings requests.
func receive(in *template.Input, lb *v1alpha1.LoadBalancer) (notes []string) {
	if !lb.Exists() {
		return nil
	}
	in.PreviewToken, in.ListenerARN = placeholderToken, lb.ListenerARN
	notes = append(notes, "the value of the preview rule's header is random")
	for _, c := range lb.Conditions {
		in.Conditions = append(in.Conditions, cloud.Condition{Field: c.Field, HTTPHeaderName: c.HTTPHeaderName, Values: c.Values})
	}
	if lb.RuleARN != "" {
		in.ListenerARN = listenerOf(lb.RuleARN)
		in.Conditions = []cloud.Condition{{Field: "host-header", Values: []string{placeholderHost}}}
		notes = append(notes, "the preview rule has the conditions, authentication and transforms of the adopted rule")
	}
	return notes
}

// listenerOf is the ARN of a rule's listener:
// …:listener-rule/app/name/load-balancer/listener/rule.
func listenerOf(ruleARN string) string {
	arn := strings.Replace(ruleARN, ":listener-rule/", ":listener/", 1)
	if i := strings.LastIndex(arn, "/"); i > 0 {
		arn = arn[:i]
	}
	return arn
}

// Indent breaks a template into lines.
func Indent(body string) (string, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(body), "", "  "); err != nil {
		return "", err
	}
	return out.String() + "\n", nil
}
