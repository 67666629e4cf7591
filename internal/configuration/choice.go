package configuration

import (
	"slices"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Revision is one of the template in spec.
type Revision struct {
	Number int64
	Name   string
	// SHA256 of what it holds; "" if it isn't known.
	SHA256 string
}

// Choice is among the revisions of the template in spec that hold other values.
type Choice struct {
	// Revisions of the template, in ascending order.
	Revisions []Revision
	// Stable is the number of the revision that serves; 0 is none.
	Stable int64
	// Rollout is the one under way, or the last one; nil if there was none.
	Rollout *v1alpha1.Rollout
	// Retried is true if someone asks to try again what was given up.
	Retried bool
	// Seen is what was found the last time; nil if nothing was, or if changes aren't
	// rolled out.
	Seen *v1alpha1.ConfigurationStatus
	// Served are the names of revisions that were promoted, the last one first, and
	// GivenUp of those that were given up since.
	Served, GivenUp []string
}

// Remember has a choice know what became of earlier rollouts, the last one first.
func (c *Choice) Remember(history []v1alpha1.HistoryEntry) {
	for i := range history {
		switch h := &history[i]; {
		case h.Outcome.Good():
			c.Served = append(c.Served, h.Revision)
		case h.Outcome.Bad() && len(c.Served) == 0 && !slices.Contains(c.GivenUp, h.Revision):
			c.GivenUp = append(c.GivenUp, h.Revision)
		}
	}
}

// ValuesGivenUp are the SHA-256s of the values of which rollouts were given up since
// something was promoted, as long as the last one is not forgotten: then values were
// again as those that serve, and whatever they are afterwards is tried anew.
func (c *Choice) ValuesGivenUp() (sums []string) {
	if c.stuck() == nil {
		return nil
	}
	for _, r := range c.Revisions {
		if slices.Contains(c.GivenUp, r.Name) {
			sums = append(sums, r.SHA256)
		}
	}
	return sums
}

// GaveUp tells whether a rollout of values was given up, as ValuesGivenUp has them.
func (c *Choice) GaveUp(sum string) bool { return slices.Contains(c.ValuesGivenUp(), sum) }

// stuck is the revision that was given up last; nil if something was promoted since,
// or if someone asked to try again.
func (c *Choice) stuck() *Revision {
	if r := c.Rollout; r != nil && r.FinishedAt != nil && r.Outcome.Bad() && !r.Retried && !c.Retried {
		return c.of(r.Revision)
	}
	return nil
}

// Differ tells whether there are revisions of the template with different values.
func (c *Choice) Differ() bool {
	return slices.ContainsFunc(c.Revisions, func(r Revision) bool { return r.SHA256 != c.Revisions[0].SHA256 })
}

// Wanted is the SHA-256 of the values that the revision which is wanted holds; ""
// if a new one is wanted, whatever it will hold.
//
// A rollout that is under way goes on with its values: what changes meanwhile is
// looked at afterwards. Then what serves, or was given up, is wanted with the values
// that were found to be current, unless they were given up before: then what was given
// up last stays so. Whoever goes back to an earlier template gets the
// values with which it served: not those of a revision that was given up.
func (c *Choice) Wanted() string {
	if r := c.Rollout; r != nil && r.FinishedAt == nil {
		if underWay := c.of(r.Revision); underWay != nil {
			return underWay.SHA256
		}
	}
	if reference := c.Reference(); reference != nil {
		if c.Seen != nil && c.Seen.Revision == reference.Name && c.Seen.Changed != "" {
			if stuck := c.stuck(); stuck != nil && c.GaveUp(c.Seen.Changed) {
				return stuck.SHA256
			}
			return c.Seen.Changed
		}
		return reference.SHA256
	}
	return c.earlier()
}

// earlier is the SHA-256 of the values of the revision to go back to: the one before
// the last rollout, or else the last one that served.
func (c *Choice) earlier() string {
	if c.Rollout != nil {
		if previous := c.of(c.Rollout.From); previous != nil {
			return previous.SHA256
		}
	}
	for _, name := range c.Served {
		if i := slices.IndexFunc(c.Revisions, func(r Revision) bool { return r.Name == name }); i >= 0 {
			return c.Revisions[i].SHA256
		}
	}
	if n := len(c.Revisions); n > 0 {
		return c.Revisions[n-1].SHA256
	}
	return ""
}

// Reference is the revision whose values are compared with those that are current:
// the one that serves, or else the one that was given up last, which other values
// may mend; nil if there is neither.
func (c *Choice) Reference() *Revision {
	if stable := c.of(c.Stable); stable != nil {
		return stable
	}
	if r := c.Rollout; r != nil && r.FinishedAt != nil && r.Outcome.Bad() {
		return c.of(r.Revision)
	}
	return nil
}

func (c *Choice) of(number int64) *Revision {
	for i := range c.Revisions {
		if number != 0 && c.Revisions[i].Number == number {
			return &c.Revisions[i]
		}
	}
	return nil
}
