package elb

import (
	"encoding/xml"
	"strings"
	"testing"
)

// TestListsOfConditions: conditions leave out the values that they don't have,
// and a rule has its transforms even if there are none.
func TestListsOfConditions(t *testing.T) {
	out, err := xml.Marshal(Rule{Conditions: []Condition{
		{Field: "source-ip", SourceIpConfig: &ValuesConfig{Values: []string{"10.0.0.0/8"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "<Conditions><member><Field>source-ip</Field><SourceIpConfig><Values><member>10.0.0.0/8</member></Values></SourceIpConfig></member></Conditions>"
	if text := string(out); !strings.Contains(text, want) || !strings.Contains(text, "<Transforms></Transforms>") {
		t.Errorf("got %s, want %s and Transforms", text, want)
	}
}
