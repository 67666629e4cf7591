package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// maxResources is CloudFormation's limit on resources in a template.
const maxResources = 500

// template is a parsed template whose references are known to be sound.
type template struct {
	body        string
	Description string
	Parameters  map[string]parameter
	Mappings    map[string]any
	Conditions  map[string]any
	Resources   map[string]resourceSpec
	Outputs     map[string]outputSpec
}

// resourceSpec is one entry of the Resources section.
type resourceSpec struct {
	Type           string
	Properties     map[string]any
	DependsOn      []string
	Condition      string
	DeletionPolicy string
}

// outputSpec is one entry of the Outputs section.
type outputSpec struct {
	Value       any
	Description string
	Condition   string
	Export      any
}

var (
	sections = []string{
		"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules",
		"Mappings", "Conditions", "Resources", "Outputs",
	}
	resourceMembers = []string{
		"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata",
	}
	outputMembers    = []string{"Value", "Description", "Condition", "Export"}
	deletionPolicies = []string{"Delete", "Retain", "RetainExceptOnCreate"}
	alphanumeric     = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	yamlShortTag     = regexp.MustCompile(`(?m)(^|[\s,:\[-])![A-Z][A-Za-z0-9]*(\s|$)`)
)

// invalid is a refusal of the request as CloudFormation words nearly all of
// them.
func invalid(format string, args ...any) *core.APIError {
	return core.Errorf("ValidationError", format, args...)
}

// parseTemplate reads a JSON template, or a YAML one without short-form tags,
// and refuses what CreateStack refuses synchronously.
func parseTemplate(body string, known map[string]core.Provider) (*template, error) {
	doc, err := parseDocument(body)
	if err != nil {
		return nil, err
	}
	if unknown := unknownKeys(doc, sections); len(unknown) > 0 {
		return nil, invalid("Invalid template property or properties [%s]", strings.Join(unknown, ", "))
	}
	t := &template{body: body}
	if t.Description, err = textMember(doc, "Description"); err != nil {
		return nil, err
	}
	for _, parse := range []func(map[string]any) error{
		t.parseParameters, t.parseMaps, t.parseResources, t.parseOutputs,
	} {
		if err := parse(doc); err != nil {
			return nil, err
		}
	}
	if err := t.checkTypes(known); err != nil {
		return nil, err
	}
	return t, t.checkReferences()
}

func parseDocument(body string) (map[string]any, error) {
	var doc map[string]any
	if strings.HasPrefix(strings.TrimSpace(body), "{") {
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			return nil, invalid("Template format error: JSON not well-formed. %s", placeOf(body, err))
		}
		return doc, nil
	}
	if yamlShortTag.MatchString(body) {
		return nil, invalid("Template format error: YAML short-form functions (!Ref, !Sub) are not simulated; write Ref: and Fn::Sub:")
	}
	if err := yaml.Unmarshal([]byte(body), &doc); err != nil {
		return nil, invalid("Template format error: YAML not well-formed. (%v)", err)
	}
	if doc == nil {
		return nil, invalid("Template format error: unsupported structure.")
	}
	return doc, nil
}

// placeOf tells where JSON is broken as AWS does: by the line, and the column after
// what was read.
func placeOf(body string, err error) string {
	broken, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return "(" + err.Error() + ")"
	}
	read := body[:broken.Offset]
	return fmt.Sprintf("(line %d, column %d)", strings.Count(read, "\n")+1, len(read)-strings.LastIndex(read, "\n"))
}

// parseMaps reads the sections that are kept as they are.
func (t *template) parseMaps(doc map[string]any) error {
	var err error
	if t.Mappings, err = section(doc, "Mappings"); err != nil {
		return err
	}
	if err := t.checkMappings(); err != nil {
		return err
	}
	if t.Conditions, err = section(doc, "Conditions"); err != nil {
		return err
	}
	if _, there := doc["Rules"]; there {
		return invalid("Template format error: the Rules section is not simulated.")
	}
	return nil
}

func (t *template) parseResources(doc map[string]any) error {
	members, err := section(doc, "Resources")
	if err != nil {
		return err
	}
	if len(members) == 0 {
		return invalid("Template format error: At least one Resources member must be defined.")
	}
	if len(members) > maxResources {
		return invalid("Template format error: Number of resources, %d, is greater than maximum allowed, %d", len(members), maxResources)
	}
	t.Resources = map[string]resourceSpec{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !alphanumeric.MatchString(name) {
			return invalid("Template format error: Resource name %s is non alphanumeric.", name)
		}
		spec, err := parseResource(name, members[name])
		if err != nil {
			return err
		}
		t.Resources[name] = spec
	}
	return nil
}

func parseResource(name string, v any) (resourceSpec, error) {
	var spec resourceSpec
	m, ok := v.(map[string]any)
	if !ok {
		return spec, invalid("Template format error: Any Resources member must be an object.")
	}
	if unknown := unknownKeys(m, resourceMembers); len(unknown) > 0 {
		return spec, invalid("Invalid template resource property '%s'", unknown[0])
	}
	if spec.Type, _ = m["Type"].(string); spec.Type == "" {
		return spec, invalid("Template format error: [/Resources/%s] Every Resources object must contain a Type member.", name)
	}
	if p, there := m["Properties"]; there {
		if spec.Properties, ok = p.(map[string]any); !ok {
			return spec, invalid("Template format error: [/Resources/%s/Properties] Properties must be an object", name)
		}
	}
	if path := findNull("/Resources/"+name, m); path != "" {
		return spec, invalid("Template format error: [%s] 'null' values are not allowed in templates", path)
	}
	err := spec.parseAttributes(name, m)
	return spec, err
}

// parseAttributes reads what stands beside the properties.
func (spec *resourceSpec) parseAttributes(name string, m map[string]any) error {
	var err error
	if spec.DependsOn, err = textList(m["DependsOn"]); err != nil {
		return invalid("Template format error: DependsOn must be a string or list of strings.")
	}
	if spec.Condition, err = textMember(m, "Condition"); err != nil {
		return err
	}
	if spec.DeletionPolicy, err = textMember(m, "DeletionPolicy"); err != nil {
		return err
	}
	if spec.DeletionPolicy != "" && !slices.Contains(deletionPolicies, spec.DeletionPolicy) {
		return invalid("Template format error: Unrecognized DeletionPolicy %s for resource %s", spec.DeletionPolicy, name)
	}
	return nil
}

func (t *template) parseOutputs(doc map[string]any) error {
	members, err := section(doc, "Outputs")
	if err != nil {
		return err
	}
	t.Outputs = map[string]outputSpec{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		m, ok := members[name].(map[string]any)
		if !ok {
			return invalid("Template format error: Output %s is malformed.", name)
		}
		if unknown := unknownKeys(m, outputMembers); len(unknown) > 0 {
			return invalid("Template format error: Invalid outputs property : [%s]", strings.Join(unknown, ", "))
		}
		out := outputSpec{Value: m["Value"]}
		if out.Value == nil {
			return invalid("Template format error: Every Outputs member must contain a Value object")
		}
		if out.Description, err = textMember(m, "Description"); err != nil {
			return err
		}
		if out.Condition, err = textMember(m, "Condition"); err != nil {
			return err
		}
		if export, there := m["Export"].(map[string]any); there {
			out.Export = export["Name"]
		}
		t.Outputs[name] = out
	}
	return nil
}

func (t *template) checkTypes(known map[string]core.Provider) error {
	unknown := map[string]bool{}
	for _, spec := range t.Resources {
		if known[spec.Type] == nil {
			unknown[spec.Type] = true
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(unknown))
	return invalid("Template format error: Unrecognized resource types: [%s]", strings.Join(names, ", "))
}

// section is a top-level map of the template, empty when absent.
func section(doc map[string]any, name string) (map[string]any, error) {
	v, there := doc[name]
	if !there {
		return nil, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("Template format error: %s must be a map.", name)
	}
	return m, nil
}

func textMember(m map[string]any, name string) (string, error) {
	v, there := m[name]
	if !there {
		return "", nil
	}
	text, ok := v.(string)
	if !ok {
		return "", invalid("Template format error: Every %s member must be a string.", name)
	}
	return text, nil
}

func textList(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		texts := make([]string, 0, len(v))
		for _, elem := range v {
			text, ok := elem.(string)
			if !ok {
				return nil, fmt.Errorf("%v is not a string", elem)
			}
			texts = append(texts, text)
		}
		return texts, nil
	default:
		return nil, fmt.Errorf("%v is not a list", v)
	}
}

func unknownKeys(m map[string]any, known []string) []string {
	var unknown []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, key) {
			unknown = append(unknown, key)
		}
	}
	return unknown
}

// findNull is the path of the first null below v, which CloudFormation refuses
// anywhere in a template, or "".
func findNull(path string, v any) string {
	switch v := v.(type) {
	case nil:
		return path
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if found := findNull(path+"/"+key, v[key]); found != "" {
				return found
			}
		}
	case []any:
		for i, elem := range v {
			if found := findNull(fmt.Sprintf("%s/%d", path, i), elem); found != "" {
				return found
			}
		}
	}
	return ""
}
