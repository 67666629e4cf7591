package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/admission"
)

// maxRepairs bounds how often the manifest is checked.
const maxRepairs = 200

// enforce takes out of the manifest what the rules of the CRD refuse, and says so
// with their words; what they need and can't be had becomes a placeholder. It returns
// the manifest.
func (m *mapper) enforce() ([]byte, error) {
	r, err := admission.OfDeployment()
	if err != nil {
		return nil, err
	}
	object, err := plain(m.object)
	if err != nil {
		return nil, err
	}
	for range maxRepairs {
		errs := r.Check(object)
		if len(errs) == 0 {
			break
		}
		if !m.repair(object, errs) {
			for _, e := range errs {
				m.find(Refused, m.origin(e.Field), "%s", describe(e))
			}
			break
		}
	}
	body, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	m.object = &v1alpha1.ImmutableDeployment{}
	if err := json.Unmarshal(body, m.object); err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return yaml.Marshal(object)
}

// plain is an object as JSON, without what the API server fills in.
func plain(object *v1alpha1.ImmutableDeployment) (map[string]any, error) {
	out, err := admission.Normal(object)
	if err != nil {
		return nil, err
	}
	delete(out, "status")
	if metadata, ok := out["metadata"].(map[string]any); ok {
		delete(metadata, "creationTimestamp")
	}
	return out, nil
}

// placeholders for fields that can't be left out, by their paths without indices.
var placeholders = map[string]string{
	"spec.template.containers.image":                                                 placeholder + "/image:" + placeholder,
	"spec.template.containers.name":                                                  placeholder,
	"spec.template.network.vpcID":                                                    placeholderVPC,
	"spec.template.network.subnetIDs":                                                placeholderSubnet,
	"spec.template.network.loadBalancerSecurityGroupIDs":                             placeholderGroup,
	"spec.template.executionRoleARN":                                                 "arn:aws:iam::" + placeholderAccount + ":role/" + placeholder,
	"spec.template.taskRoleARN":                                                      "arn:aws:iam::" + placeholderAccount + ":role/" + placeholder,
	"spec.traffic.loadBalancer.ruleARN":                                              "arn:aws:elasticloadbalancing:" + placeholder + ":" + placeholderAccount + ":listener-rule/app/" + placeholder + "/0/0/0",
	"spec.template.containers.secrets.valueFrom":                                     "/" + placeholder,
	"spec.template.containers.logConfiguration.secretOptions.valueFrom":              "/" + placeholder,
	"spec.template.containers.repositoryCredentials.credentialsParameter":            "arn:aws:secretsmanager:" + placeholder + ":" + placeholderAccount + ":secret:" + placeholder,
	"spec.template.cluster":                                                          placeholder,
	"spec.template.containers.environmentFiles.value":                                "arn:aws:s3:::" + placeholder + "/" + placeholder + ".env",
	"spec.template.volumes.efsVolumeConfiguration.authorizationConfig.accessPointID": "fsap-00000000",
	"spec.template.volumes.efsVolumeConfiguration.fileSystemID":                      "fs-00000000",
	"spec.gates.lambda.functionARN":                                                  "arn:aws:lambda:" + placeholder + ":" + placeholderAccount + ":function:" + placeholder,
	"spec.template.target.healthCheck.path":                                          "/",
}

var indices = regexp.MustCompile(`\[[^\]]*\]`)

// repair mends one of the errors; the deepest that can be, so that as little as
// possible is lost.
func (m *mapper) repair(object map[string]any, errs field.ErrorList) bool {
	slices.SortStableFunc(errs, func(a, b *field.Error) int {
		// The last ones of a list first, so that the others keep their places.
		return cmp.Or(len(parts(b.Field))-len(parts(a.Field)), strings.Compare(b.Field, a.Field))
	})
	for _, e := range errs {
		if m.mend(object, e) {
			return true
		}
	}
	return false
}

// kept can't be taken out: a rule about them is about what is in them.
var kept = []string{
	"spec", "spec.template", "spec.template.containers", "spec.template.network", "spec.template.target", "spec.traffic", "spec.traffic.loadBalancer",
	"spec.strategy", "spec.strategy.type", "metadata", "metadata.name", "spec.template.cpu", "spec.template.memory",
}

func (m *mapper) mend(object map[string]any, e *field.Error) bool {
	path := parts(e.Field)
	bare := indices.ReplaceAllString(e.Field, "")
	if otherwise, known := placeholders[bare]; known && get(object, path) != otherwise {
		if set(object, path, otherwise) {
			m.missingField(e)
			return true
		}
	}
	switch {
	case e.Type == field.ErrorTypeRequired:
		// What lacks it goes.
		path = path[:max(0, len(path)-1)]
	case strings.HasPrefix(bare, "spec.template.containers") && len(path) == 4:
		return false
	}
	if len(path) == 0 || slices.Contains(kept, strings.Join(path, ".")) {
		return false
	}
	n := m.origin(e.Field)
	if !m.remove(object, path) {
		return false
	}
	m.takenOut(n, e)
	return true
}

// takenOut reports what was removed; what lacks something that was removed before is
// no news.
func (m *mapper) takenOut(n *node, e *field.Error) {
	n.see()
	if n != nil && n.kind == scalar && (len(n.open) > 0 || isPlaceholder(n.text)) {
		m.find(Missing, n, "left out until its value is known: %s", describe(e))
		return
	}
	if e.Type != field.ErrorTypeRequired || n == nil || !m.told[n] {
		m.find(Dropped, n, "%s", describe(e))
	}
	if n != nil {
		m.told[n] = true
	}
}

func (m *mapper) missingField(e *field.Error) {
	n := m.origin(e.Field)
	if n != nil && m.told[n] {
		return
	}
	m.find(Missing, n, "%s", describe(e))
}

// describe is the rule's message, or what the schema says.
func describe(e *field.Error) string {
	if e.Detail != "" && (strings.Contains(e.Detail, " ") && strings.HasPrefix(e.Detail, "spec.") || e.Type == field.ErrorTypeInvalid && strings.Count(e.Detail, " ") > 3) {
		return e.Detail
	}
	return e.Error()
}

// parts of a path: a.b[0].c is a, b, 0, c.
func parts(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func get(value any, path []string) any {
	for _, part := range path {
		value = child(value, part)
	}
	return value
}

func child(value any, part string) any {
	switch v := value.(type) {
	case map[string]any:
		return v[part]
	case []any:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

// set writes a text where one belongs; a list gets one element.
func set(object any, path []string, text string) bool {
	if len(path) == 0 {
		return false
	}
	parent, last := get(object, path[:len(path)-1]), path[len(path)-1]
	switch v := parent.(type) {
	case map[string]any:
		if strings.HasSuffix(last, "IDs") {
			v[last] = []any{text}
		} else {
			v[last] = text
		}
		return true
	case []any:
		if i, err := strconv.Atoi(last); err == nil && i >= 0 && i < len(v) && !slices.Contains(v, any(text)) {
			v[i] = text
			return true
		}
	}
	return false
}

// removal is an element that was taken out of a list.
type removal struct {
	list  []string
	index int
}

// before is where something was before elements were taken out of lists.
func (m *mapper) before(path []string) []string {
	path = slices.Clone(path)
	for _, r := range slices.Backward(m.removed) {
		n := len(r.list)
		if len(path) <= n || !slices.Equal(path[:n], r.list) {
			continue
		}
		if i, err := strconv.Atoi(path[n]); err == nil && i >= r.index {
			path[n] = strconv.Itoa(i + 1)
		}
	}
	return path
}

// remove takes a value out of an object or a list.
func (m *mapper) remove(object any, path []string) bool {
	parent, last := get(object, path[:len(path)-1]), path[len(path)-1]
	switch v := parent.(type) {
	case map[string]any:
		_, there := v[last]
		delete(v, last)
		return there
	case []any:
		i, err := strconv.Atoi(last)
		if err != nil || i < 0 || i >= len(v) {
			return false
		}
		rest := slices.Delete(slices.Clone(v), i, i+1)
		if len(rest) == 0 {
			return m.remove(object, path[:len(path)-1])
		}
		m.removed = append(m.removed, removal{path[:len(path)-1], i})
		return put(object, path[:len(path)-1], rest)
	}
	return false
}

func put(object any, path []string, value any) bool {
	parent, last := get(object, path[:len(path)-1]), path[len(path)-1]
	switch v := parent.(type) {
	case map[string]any:
		v[last] = value
		return true
	case []any:
		if i, err := strconv.Atoi(last); err == nil && i >= 0 && i < len(v) {
			v[i] = value
			return true
		}
	}
	return false
}

// origin is where in the input a field of the manifest comes from: as near as it is
// known.
func (m *mapper) origin(path string) *node {
	at := m.before(parts(path))
	var best *node
	length := -1
	for prefix, n := range m.origins {
		if p := parts(prefix); n != nil && len(p) > length && len(p) <= len(at) && slices.Equal(p, at[:len(p)]) {
			best, length = n, len(p)
		}
	}
	if best == nil {
		return nil
	}
	return best.follow(at[length:])
}

// follow goes down as far as it can.
func (n *node) follow(path []string) *node {
	for _, part := range path {
		next := n.values[strings.ToLower(part)]
		if i, err := strconv.Atoi(part); err == nil && n.kind == list && i >= 0 && i < len(n.items) {
			next = n.items[i]
		}
		if next == nil {
			break
		}
		n = next
	}
	return n
}
