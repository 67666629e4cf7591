package webhook

import (
	"net/http"
	"testing"
)

// The example of Standard Webhooks 1.0, "Verifying signatures", as its reference
// implementations test it.
const (
	exampleKey       = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleTime      = "1614265330"
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestVerify(t *testing.T) {
	tests := map[string]struct {
		key, id, timestamp, signature, body string
		want                                bool
	}{
		"right":             {exampleKey, exampleID, exampleTime, exampleSignature, exampleBody, true},
		"another key":       {"whsec_bWluZQ==", exampleID, exampleTime, exampleSignature, exampleBody, false},
		"another ID":        {exampleKey, "msg_1", exampleTime, exampleSignature, exampleBody, false},
		"another time":      {exampleKey, exampleID, "1614265331", exampleSignature, exampleBody, false},
		"another body":      {exampleKey, exampleID, exampleTime, exampleSignature, `{"test": 1}`, false},
		"no signature":      {exampleKey, exampleID, exampleTime, "", exampleBody, false},
		"without its kind":  {exampleKey, exampleID, exampleTime, exampleSignature[len("v1,"):], exampleBody, false},
		"signed by nothing": {"", exampleID, exampleTime, sign(nil, exampleID, exampleTime, []byte(exampleBody)), exampleBody, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			key, err := ParseKey([]byte(tt.key))
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{IDHeader: {tt.id}, TimestampHeader: {tt.timestamp}, SignatureHeader: {tt.signature}}
			if got := Verify(key, header, []byte(tt.body)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	if key, err := ParseKey([]byte("correct horse")); string(key) != "correct horse" || err != nil {
		t.Errorf("got %q, %v", key, err)
	}
	if key, err := ParseKey([]byte("whsec_bWluZQ==\n")); string(key) != "mine" || err != nil {
		t.Errorf("got %q, %v", key, err)
	}
	if _, err := ParseKey([]byte("whsec_!")); err == nil {
		t.Error("what isn't base64 is a key")
	}
}
