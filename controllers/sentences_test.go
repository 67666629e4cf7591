package controllers

import (
	"testing"

	"github.com/viridian-dev/viridian/internal/rollout"
)

func TestSentences(t *testing.T) {
	for message, want := range map[string]string{
		"AWS refused X: expired.": "AWS refused X: expired. Wait",
		"AWS refused X: no":       "AWS refused X: no. Wait",
	} {
		if got := (trouble{Blocked: rollout.Blocked{Message: message, Cure: "Wait"}}).sentences(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
