package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Headers of a signed request.
const (
	// TimestampHeader holds when the request was sent, in Unix seconds.
	// Unsigned requests have it too.
	TimestampHeader = "X-Viridian-Timestamp"
	// SignatureHeader holds "sha256=" and, in hex, the HMAC-SHA256 of the
	// timestamp, a dot and the body.
	SignatureHeader = "X-Viridian-Signature"
)

// Verify reports whether a request with these headers and body was signed with
// the key. It is for the receiver, which also has to reject timestamps that are
// too old. An empty key verifies nothing, as everybody has it.
func Verify(key []byte, timestamp, signature string, body []byte) bool {
	return len(key) > 0 && hmac.Equal([]byte(sign(key, timestamp, body)), []byte(signature))
}

// sign returns the signature header's value.
func sign(key []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(timestamp))
	mac.Write([]byte("."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
