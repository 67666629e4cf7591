package template

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Hash identifies a template: the SHA-256, in hex, of its JSON as the API
// server stores it, with sorted keys and without omitted fields. The order of
// lists matters.
//
// It must not change between releases, or an upgrade rolls out everything
// again. A new field in the API doesn't change it as long as it is optional and
// has no default in the schema.
func Hash(t v1alpha1.RevisionTemplate) string {
	sum := sha256.Sum256(canonicalJSON(t))
	return hex.EncodeToString(sum[:])
}

// canonicalJSON converts through a map, whose keys are written in sorted order:
// the order of fields in the Go types doesn't matter. The API's types can
// always be encoded; a failure is a bug in this program.
func canonicalJSON(v any) []byte {
	var tree any
	written, err := json.Marshal(v)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(written))
		dec.UseNumber()
		err = dec.Decode(&tree)
	}
	if err == nil {
		written, err = json.Marshal(tree)
	}
	if err != nil {
		panic(fmt.Sprintf("template: %T doesn't encode as JSON: %v", v, err))
	}
	return written
}
