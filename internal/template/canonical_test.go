package template

import (
	"testing"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

func TestCanonicalJSON(t *testing.T) {
	type grown struct {
		New *string `json:"new,omitempty"`
		v1alpha1.RevisionTemplate
	}
	type shuffled struct {
		Memory string `json:"memory"`
		Large  int64  `json:"large"`
		CPU    string `json:"cpu"`
	}
	tests := map[string]struct {
		in, same any
	}{
		"a field added and left out": {
			in:   v1alpha1.RevisionTemplate{CPU: "256"},
			same: grown{RevisionTemplate: v1alpha1.RevisionTemplate{CPU: "256"}},
		},
		"another order, and no number loses digits": {
			in:   map[string]any{"cpu": "256", "large": int64(1<<62 + 1), "memory": "512"},
			same: shuffled{CPU: "256", Memory: "512", Large: 1<<62 + 1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want, got := string(canonicalJSON(tt.in)), string(canonicalJSON(tt.same))
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
