package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestSmokeTest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked := fmt.Sprint(r.URL.Path, " ", r.Host, " ", r.Header.Get("x-viridian-revision")); asked != "/healthz checkout.example.com 2" {
			http.Error(w, asked, http.StatusNotFound)
		}
	}))
	defer server.Close()
	const payload = `{"revision": {"name": "checkout-2"}, "preview": {"host": "checkout.example.com", "header": "x-viridian-revision", "value": "%s"}}`
	tests := map[string]struct {
		payload, want string
		fails         bool
	}{
		"fine":      {fmt.Sprintf(payload, "2"), `{"hookStatus":"SUCCEEDED","message":"checkout-2 answers /healthz with 200"}`, false},
		"not fine":  {fmt.Sprintf(payload, "3"), `{"hookStatus":"FAILED","message":"checkout-2 answers /healthz with 404"}`, false},
		"malformed": {"?", "", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := smokeTest(server.URL)([]byte(tc.payload))
			if string(got) != tc.want || (err != nil) != tc.fails {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	if _, err := smokeTest("http://127.0.0.1:1")([]byte(fmt.Sprintf(payload, "2"))); err == nil {
		t.Error("nobody answers, and it is fine")
	}
}
