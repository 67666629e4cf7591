package core

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeQuery(t *testing.T) {
	type part struct {
		Key   string
		Count *int
	}
	type input struct {
		Name  string
		Force bool
		Size  *int32
		Part  *part
		Parts []part
		Names []string
	}
	tests := map[string]struct {
		query string
		want  input
		err   string
	}{
		"nothing":    {"Action=Do&Version=2010-05-15", input{}, ""},
		"scalars":    {"Name=a&Force=true&Size=-3", input{Name: "a", Force: true, Size: new(int32(-3))}, ""},
		"structure":  {"Part.Key=a&Part.Count=1", input{Part: &part{"a", new(1)}}, ""},
		"lists":      {"Parts.member.1.Key=a&Parts.member.2.Key=b&Names.member.1=c", input{Parts: []part{{"a", nil}, {"b", nil}}, Names: []string{"c"}}, ""},
		"empty list": {"Names=", input{Names: []string{}}, ""},
		"gap":        {"Names.member.2=c", input{}, "ValidationError: Unknown parameter: Names.member.2"},
		"unknown":    {"Title=a", input{}, "ValidationError: Unknown parameter: Title"},
		"no boolean": {"Force=maybe", input{}, `ValidationError: Force: "maybe" is not a boolean`},
		"no integer": {"Parts.member.1.Count=1.5", input{}, `ValidationError: Parts.member.1.Count: "1.5" is not an integer`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			values, err := url.ParseQuery(tc.query)
			if err != nil {
				t.Fatal(err)
			}
			var got input
			err = DecodeQuery(values, &got)
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("got %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
