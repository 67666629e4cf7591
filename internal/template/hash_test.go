package template_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/template"
)

// referring is a template with what no stack can be built from before it is frozen.
func referring(t v1alpha1.RevisionTemplate) v1alpha1.RevisionTemplate {
	t.ParameterPath = "/shop/production/"
	for i := range t.Containers {
		for j := range t.Containers[i].Environment {
			t.Containers[i].Environment[j].ValueFrom = &v1alpha1.ValueSource{SSM: "features"}
		}
	}
	return t
}

// If a hash changes here, an upgrade rolls out every application again.
func TestHashIsPinned(t *testing.T) {
	tests := map[string]struct {
		template v1alpha1.RevisionTemplate
		want     string
	}{
		"minimal": {minimalTemplate(), "37d5a0d56710a8a438c8d5568d1468284d3583a6b815599c24c025d6fc70d675"},
		"worker":  {workerTemplate(), "27f008b2cf4e0db4d35e47e64b6c5a56eb413f0248f46c5b540242a2c8425a98"},
		"first":   {firstTemplate(), "8e65c8d7b5fc4a7ca64602d5564b81cc7b688eefde3732749916dc1ad0e89987"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := template.Hash(tt.template); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHashEqual(t *testing.T) {
	tests := map[string]func(*v1alpha1.RevisionTemplate){
		"through the API server": func(t *v1alpha1.RevisionTemplate) {
			stored, err := json.Marshal(t)
			if err != nil {
				panic(err)
			}
			*t = v1alpha1.RevisionTemplate{}
			if err := json.Unmarshal(stored, t); err != nil {
				panic(err)
			}
		},
		"deep copy":             func(t *v1alpha1.RevisionTemplate) { *t = *t.DeepCopy() },
		"empty instead of none": func(t *v1alpha1.RevisionTemplate) { t.Containers[1].Command = []string{} },
	}
	want := template.Hash(fullTemplate())
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if got := template.Hash(with(fullTemplate(), change)); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Every value in the template changes the hash, and so does omitting it.
func TestHashSeesEveryField(t *testing.T) {
	original := referring(fullTemplate())
	seen := map[string]string{template.Hash(original): "the original"}
	check := func(path string) {
		hash := template.Hash(original)
		if other, taken := seen[hash]; taken {
			t.Errorf("a change of %s hashes as %s", path, other)
		}
		seen[hash] = "a change of " + path
	}
	walk(t, "template", reflect.ValueOf(&original).Elem(), check)
	if len(seen) < 80 {
		t.Errorf("walked over %d values only", len(seen))
	}
}

// walk changes one value after the other, calls check and restores it.
func walk(t *testing.T, path string, v reflect.Value, check func(path string)) {
	t.Helper()
	try := func(what string, changed reflect.Value) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		v.Set(changed)
		check(path + what)
		v.Set(old)
	}
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		try("", reflect.ValueOf(json.RawMessage(`{"changed":true}`)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walk(t, path+"."+v.Type().Field(i).Name, v.Field(i), check)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			try(" (shorter)", v.Slice(0, v.Len()-1))
		}
		for i := range v.Len() {
			walk(t, fmt.Sprintf("%s[%d]", path, i), v.Index(i), check)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			changed := reflect.MakeMap(v.Type())
			try(fmt.Sprintf("[%s] (left out)", key), changed)
			changed = reflect.MakeMap(v.Type())
			changed.SetMapIndex(key, reflect.ValueOf("changed").Convert(v.Type().Elem()))
			try(fmt.Sprintf("[%s]", key), changed)
			changed = reflect.MakeMap(v.Type())
			changed.SetMapIndex(reflect.ValueOf("another"), v.MapIndex(key))
			try(" (another key)", changed)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		try(" (left out)", reflect.Zero(v.Type()))
		walk(t, path, v.Elem(), check)
	case reflect.String:
		try("", reflect.ValueOf(v.String()+"x").Convert(v.Type()))
	case reflect.Int32:
		try("", reflect.ValueOf(int32(v.Int())+1))
	case reflect.Bool:
		try("", reflect.ValueOf(!v.Bool()))
	default:
		t.Fatalf("%s is a %s: teach walk to change it", path, v.Kind())
	}
}

// The full fixture must stay full, or fields are not tested. The second
// container exists to omit fields.
func TestFullTemplateIsFull(t *testing.T) {
	full := referring(fullTemplate())
	full.Containers = full.Containers[:1]
	var zeros func(path string, v reflect.Value)
	zeros = func(path string, v reflect.Value) {
		if v.IsZero() {
			t.Errorf("%s is not set", path)
			return
		}
		switch v.Kind() {
		case reflect.Pointer:
			zeros(path, v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				zeros(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				zeros(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
		default:
		}
	}
	zeros("template", reflect.ValueOf(full))
}
