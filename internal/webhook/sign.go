package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

// Headers of a request, as Standard Webhooks 1.0 names them.
const (
	// IDHeader identifies the attempt: it is the same when the attempt is asked
	// again.
	IDHeader = "Webhook-Id"
	// TimestampHeader holds when the request was sent, in Unix seconds.
	TimestampHeader = "Webhook-Timestamp"
	// SignatureHeader holds "v1," and, in base64, the HMAC-SHA256 of the ID, the
	// timestamp and the body, with dots in between. Unsigned requests lack it.
	SignatureHeader = "Webhook-Signature"
)

// keyPrefix is before a key in base64.
const keyPrefix = "whsec_"

// ParseKey reads a key: what is in base64 after "whsec_", or the bytes as they
// are.
func ParseKey(text []byte) ([]byte, error) {
	encoded, found := strings.CutPrefix(strings.TrimSpace(string(text)), keyPrefix)
	if !found {
		return text, nil
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// idOf is the ID for an idempotency key. IDs have no dots, which keys do.
func idOf(idempotencyKey string) string {
	sum := sha256.Sum256([]byte(idempotencyKey))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// Verify reports whether a request with these headers and body was signed with
// the key. It is for the receiver, which also has to reject timestamps that are
// too old. An empty key verifies nothing, as everybody has it.
func Verify(key []byte, header http.Header, body []byte) bool {
	want := sign(key, header.Get(IDHeader), header.Get(TimestampHeader), body)
	return len(key) > 0 && hmac.Equal([]byte(want), []byte(header.Get(SignatureHeader)))
}

// sign returns the signature header's value.
func sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
