package template

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Record is what a stack's template says about the revision that it was built
// from. If the ImmutableRevision is lost, it is recreated from this.
type Record struct {
	// Template as it was frozen, with its images pinned.
	Template v1alpha1.RevisionTemplate `json:"template"`
	// Images as the user named them, and what each was pinned to.
	Images []v1alpha1.FrozenImage `json:"images,omitempty"`
	// Configuration is what the template holds of the values that it refers to; nil
	// if it refers to none.
	Configuration *v1alpha1.FrozenConfiguration `json:"configuration,omitempty"`
	// Provenance says where the revision comes from.
	Provenance *v1alpha1.Provenance `json:"provenance,omitempty"`
	// ListenerARN of the listener that has the preview rule; "" for a worker.
	ListenerARN string `json:"listenerARN,omitempty"`
}

// Restore fills in what was frozen, as the record has it.
func (r *Record) Restore(frozen *v1alpha1.FrozenRevision) {
	frozen.Template, frozen.Images, frozen.ListenerARN = r.Template, r.Images, r.ListenerARN
	frozen.Configuration, frozen.Provenance = r.Configuration, r.Provenance
}

// errNoRecord is about templates that were built before they held a record, or
// that had no room for it.
var errNoRecord = errors.New("the stack's template holds no record of its revision")

// ReadRecord returns the record in the body of a stack's template.
func ReadRecord(body string) (Record, error) {
	var doc struct{ Metadata *metadata }
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		return Record{}, fmt.Errorf("read the stack's template: %w", err)
	}
	if doc.Metadata == nil || len(doc.Metadata.Revision.Template.Containers) == 0 {
		return Record{}, errNoRecord
	}
	return doc.Metadata.Revision, nil
}
