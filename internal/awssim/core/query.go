package core

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
)

// Texts is a map of strings, which the query protocol writes as entries.
type Texts map[string]string

// MarshalXML writes the entries in the order of their keys.
func (t Texts) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	type entry struct {
		Key   string `xml:"key"`
		Value string `xml:"value"`
	}
	var out struct {
		Entries []entry `xml:"entry"`
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		out.Entries = append(out.Entries, entry{key, t[key]})
	}
	return e.EncodeElement(out, start)
}

// DecodeQuery fills the struct that out points to from query-protocol
// parameters: field names are parameter names, slices read name.member.N, maps
// of strings read name.entry.N.key and .value, nested structs read name.field, pointers are nil when absent. Parameters
// without a field are refused, so that the simulator never ignores what it
// does not understand; Action and Version are known to all.
func DecodeQuery(in url.Values, out any) error {
	used := map[string]bool{"Action": true, "Version": true}
	if _, err := decodeValue(in, "", reflect.ValueOf(out).Elem(), used); err != nil {
		return err
	}
	for key := range in {
		if !used[key] {
			return Errorf("ValidationError", "Unknown parameter: %s", key)
		}
	}
	return nil
}

// decodeValue sets v from the parameters at path and tells whether any was
// there.
func decodeValue(in url.Values, path string, v reflect.Value, used map[string]bool) (bool, error) {
	switch v.Kind() {
	case reflect.Pointer:
		return decodePointer(in, path, v, used)
	case reflect.Struct:
		return decodeStruct(in, path, v, used)
	case reflect.Slice:
		return decodeSlice(in, path, v, used)
	case reflect.Map:
		return decodeEntries(in, path, v, used), nil
	default:
		return decodeScalar(in, path, v, used)
	}
}

func decodePointer(in url.Values, path string, v reflect.Value, used map[string]bool) (bool, error) {
	elem := reflect.New(v.Type().Elem())
	found, err := decodeValue(in, path, elem.Elem(), used)
	if found {
		v.Set(elem)
	}
	return found, err
}

func decodeStruct(in url.Values, path string, v reflect.Value, used map[string]bool) (bool, error) {
	found := false
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Name
		if path != "" {
			name = path + "." + name
		}
		set, err := decodeValue(in, name, v.Field(i), used)
		if err != nil {
			return false, err
		}
		found = found || set
	}
	return found, nil
}

func decodeSlice(in url.Values, path string, v reflect.Value, used map[string]bool) (bool, error) {
	if in.Has(path) { // an empty list is sent as "Name="
		used[path] = true
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		return true, nil
	}
	for n := 1; ; n++ {
		elem := reflect.New(v.Type().Elem()).Elem()
		found, err := decodeValue(in, fmt.Sprintf("%s.member.%d", path, n), elem, used)
		if err != nil {
			return false, err
		}
		if !found {
			return n > 1, nil
		}
		v.Set(reflect.Append(v, elem))
	}
}

// decodeEntries fills a map of strings.
func decodeEntries(in url.Values, path string, v reflect.Value, used map[string]bool) bool {
	entries := reflect.MakeMap(v.Type())
	for n := 1; ; n++ {
		key, value := fmt.Sprintf("%s.entry.%d.key", path, n), fmt.Sprintf("%s.entry.%d.value", path, n)
		if !in.Has(key) {
			break
		}
		used[key], used[value] = true, true
		entries.SetMapIndex(reflect.ValueOf(in.Get(key)), reflect.ValueOf(in.Get(value)))
	}
	if entries.Len() == 0 {
		return false
	}
	v.Set(entries)
	return true
}

func decodeScalar(in url.Values, path string, v reflect.Value, used map[string]bool) (bool, error) {
	if !in.Has(path) {
		return false, nil
	}
	used[path] = true
	text := in.Get(path)
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return false, Errorf("ValidationError", "%s: %q is not a boolean", path, text)
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false, Errorf("ValidationError", "%s: %q is not an integer", path, text)
		}
		v.SetInt(n)
	default:
		panic(fmt.Sprintf("core: DecodeQuery can't fill a %s at %s", v.Kind(), path))
	}
	return true, nil
}
