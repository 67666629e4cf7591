package cfn

import (
	"maps"
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

// supportedFunctions is the list in CloudFormation's own refusal.
const supportedFunctions = "Fn::Base64, Fn::FindInMap, Fn::GetAtt, Fn::If, Fn::Join, Fn::Select, Fn::Split, Fn::Sub, Ref, Condition, Fn::And, Fn::Equals, Fn::Not, Fn::Or"

func unsupportedFunction(name string) error {
	return invalid("Template error: Encountered unsupported function: %s Supported functions are: [%s]", name, supportedFunctions)
}

// references collects what an expression depends on.
type references struct {
	// names are the targets of Ref and "${Name}".
	names map[string]bool
	// attributes are the resources of Fn::GetAtt and "${Name.Attribute}".
	attributes map[string]bool
	conditions map[string]bool
	// chosenBy are the conditions of Fn::If.
	chosenBy map[string]bool
}

// referencesOf walks v and refuses functions that are unknown or malformed.
func referencesOf(v any) (references, error) {
	r := references{names: map[string]bool{}, attributes: map[string]bool{}, conditions: map[string]bool{}, chosenBy: map[string]bool{}}
	return r, r.walk(v)
}

func (r references) walk(v any) error {
	switch v := v.(type) {
	case map[string]any:
		if core.IsIntrinsic(v) {
			return r.walkFunction(v)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if strings.HasPrefix(key, "Fn::") {
				return invalid("Template format error: a function must be the only member of its object: %s", key)
			}
			if err := r.walk(v[key]); err != nil {
				return err
			}
		}
	case []any:
		for _, elem := range v {
			if err := r.walk(elem); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r references) walkFunction(m map[string]any) error {
	for name, arg := range m {
		if _, known := lookupIntrinsic(name); !known {
			return unsupportedFunction(name)
		}
		switch name {
		case "Ref":
			return r.walkRef(arg)
		case "Fn::GetAtt":
			return r.walkGetAtt(arg)
		case "Fn::Sub":
			return r.walkSub(arg)
		case "Fn::If":
			return r.walkIf(arg)
		default:
			return r.walk(arg)
		}
	}
	return nil
}

func (r references) walkRef(arg any) error {
	name, ok := arg.(string)
	if !ok {
		return invalid("Template format error: Every Ref object must have a single String value.")
	}
	r.names[name] = true
	return nil
}

func (r references) walkGetAtt(arg any) error {
	id, _, err := getAttTarget(arg)
	if err != nil {
		return err
	}
	r.attributes[id] = true
	return nil
}

func (r references) walkSub(arg any) error {
	body, variables, err := subParts(arg)
	if err != nil {
		return err
	}
	for _, part := range parseSub(body) {
		if _, given := variables[part.variable]; given || part.variable == "" {
			continue
		}
		if id, _, dotted := strings.Cut(part.variable, "."); dotted {
			r.attributes[id] = true
		} else {
			r.names[part.variable] = true
		}
	}
	for _, v := range variables {
		if err := r.walk(v); err != nil {
			return err
		}
	}
	return nil
}

func (r references) walkIf(arg any) error {
	args, err := arguments("Fn::If", arg, 3)
	if err != nil {
		return err
	}
	name, ok := args[0].(string)
	if !ok {
		return invalid("Template error: every Fn::If object requires the name of a condition")
	}
	r.chosenBy[name] = true
	return r.walk(args[1:])
}

// checkReferences refuses references to what the template does not define.
func (t *template) checkReferences() error {
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		spec := t.Resources[id]
		if err := t.checkBlock("Resources", spec.Properties, spec.Condition); err != nil {
			return err
		}
		for _, dep := range spec.DependsOn {
			if _, known := t.Resources[dep]; !known {
				return t.unresolvedIn("Resources", dep)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Outputs)) {
		out := t.Outputs[name]
		if err := t.checkBlock("Outputs", []any{out.Value, out.Export}, out.Condition); err != nil {
			return err
		}
	}
	return nil
}

func (t *template) unresolvedIn(block string, names ...string) error {
	return invalid("Template format error: Unresolved resource dependencies [%s] in the %s block of the template", strings.Join(names, ", "), block)
}

func (t *template) checkBlock(block string, v any, condition string) error {
	refs, err := referencesOf(v)
	if err != nil {
		return err
	}
	if condition != "" {
		refs.conditions[condition] = true
	}
	missing := slices.DeleteFunc(slices.Sorted(maps.Keys(refs.names)), t.defines)
	if len(missing) > 0 {
		return t.unresolvedIn(block, missing...)
	}
	for _, id := range slices.Sorted(maps.Keys(refs.attributes)) {
		if _, known := t.Resources[id]; !known {
			return invalid("Template error: instance of Fn::GetAtt references undefined resource %s", id)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(refs.chosenBy)) {
		if _, known := t.Conditions[name]; !known {
			return invalid("Template error: unresolved condition dependency %s in Fn::If", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(refs.conditions)) {
		if _, known := t.Conditions[name]; !known {
			return invalid("Template format error: Unresolved condition dependency %s in the %s block of the template", name, block)
		}
	}
	return nil
}

// defines tells whether Ref and Fn::Sub know a name.
func (t *template) defines(name string) bool {
	_, isParameter := t.Parameters[name]
	_, isResource := t.Resources[name]
	return isParameter || isResource || isPseudo(name)
}

func isPseudo(name string) bool {
	switch name {
	case "AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::URLSuffix", "AWS::StackName",
		"AWS::StackId", "AWS::NotificationARNs", "AWS::NoValue":
		return true
	default:
		return false
	}
}

// graph returns, for each resource whose condition holds, the resources it
// must wait for. Only the branch of an Fn::If that is taken counts.
func (t *template) graph(conditions map[string]bool) (map[string][]string, error) {
	active := func(id string) bool {
		condition := t.Resources[id].Condition
		return condition == "" || conditions[condition]
	}
	edges := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if !active(id) {
			continue
		}
		deps, err := t.dependencies(id, conditions)
		if err != nil {
			return nil, err
		}
		edges[id] = []string{}
		for _, dep := range slices.Sorted(maps.Keys(deps)) {
			if active(dep) {
				edges[id] = append(edges[id], dep)
			} else if !slices.Contains(t.Resources[id].DependsOn, dep) {
				return nil, t.unresolvedIn("Resources", dep)
			}
		}
	}
	if cycle := findCycle(edges); len(cycle) > 0 {
		return nil, invalid("Circular dependency between resources: [%s]", strings.Join(cycle, ", "))
	}
	return edges, nil
}

// dependencies are the resources that one refers to or names in DependsOn.
func (t *template) dependencies(id string, conditions map[string]bool) (map[string]bool, error) {
	refs, err := referencesOf(takenBranches(t.Resources[id].Properties, conditions))
	if err != nil {
		return nil, err
	}
	deps := map[string]bool{}
	for name := range refs.names {
		if _, isResource := t.Resources[name]; isResource {
			deps[name] = true
		}
	}
	maps.Copy(deps, refs.attributes)
	for _, dep := range t.Resources[id].DependsOn {
		deps[dep] = true
	}
	return deps, nil
}

// takenBranches replaces each Fn::If by the branch that its condition chooses.
func takenBranches(v any, conditions map[string]bool) any {
	switch v := v.(type) {
	case map[string]any:
		if args, ok := v["Fn::If"].([]any); ok && len(v) == 1 && len(args) == 3 {
			name, _ := args[0].(string)
			if conditions[name] {
				return takenBranches(args[1], conditions)
			}
			return takenBranches(args[2], conditions)
		}
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = takenBranches(value, conditions)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, elem := range v {
			out[i] = takenBranches(elem, conditions)
		}
		return out
	default:
		return v
	}
}

// findCycle removes what can be created, again and again; what remains depends
// on itself.
func findCycle(edges map[string][]string) []string {
	done := map[string]bool{}
	for progress := true; progress; {
		progress = false
		for id, deps := range edges {
			ready := !slices.ContainsFunc(deps, func(dep string) bool { return !done[dep] })
			if !done[id] && ready {
				done[id] = true
				progress = true
			}
		}
	}
	var cycle []string
	for _, id := range slices.Sorted(maps.Keys(edges)) {
		if !done[id] {
			cycle = append(cycle, id)
		}
	}
	return cycle
}
