package core

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var portSchema = Object(map[string]Schema{
	"Port":     Must(Int()),
	"Protocol": String("HTTP", "HTTPS"),
	"Enabled":  Bool(),
	"Tags":     TagList(),
	"Options":  MapOf(String()),
	"Free":     {},
})

func TestSchemaValidate(t *testing.T) {
	tests := map[string]struct {
		in   map[string]any
		want string
	}{
		"minimal":         {in: map[string]any{"Port": 80.0}},
		"number as text":  {in: map[string]any{"Port": "80", "Enabled": "true"}},
		"intrinsic":       {in: map[string]any{"Port": map[string]any{"Ref": "P"}, "Tags": map[string]any{"Fn::If": []any{}}}},
		"anything":        {in: map[string]any{"Port": 80.0, "Free": []any{nil}}},
		"missing":         {in: map[string]any{}, want: "#: required key [Port] not found"},
		"unknown":         {in: map[string]any{"Port": 1.0, "Prot": 1.0}, want: "#: extraneous key [Prot] is not permitted"},
		"not an integer":  {in: map[string]any{"Port": 80.5}, want: "#/Port: expected type: Integer, found: Number"},
		"enum":            {in: map[string]any{"Port": 1.0, "Protocol": "TCP"}, want: "#/Protocol: TCP is not a valid enum value"},
		"nested":          {in: map[string]any{"Port": 1.0, "Tags": []any{map[string]any{"Key": "a"}}}, want: "#/Tags/0: required key [Value] not found"},
		"object for list": {in: map[string]any{"Port": 1.0, "Tags": map[string]any{}}, want: "#/Tags: expected type: JSONArray, found: JSONObject"},
		"map value":       {in: map[string]any{"Port": 1.0, "Options": map[string]any{"a": []any{}}}, want: "#/Options/a: expected type: String, found: JSONArray"},
		"several":         {in: map[string]any{"X": 1.0, "Enabled": "yes"}, want: "#: required key [Port] not found\n#/Enabled: expected type: Boolean, found: String\n#: extraneous key [X] is not permitted"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := portSchema.Validate(tc.in); err != nil {
				got = err.(*APIError).Message //nolint:errorlint // Validate returns nothing else
			}
			if got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestDecodeProperties(t *testing.T) {
	type out struct {
		Name    string
		Port    *int
		Enabled *bool
		Ratio   float64
		Missing *string
		Tags    []Tag
		Options map[string]string
		Free    any
	}
	var got out
	in := map[string]any{
		"Name": 7.0, "Port": "80", "Enabled": "false", "Ratio": "0.5",
		"Tags":    []any{map[string]any{"Key": "a", "Value": true}},
		"Options": map[string]any{"x": 1.0},
		"Free":    []any{"y"},
	}
	if err := DecodeProperties(in, &got); err != nil {
		t.Fatal(err)
	}
	port, enabled := 80, false
	want := out{
		Name: "7", Port: &port, Enabled: &enabled, Ratio: 0.5, Tags: []Tag{{"a", "true"}},
		Options: map[string]string{"x": "1"}, Free: []any{"y"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := DecodeProperties(map[string]any{"Nme": 1.0}, &got); err == nil {
		t.Error("an unknown property was ignored")
	}
	if err := DecodeProperties(map[string]any{"Port": "x"}, &got); err == nil {
		t.Error("a text was taken for a number")
	}
}
