package core

import (
	"fmt"
	"reflect"
	"strconv"
)

// DecodeProperties fills the struct that out points to from a resource's
// resolved properties: field names are property names, pointers stay nil when
// the property is absent, strings are converted to numbers and booleans and
// back where the field wants it. A property without a field is refused, so
// that the simulator never ignores what it does not understand.
func DecodeProperties(properties map[string]any, out any) error {
	return decodeProperty("#", properties, reflect.ValueOf(out).Elem())
}

func decodeProperty(path string, in any, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Interface:
		if in != nil {
			v.Set(reflect.ValueOf(in))
		}
		return nil
	case reflect.Pointer:
		elem := reflect.New(v.Type().Elem())
		v.Set(elem)
		return decodeProperty(path, in, elem.Elem())
	case reflect.Struct:
		return decodeObject(path, in, v)
	case reflect.Map:
		return decodeMap(path, in, v)
	case reflect.Slice:
		return decodeList(path, in, v)
	default:
		return decodeText(path, in, v)
	}
}

func decodeObject(path string, in any, v reflect.Value) error {
	m, ok := in.(map[string]any)
	if !ok {
		return Errorf("InvalidRequest", "%s", wrongType(path, "JSONObject", in))
	}
	for key, value := range m {
		field := v.FieldByName(key)
		if !field.IsValid() {
			return Errorf("InvalidRequest", "%s: extraneous key [%s] is not permitted", path, key)
		}
		if err := decodeProperty(path+"/"+key, value, field); err != nil {
			return err
		}
	}
	return nil
}

func decodeMap(path string, in any, v reflect.Value) error {
	m, ok := in.(map[string]any)
	if !ok {
		return Errorf("InvalidRequest", "%s", wrongType(path, "JSONObject", in))
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(m)))
	for key, value := range m {
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := decodeProperty(path+"/"+key, value, elem); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key), elem)
	}
	return nil
}

func decodeList(path string, in any, v reflect.Value) error {
	list, ok := in.([]any)
	if !ok {
		return Errorf("InvalidRequest", "%s", wrongType(path, "JSONArray", in))
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, value := range list {
		if err := decodeProperty(fmt.Sprintf("%s/%d", path, i), value, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeText(path string, in any, v reflect.Value) error {
	text, ok := ScalarText(in)
	if !ok {
		return Errorf("InvalidRequest", "%s", wrongType(path, "String", in))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return Errorf("InvalidRequest", "%s", wrongType(path, "Boolean", in))
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return Errorf("InvalidRequest", "%s", wrongType(path, "Integer", in))
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return Errorf("InvalidRequest", "%s", wrongType(path, "Number", in))
		}
		v.SetFloat(f)
	default:
		panic(fmt.Sprintf("core: DecodeProperties can't fill a %s at %s", v.Kind(), path))
	}
	return nil
}
