package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of what is read: aliases in YAML could otherwise make a small file large.
const (
	maxDepth = 100
	maxNodes = 200_000
)

type nodeKind int

const (
	scalar nodeKind = iota
	object
	list
)

// node is a value of the input. All its methods take nil for what isn't there.
type node struct {
	file, path string
	line       int
	kind       nodeKind
	// text of a scalar; null tells that it is none.
	text string
	null bool
	// bare is true for a number, true and false, which JSON writes without quotes.
	bare bool
	// keys of an object as they are written; values are found by their names in
	// lower case, since CloudFormation writes the same names otherwise.
	keys   []string
	values map[string]*node
	items  []*node
	// seen by the mapping. What isn't is reported.
	seen bool
	// open names what the input leaves open of this value, such as a parameter.
	open []string
	// ref is the logical ID of the resource of a CloudFormation template that this
	// value is made by.
	ref string
}

// get returns the value of a key, in whatever case, and notes that it was read.
func (n *node) get(keys ...string) *node {
	for _, key := range keys {
		if n == nil || n.kind != object {
			return nil
		}
		n = n.values[strings.ToLower(key)]
		if n == nil {
			return nil
		}
		n.seen = true
		if n.null {
			return nil
		}
	}
	return n
}

// has tells whether a key is there, without reading it.
func (n *node) has(key string) bool {
	return n != nil && n.kind == object && n.values[strings.ToLower(key)] != nil
}

// list is what is in a list; a single value is a list of one, and reads as seen.
func (n *node) list() []*node {
	switch {
	case n == nil:
		return nil
	case n.kind != list:
		return []*node{n}
	}
	for _, item := range n.items {
		item.seen = true
	}
	return n.items
}

// str is the text of a scalar.
func (n *node) str() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return strings.TrimSpace(n.text)
}

// truth is the value of a switch.
func (n *node) truth() bool { return strings.EqualFold(n.str(), "true") }

// number is a scalar as an integer.
func (n *node) number() (int, bool) {
	value, err := strconv.ParseFloat(n.str(), 64)
	if err != nil || value != float64(int32(value)) {
		return 0, false
	}
	return int(value), true
}

// empty tells whether there is nothing in it.
func (n *node) empty() bool {
	return n == nil || n.null || n.kind == object && len(n.keys) == 0 || n.kind == list && len(n.items) == 0 || n.kind == scalar && n.text == ""
}

// put adds a value to an object; nil adds nothing.
func (n *node) put(key string, value *node) *node {
	if value == nil {
		return n
	}
	if n.values[strings.ToLower(key)] == nil {
		n.keys = append(n.keys, key)
	}
	n.values[strings.ToLower(key)] = value
	return n
}

// leaf is a scalar that stands where n does.
func (n *node) leaf(text string) *node {
	return &node{file: n.file, path: n.path, line: n.line, text: text}
}

// object is an empty object that stands where n does.
func (n *node) object() *node {
	return &node{file: n.file, path: n.path, line: n.line, kind: object, values: map[string]*node{}}
}

// listOf is a list that stands where n does.
func (n *node) listOf(items ...*node) *node {
	return &node{file: n.file, path: n.path, line: n.line, kind: list, items: items}
}

// see marks everything below as read.
func (n *node) see() {
	if n == nil || n.seen && n.kind == scalar {
		return
	}
	n.seen = true
	for _, value := range n.values {
		value.see()
	}
	for _, item := range n.items {
		item.see()
	}
}

// unseen are the values that nobody has read, of what was read above them, in the
// order of the input.
func (n *node) unseen() []*node {
	if n == nil || n.empty() {
		return nil
	}
	if !n.seen {
		return []*node{n}
	}
	var out []*node
	for _, key := range n.keys {
		out = append(out, n.values[strings.ToLower(key)].unseen()...)
	}
	for _, item := range n.items {
		out = append(out, item.unseen()...)
	}
	return out
}

// each calls f with every scalar.
func (n *node) each(f func(*node)) {
	if n == nil {
		return
	}
	if n.kind == scalar {
		f(n)
	}
	for _, key := range n.keys {
		n.values[strings.ToLower(key)].each(f)
	}
	for _, item := range n.items {
		item.each(f)
	}
}

// key is the last part of the path.
func (n *node) key() string {
	return n.path[strings.LastIndexAny(n.path, ".")+1:]
}

// parse reads JSON or YAML. An error names the line.
func parse(file string, body []byte) (*node, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	text := bytes.TrimSpace(body)
	if len(text) == 0 {
		return nil, fmt.Errorf("%s is empty", file)
	}
	if text[0] == '{' || text[0] == '[' {
		n, err := parseJSON(file, body)
		if err == nil {
			return n, nil
		}
		if n, fromYAML := parseYAML(file, body); fromYAML == nil {
			return n, nil
		}
		return nil, err
	}
	return parseYAML(file, body)
}

// reader builds nodes from JSON.
type reader struct {
	file  string
	dec   *json.Decoder
	lines []int
	nodes int
}

func parseJSON(file string, body []byte) (*node, error) {
	r := &reader{file: file, dec: json.NewDecoder(bytes.NewReader(body))}
	r.dec.UseNumber()
	for i, c := range body {
		if c == '\n' {
			r.lines = append(r.lines, i)
		}
	}
	n, err := r.value("", 0)
	if err == nil {
		if _, more := r.dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more follows after the end of the JSON value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, r.line(), err)
	}
	return n, nil
}

func (r *reader) line() int { return 1 + sort.SearchInts(r.lines, int(r.dec.InputOffset())) }

func (r *reader) value(path string, depth int) (*node, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		return nil, errors.New("too deep or too large")
	}
	n := &node{file: r.file, path: path, line: r.line(), seen: path == ""}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			n.kind, n.values = object, map[string]*node{}
			return n, r.object(n, depth)
		}
		n.kind = list
		return n, r.list(n, depth)
	case nil:
		n.null = true
	case bool:
		n.text, n.bare = strconv.FormatBool(v), true
	case json.Number:
		n.text, n.bare = v.String(), true
	default:
		n.text = fmt.Sprint(v)
	}
	return n, nil
}

func (r *reader) object(n *node, depth int) error {
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return err
		}
		key := fmt.Sprint(token)
		value, err := r.value(below(n.path, key), depth+1)
		if err != nil {
			return err
		}
		n.put(key, value)
	}
	_, err := r.dec.Token()
	return err
}

func (r *reader) list(n *node, depth int) error {
	for r.dec.More() {
		value, err := r.value(fmt.Sprintf("%s[%d]", n.path, len(n.items)), depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, value)
	}
	_, err := r.dec.Token()
	return err
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func parseYAML(file string, body []byte) (*node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("%s is empty", file)
	}
	left := maxNodes
	n, err := fromYAML(file, "", doc.Content[0], 0, &left)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	n.seen = true
	return n, nil
}

func fromYAML(file, path string, y *yaml.Node, depth int, left *int) (*node, error) {
	if *left--; *left < 0 || depth > maxDepth {
		return nil, errors.New("too deep or too large")
	}
	if y.Kind == yaml.AliasNode {
		return fromYAML(file, path, y.Alias, depth+1, left)
	}
	if tag := y.Tag; strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		return shortTag(file, path, y, depth, left)
	}
	n := &node{file: file, path: path, line: y.Line}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind, n.values = object, map[string]*node{}
		return n, mapping(n, y, depth, left)
	case yaml.SequenceNode:
		n.kind = list
		for i, item := range y.Content {
			value, err := fromYAML(file, fmt.Sprintf("%s[%d]", path, i), item, depth+1, left)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, value)
		}
	default:
		n.text, n.null = y.Value, y.ShortTag() == "!!null"
		n.bare = y.ShortTag() != "!!str" && json.Valid([]byte(y.Value))
	}
	return n, nil
}

func mapping(n *node, y *yaml.Node, depth int, left *int) error {
	var merged []*node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		value, err := fromYAML(n.file, below(n.path, key.Value), y.Content[i+1], depth+1, left)
		if err != nil {
			return err
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value.list()...)
			continue
		}
		n.put(key.Value, value)
	}
	for _, from := range merged {
		for _, key := range from.keys {
			if !n.has(key) {
				n.put(key, from.values[strings.ToLower(key)])
			}
		}
	}
	return nil
}

// shortTag writes CloudFormation's !Ref and the like in full.
func shortTag(file, path string, y *yaml.Node, depth int, left *int) (*node, error) {
	plain := *y
	plain.Tag = ""
	value, err := fromYAML(file, path, &plain, depth+1, left)
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(y.Tag, "!")
	if !slices.Contains([]string{"Ref", "Condition"}, name) {
		name = "Fn::" + name
	}
	n := value.object()
	return n.put(name, value), nil
}

// int32of is a number of the input, or the largest or smallest that the API has, which
// its rules refuse.
func int32of(n int) int32 { return int32(max(math.MinInt32, min(n, math.MaxInt32))) }
