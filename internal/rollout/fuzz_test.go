package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// FuzzRequests asks for anything by annotation in the middle of a rollout: it
// is handled once, and acts only if it names the rollout.
func FuzzRequests(f *testing.F) {
	for _, s := range [][3]string{
		{"shop-2/2", "", ""}, {"shop-2/full", "", ""}, {"", "shop-2", ""}, {"", "", "shop-2"}, {"shop-2/99999999999999999999", "", ""},
		{"/full", "/", "\x00"}, {"shop-2/2/full", "shop-20", "shop-1"}, {"shop-2", "shop-2/1", "shop-2/full"}, {"shop-2/-1", "shop-02", " "},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, promote, abort, retry string) {
		o := rolling(1, time.Second)
		o.Requests = Requests{Promote: promote, Abort: abort, Retry: retry}
		d := Decide(o, start)
		if d.Progress.Handled != o.Requests {
			t.Fatalf("%+v was handled as %+v", o.Requests, d.Progress.Handled)
		}
		r := d.Progress.Rollout
		if named := abort == "shop-2" || abort == o.Progress.Rollout.ID; (r.Outcome == v1alpha1.OutcomeAborted) != (named && abort != "") {
			t.Errorf("abort=%q led to the outcome %q", abort, r.Outcome)
		}
		name, _, _ := strings.Cut(promote, "/")
		if named := name == "shop-2" || name == o.Progress.Rollout.ID; !named && (r.Full || r.ApprovedStep != 0) {
			t.Errorf("promote=%q acts on another rollout", promote)
		}
		o.Progress = d.Progress
		if again := Decide(o, start); len(again.Notices) > 0 {
			t.Errorf("%+v is handled twice: %+v", o.Requests, again.Notices)
		}
	})
}
