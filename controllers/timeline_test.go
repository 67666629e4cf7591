package controllers_test

import (
	"testing"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// A revision tells what part of the traffic it got, and in what order.
func TestTimeline(t *testing.T) {
	w := running(t)
	imd := w.serving()
	w.roll(imd, "2")
	w.eventually(imd, v1alpha1.PhaseComplete)
	weights := func(name string) (out []int32) {
		for _, point := range w.revision(name).Status.Traffic {
			w.Expect(point.At.IsZero()).To(gomega.BeFalse())
			out = append(out, point.Weight)
		}
		return out
	}
	w.Expect(weights("checkout-1")).To(gomega.Equal([]int32{100, 90, 50, 0}))
	w.Expect(weights("checkout-2")).To(gomega.Equal([]int32{10, 50, 100}))
}
