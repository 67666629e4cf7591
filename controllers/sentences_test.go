package controllers

import (
	"testing"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// Many of AWS's messages end in a full stop, after which a remedy follows.
func TestSentences(t *testing.T) {
	const want = "AWS refused X: expired. Correct what spec refers to"
	for _, message := range []string{"expired.", "expired"} {
		trouble, ok := troubleOf(&cloud.Error{Kind: cloud.KindInvalid, Op: "X", Message: message}, cloud.Identity{})
		if got := trouble.sentences(); !ok || got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
