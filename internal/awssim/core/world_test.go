package core

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld("111122223333", "eu-west-1", 10, 1)
		var ran []string
		note := func(name string) func() { return func() { ran = append(ran, name) } }
		w.Lock()
		w.After(20*time.Second, note("later"))
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			w.After(10*time.Second, note(name))
		}
		stopped := w.After(10*time.Second, note("stopped"))
		w.After(5*time.Second, func() {
			stopped.Stop()
			stopped.Stop()
			w.After(5*time.Second, note("f"))
		})
		never := w.After(time.Hour, note("never"))
		w.Unlock()
		time.Sleep(3 * time.Second)
		w.Close()
		time.Sleep(time.Hour)
		w.Lock()
		defer w.Unlock()
		never.Stop()
		if diff := cmp.Diff([]string{"a", "b", "c", "d", "e", "f", "later"}, ran); diff != "" {
			t.Error(diff)
		}
	})
}

func TestIdentifiersFollowFromTheSeed(t *testing.T) {
	ids := func(seed uint64) []string {
		w := NewWorld("111122223333", "eu-west-1", 1, seed)
		return []string{w.HexID(17), w.HexID(40), w.UUID(), w.ARN("ecs", "cluster/shop")}
	}
	if diff := cmp.Diff(ids(1), ids(1)); diff != "" {
		t.Error(diff)
	}
	if ids(1)[2] == ids(2)[2] {
		t.Error("two seeds make the same identifiers")
	}
	if got := ids(1); len(got[0]) != 17 || len(got[1]) != 40 || got[3] != "arn:aws:ecs:eu-west-1:111122223333:cluster/shop" {
		t.Errorf("got %v", got)
	}
}
