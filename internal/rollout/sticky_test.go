package rollout

import (
	"strings"
	"testing"
	"time"
)

// A rule that keeps clients with their revision divides new ones only: a person who
// looks at the weight is told.
func TestStickyWeightIsToldOfNewClients(t *testing.T) {
	for _, sticky := range []bool{false, true} {
		o := rolling(0, time.Second)
		o.Route.Sticky = sticky
		d := Decide(o, start)
		if told := strings.Contains(d.Message, "the weight is the share of new clients"); told != sticky {
			t.Errorf("sticky %t: %q", sticky, d.Message)
		}
	}
}
