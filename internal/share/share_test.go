package share_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/viridian-dev/viridian/internal/share"
)

// take has each tenant take all that it gets.
func take(s *share.Shares, tenants int) []int {
	got := make([]int, tenants)
	for i := range got {
		for s.Take(fmt.Sprint(i)) {
			got[i]++
		}
	}
	return got
}

// TestTake: whatever one tenant takes, there are places for the next one.
func TestTake(t *testing.T) {
	tests := map[string]struct {
		shares *share.Shares
		want   []int
	}{
		"limit":               {share.New(16), []int{8, 4, 2, 1, 1, 0}},
		"one":                 {share.New(1), []int{1, 0, 0}},
		"two":                 {share.New(2), []int{1, 1}},
		"guaranteed":          {share.NewGuaranteed(8), []int{4, 2, 1, 1, 1, 1}},
		"guaranteed, of none": {share.NewGuaranteed(0), []int{1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := take(tt.shares, len(tt.want)); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestGive: what is given back can be taken by others.
func TestGive(t *testing.T) {
	s := share.New(4)
	if got := take(s, 4); !slices.Equal(got, []int{2, 1, 1, 0}) {
		t.Fatalf("got %v", got)
	}
	if s.Has("3") {
		t.Error("there is a place too many")
	}
	s.Give("0")
	if !s.Has("3") || !s.Take("3") || s.Take("3") {
		t.Error("the place that was given back isn't there")
	}
	if s.Take("0") {
		t.Error("it is there twice")
	}
}
