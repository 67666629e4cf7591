// Package manifest owns what can be said of manifests before they are applied: what
// the API server says to them, what the controller would, and the stack that would be
// made. It is pure: files in, findings and templates out.
//
// It imports the API and internal/{admission,cloud,command,policy,rollout,template}.
package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// Document is an object in a file.
type Document struct {
	File string
	// Line at which the document begins, from 1.
	Line      int
	Kind      string
	Namespace string
	Name      string
	object    map[string]any
	root      *yamlv3.Node
}

// separator ends a document.
var separator = regexp.MustCompile(`(?m)^---([ \t].*)?\r?$`)

// Read reads a file of YAML documents, or of one in JSON. It fails if a document
// isn't an object, or has a key twice.
func Read(file string, body []byte) ([]Document, error) {
	var out []Document
	begin := 0
	for _, end := range append(separator.FindAllIndex(body, -1), []int{len(body), len(body)}) {
		text, line := body[begin:end[0]], 1+bytes.Count(body[:begin], []byte("\n"))
		begin = end[1]
		if isEmpty(text) {
			continue
		}
		d := Document{File: file, Line: line, root: &yamlv3.Node{}}
		if err := yaml.UnmarshalStrict(text, &d.object); err != nil {
			return nil, fmt.Errorf("%s: the document at line %d: %w", file, line, err)
		}
		if err := yamlv3.Unmarshal(text, d.root); err != nil {
			return nil, fmt.Errorf("%s: the document at line %d: %w", file, line, err)
		}
		d.Kind, _ = d.object["kind"].(string)
		metadata, _ := d.object["metadata"].(map[string]any)
		d.Namespace, _ = metadata["namespace"].(string)
		d.Name, _ = metadata["name"].(string)
		out = append(out, d)
	}
	return out, nil
}

// isEmpty tells whether there are only comments and space.
func isEmpty(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// isOurs tells whether a document is of a kind of Viridian.
func (d *Document) isOurs(kind string) bool {
	version, _ := d.object["apiVersion"].(string)
	group, _, _ := strings.Cut(version, "/")
	return group == "deploy.viridian.dev" && d.Kind == kind
}

// parts are a path's keys and indices: spec.steps[0].weight.
var parts = regexp.MustCompile(`[^.\[\]]+`)

// lineOf is the line of a field, or of what holds it.
func (d *Document) lineOf(path string) int {
	node := d.root
	if len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := node.Line
	for _, part := range parts.FindAllString(path, -1) {
		key, value := child(node, part)
		if value == nil {
			break
		}
		node, line = value, key.Line
	}
	return d.Line + line - 1
}

// child is the value of a key or an index, and where it is written; nil if there is
// none.
func child(node *yamlv3.Node, part string) (key, value *yamlv3.Node) {
	switch node.Kind {
	case yamlv3.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == part {
				return node.Content[i], node.Content[i+1]
			}
		}
	case yamlv3.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i], node.Content[i]
		}
	default:
	}
	return nil, nil
}
