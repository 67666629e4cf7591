package webhook

import "testing"

func TestVerify(t *testing.T) {
	// Made with: printf '1750000000.{"a":1}' | openssl dgst -sha256 -hmac k
	const signature = "sha256=8b9a863655334b3c16615b77971ce1dd8ac4ce0895f46c7059676b1b53759fcd"
	tests := map[string]struct {
		key, timestamp, signature, body string
		want                            bool
	}{
		"right":             {"k", "1750000000", signature, `{"a":1}`, true},
		"another key":       {"l", "1750000000", signature, `{"a":1}`, false},
		"another time":      {"k", "1750000001", signature, `{"a":1}`, false},
		"another body":      {"k", "1750000000", signature, `{"a":2}`, false},
		"no signature":      {"k", "1750000000", "", `{"a":1}`, false},
		"without its kind":  {"k", "1750000000", signature[len("sha256="):], `{"a":1}`, false},
		"a part of it":      {"k", "1750000000", signature[:20], `{"a":1}`, false},
		"signed by nothing": {"", "1750000000", sign(nil, "1750000000", []byte(`{"a":1}`)), `{"a":1}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Verify([]byte(tt.key), tt.timestamp, tt.signature, []byte(tt.body)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
