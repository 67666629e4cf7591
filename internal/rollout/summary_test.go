package rollout

import "testing"

// Traffic is said to be in sync only while the rule routes as intended.
func TestInSync(t *testing.T) {
	for name, c := range map[string]struct {
		routes Targets
		want   bool
	}{
		"as intended":     {to1(), true},
		"someone's share": {Targets{{group1, 50}, {foreignGroup, 50}}, false},
		"nowhere":         {nil, false},
	} {
		o := with(serving(), func(o *Observation) { o.Route.Targets = c.routes })
		if d := Decide(o, start); d.InSync != c.want {
			t.Errorf("%s: in sync: %t", name, d.InSync)
		}
	}
}
