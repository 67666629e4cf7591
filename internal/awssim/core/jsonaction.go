package core

import (
	"bytes"
	"encoding/json"
	"time"
)

// Action decodes the input of an action of a JSON protocol. What it doesn't know is
// refused, so that the simulator never ignores what it does not understand.
func Action[In any](f func(In) (any, error)) JSONFunc {
	return func(body []byte) (any, error) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return nil, Errorf("SerializationException", "%s", err.Error())
		}
		return f(in)
	}
}

// Epoch is a time as the JSON protocols write it: seconds, with fractions.
type Epoch float64

// Stamp writes a time.
func Stamp(t time.Time) Epoch { return Epoch(float64(t.UnixMilli()) / 1000) }

// StampOrNil leaves out a time that isn't set, or hasn't come.
func StampOrNil(t time.Time) *Epoch {
	if t.IsZero() {
		return nil
	}
	return new(Stamp(t))
}

// Time reads a time; zero if it wasn't given.
func (e *Epoch) Time() time.Time {
	if e == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(float64(*e) * 1000)).UTC()
}
