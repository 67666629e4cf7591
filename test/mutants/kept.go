package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// record keeps findings in a file, so that a run that was interrupted goes on
// where it stopped. Whoever changes the code begins a new one.
type record struct {
	file  *os.File
	mutex sync.Mutex
	kept  map[string]finding
}

// entry is a finding as a line of the file.
type entry struct {
	Mistake string
	Stage   string `json:",omitempty"`
	By      string `json:",omitempty"`
	Took    time.Duration
}

// openRecord reads what is kept in a file; "" keeps nothing.
func openRecord(path string) (*record, error) {
	r := &record{kept: map[string]finding{}}
	if path == "" {
		return r, nil
	}
	var err error
	if r.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil { //nolint:gosec // the user names it
		return nil, err
	}
	for lines := json.NewDecoder(r.file); ; {
		var e entry
		if err := lines.Decode(&e); errors.Is(err, io.EOF) {
			return r, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		r.kept[e.Mistake] = finding{stage: e.Stage, by: e.By, took: e.Took}
	}
}

// add keeps a finding, but for one that isn't: an error.
func (r *record) add(m mutant, f finding) error {
	if r.file == nil || f.err != nil {
		return nil
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return json.NewEncoder(r.file).Encode(entry{Mistake: m.name, Stage: f.stage, By: f.by, Took: f.took})
}
