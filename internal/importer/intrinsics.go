package importer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// evaluator resolves the intrinsic functions of a CloudFormation template as far as
// the template and the options say enough.
type evaluator struct {
	template   *node
	resources  map[string]*resource
	parameters map[string]string
	// region and account; "" if they aren't known.
	region, account string
	// defaults are parameters of which the template's default was taken.
	defaults map[string]*node
	depth    int
}

// resolve copies a value with its functions evaluated; nil is AWS::NoValue.
func (e *evaluator) resolve(n *node) *node {
	if n == nil {
		return nil
	}
	if e.depth++; e.depth > maxDepth {
		e.depth--
		return e.unknown(n, "a value that refers to itself")
	}
	defer func() { e.depth-- }()
	switch n.kind {
	case list:
		out := n.listOf()
		for _, item := range n.items {
			if value := e.resolve(item); value != nil {
				out.items = append(out.items, value)
			}
		}
		return out
	case object:
		if len(n.keys) == 1 {
			key := n.keys[0]
			if f := functions[key]; f != nil {
				return f(e, n, n.values[strings.ToLower(key)])
			}
			if strings.HasPrefix(key, "Fn::") {
				return e.unknown(n, key)
			}
		}
		out := n.object()
		for _, key := range n.keys {
			out.put(key, e.resolve(n.values[strings.ToLower(key)]))
		}
		return out
	default:
		out := *n
		out.seen = false
		return &out
	}
}

// unknown is a value that the template doesn't say.
func (e *evaluator) unknown(n *node, what string) *node {
	out := n.leaf(placeholder)
	out.open = []string{what}
	return out
}

// functions by their names.
var functions map[string]func(e *evaluator, n, argument *node) *node

func init() {
	functions = map[string]func(e *evaluator, n, argument *node) *node{
		"Ref":             (*evaluator).ref,
		"Fn::GetAtt":      (*evaluator).getAtt,
		"Fn::Sub":         (*evaluator).sub,
		"Fn::Join":        (*evaluator).join,
		"Fn::If":          (*evaluator).choose,
		"Fn::Select":      (*evaluator).pick,
		"Fn::Split":       (*evaluator).split,
		"Fn::FindInMap":   (*evaluator).findInMap,
		"Fn::ImportValue": (*evaluator).imported,
	}
}

func (e *evaluator) ref(n, argument *node) *node {
	name := argument.str()
	switch name {
	case "AWS::NoValue":
		return nil
	case "AWS::Region":
		return e.pseudo(n, e.region, placeholder, "the region")
	case "AWS::AccountId":
		return e.pseudo(n, e.account, placeholderAccount, "the account")
	case "AWS::Partition":
		return n.leaf("aws")
	case "AWS::URLSuffix":
		return n.leaf("amazonaws.com")
	}
	if e.resources[name] != nil {
		out := e.unknown(n, "what the resource "+name+" is")
		out.ref = name
		return out
	}
	return e.parameter(n, name)
}

func (e *evaluator) pseudo(n *node, value, otherwise, what string) *node {
	if value != "" {
		return n.leaf(value)
	}
	out := n.leaf(otherwise)
	out.open = []string{what}
	return out
}

// parameter is a value that was given, or the template's default.
func (e *evaluator) parameter(n *node, name string) *node {
	declared := e.template.get("Parameters", name)
	if value, given := e.parameters[name]; given {
		if strings.HasPrefix(declared.get("Type").str(), "List<") || declared.get("Type").str() == "CommaDelimitedList" {
			return e.listOf(n, value)
		}
		return n.leaf(value)
	}
	kind := declared.get("Type").str()
	otherwise := declared.get("Default")
	if otherwise == nil || strings.HasPrefix(kind, "AWS::SSM::Parameter") {
		out := e.unknown(n, "the parameter "+name)
		if strings.HasPrefix(kind, "List<") || kind == "CommaDelimitedList" {
			return n.listOf(out)
		}
		return out
	}
	e.defaults[name] = otherwise
	if strings.HasPrefix(kind, "List<") || kind == "CommaDelimitedList" {
		return e.listOf(n, otherwise.str())
	}
	return n.leaf(otherwise.text)
}

func (*evaluator) listOf(n *node, values string) *node {
	out := n.listOf()
	for value := range strings.SplitSeq(values, ",") {
		out.items = append(out.items, n.leaf(strings.TrimSpace(value)))
	}
	return out
}

func (e *evaluator) getAtt(n, argument *node) *node {
	name, attribute, _ := strings.Cut(argument.str(), ".")
	if argument.kind == list && len(argument.items) > 1 {
		name, attribute = argument.items[0].str(), argument.items[1].str()
	}
	out := e.unknown(n, attribute+" of the resource "+name)
	if slices.Contains([]string{"GroupId", "Arn", "LoadBalancerArn", "TargetGroupArn", "ListenerArn"}, attribute) {
		out.ref = name
	}
	return out
}

var variable = regexp.MustCompile(`\$\{(!?[A-Za-z0-9:._-]+)\}`)

func (e *evaluator) sub(n, argument *node) *node {
	text, own := argument.text, map[string]*node{}
	if argument.kind == list && len(argument.items) > 0 {
		text = argument.items[0].text
		if len(argument.items) > 1 {
			for _, key := range argument.items[1].keys {
				own[key] = e.resolve(argument.items[1].get(key))
			}
		}
	}
	out := n.leaf("")
	out.text = variable.ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if literal, is := strings.CutPrefix(name, "!"); is {
			return "${" + literal + "}"
		}
		value, given := own[name]
		if !given {
			value = e.named(n, name)
		}
		return e.take(out, value)
	})
	return out
}

// named is a parameter, a resource or an attribute.
func (e *evaluator) named(n *node, name string) *node {
	if strings.Contains(name, ".") {
		return e.getAtt(n, n.leaf(name))
	}
	return e.ref(n, n.leaf(name))
}

// take adds a part's text, and what it leaves open.
func (*evaluator) take(to, part *node) string {
	if part == nil {
		return ""
	}
	if part.kind == list {
		texts := make([]string, 0, len(part.items))
		for _, item := range part.items {
			to.open = append(to.open, item.open...)
			texts = append(texts, item.text)
		}
		return strings.Join(texts, ",")
	}
	to.open = append(to.open, part.open...)
	return part.text
}

func (e *evaluator) join(n, argument *node) *node {
	if argument.kind != list || len(argument.items) < 2 {
		return e.unknown(n, "Fn::Join")
	}
	parts := e.resolve(argument.items[1])
	out := n.leaf("")
	var texts []string
	for _, part := range parts.list() {
		texts = append(texts, e.take(out, part))
	}
	out.text = strings.Join(texts, argument.items[0].text)
	if len(texts) == 1 {
		out.ref = parts.list()[0].ref
	}
	return out
}

// choose takes the branch that the condition says; the second, which templates have
// for the usual case, if nobody knows.
func (e *evaluator) choose(n, argument *node) *node {
	if argument.kind != list || len(argument.items) < 3 {
		return e.unknown(n, "Fn::If")
	}
	holds, known := e.condition(argument.items[0].str())
	if holds || !known {
		return e.resolve(argument.items[1])
	}
	return e.resolve(argument.items[2])
}

// condition evaluates one by its name.
func (e *evaluator) condition(name string) (holds, known bool) {
	if e.depth++; e.depth > maxDepth {
		e.depth--
		return false, false
	}
	defer func() { e.depth-- }()
	return e.holds(e.template.get("Conditions", name))
}

func (e *evaluator) holds(n *node) (holds, known bool) {
	if n == nil || n.kind != object || len(n.keys) != 1 {
		return false, false
	}
	argument := n.values[strings.ToLower(n.keys[0])]
	switch n.keys[0] {
	case "Condition":
		return e.condition(argument.str())
	case "Fn::Equals":
		return e.equals(argument.items)
	case "Fn::Not":
		holds, known = e.all(argument.items, true)
		return !holds, known
	case "Fn::And", "Fn::Or":
		return e.all(argument.items, n.keys[0] == "Fn::And")
	}
	return false, false
}

func (e *evaluator) equals(parts []*node) (holds, known bool) {
	if len(parts) < 2 {
		return false, false
	}
	a, b := e.resolve(parts[0]), e.resolve(parts[1])
	return a.str() == b.str(), a != nil && b != nil && len(a.open)+len(b.open) == 0
}

// all evaluates a conjunction, or a disjunction.
func (e *evaluator) all(parts []*node, and bool) (holds, known bool) {
	known = true
	for _, part := range parts {
		h, k := e.holds(part)
		if k && h != and {
			return !and, true
		}
		known = known && k
	}
	return and, known
}

func (e *evaluator) pick(n, argument *node) *node {
	if argument.kind != list || len(argument.items) < 2 {
		return e.unknown(n, "Fn::Select")
	}
	index, err := strconv.Atoi(e.resolve(argument.items[0]).str())
	of := e.resolve(argument.items[1])
	if err != nil || of == nil || of.kind != list || index < 0 || index >= len(of.items) {
		return e.unknown(n, "an element of a list")
	}
	return of.items[index]
}

func (e *evaluator) split(n, argument *node) *node {
	if argument.kind != list || len(argument.items) < 2 {
		return e.unknown(n, "Fn::Split")
	}
	text := e.resolve(argument.items[1])
	if text == nil || text.kind != scalar || len(text.open) > 0 {
		return n.listOf(e.unknown(n, "a list"))
	}
	out := n.listOf()
	for part := range strings.SplitSeq(text.text, argument.items[0].text) {
		out.items = append(out.items, n.leaf(part))
	}
	return out
}

func (e *evaluator) findInMap(n, argument *node) *node {
	if argument.kind != list || len(argument.items) < 3 {
		return e.unknown(n, "Fn::FindInMap")
	}
	keys := []string{"Mappings"}
	for _, item := range argument.items[:3] {
		key := e.resolve(item)
		if key == nil || len(key.open) > 0 {
			return e.unknown(n, "a value of a mapping")
		}
		keys = append(keys, key.str())
	}
	if found := e.template.get(keys...); found != nil {
		return e.resolve(found)
	}
	return e.unknown(n, "a value of a mapping")
}

func (e *evaluator) imported(n, argument *node) *node {
	name := e.resolve(argument)
	return e.unknown(n, "the export "+name.str())
}
