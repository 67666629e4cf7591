package importer

import (
	"reflect"
	"strconv"
	"strings"
)

// decode copies what a node has of a struct's fields, by their JSON names. Cases
// don't matter: executionRoleArn is executionRoleARN. What can't be read is
// reported, and what the struct doesn't have stays unseen.
func (m *mapper) decode(n *node, into any) { m.copy(n, reflect.ValueOf(into).Elem()) }

func (m *mapper) copy(n *node, to reflect.Value) {
	if n == nil || n.null {
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		if n.kind == object && len(n.keys) == 0 && to.Type().Elem().Kind() != reflect.Struct {
			return
		}
		value := reflect.New(to.Type().Elem())
		if m.copyValue(n, value.Elem()) {
			to.Set(value)
		}
	default:
		m.copyValue(n, to)
	}
}

// copyValue tells whether there was something to copy.
func (m *mapper) copyValue(n *node, to reflect.Value) bool {
	switch to.Kind() {
	case reflect.Struct:
		return m.copyStruct(n, to)
	case reflect.Slice:
		for _, item := range n.list() {
			value := reflect.New(to.Type().Elem()).Elem()
			if !item.null && m.copyValue(item, value) {
				to.Set(reflect.Append(to, value))
			}
		}
		return to.Len() > 0
	case reflect.Map:
		return m.copyMap(n, to)
	default:
		return m.copyScalar(n, to)
	}
}

func (m *mapper) copyStruct(n *node, to reflect.Value) bool {
	if n.kind != object {
		m.dropped(n, "this has to be an object")
		return false
	}
	for i := range to.NumField() {
		name, _, _ := strings.Cut(to.Type().Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			m.copy(n.get(name), to.Field(i))
		}
	}
	return true
}

func (m *mapper) copyMap(n *node, to reflect.Value) bool {
	if n.kind != object || to.Type().Key().Kind() != reflect.String {
		m.dropped(n, "this has to be an object")
		return false
	}
	to.Set(reflect.MakeMap(to.Type()))
	for _, key := range n.keys {
		value := reflect.New(to.Type().Elem()).Elem()
		if item := n.get(key); item != nil && m.copyValue(item, value) {
			to.SetMapIndex(reflect.ValueOf(key).Convert(to.Type().Key()), value)
		}
	}
	return to.Len() > 0
}

func (m *mapper) copyScalar(n *node, to reflect.Value) bool {
	if n.kind != scalar {
		m.dropped(n, "this has to be a single value")
		return false
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(m.value(n))
		return true
	case reflect.Bool:
		value, err := strconv.ParseBool(strings.ToLower(n.str()))
		if err != nil {
			m.dropped(n, "%q is neither true nor false", n.text)
			return false
		}
		to.SetBool(value)
		return true
	case reflect.Int32, reflect.Int64:
		value, ok := n.number()
		if !ok && (len(n.open) > 0 || marker.MatchString(n.text)) {
			m.missing(n, "the number isn't in the input")
			return false
		}
		if !ok {
			m.dropped(n, "%q isn't a number that is known here", n.text)
			return false
		}
		to.SetInt(int64(value))
		return true
	default:
		m.dropped(n, "it can't be read")
		return false
	}
}
