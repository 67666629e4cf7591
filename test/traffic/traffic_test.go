package traffic

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestRun: users ask for their host until the end, and each answer is recorded.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(r.Host)) // a user who is gone reads nothing
	}))
	defer server.Close()
	recorded := make(chan Answer)
	users := &Users{
		URL: server.URL, Host: "shop.example.com", Count: 3, Pause: time.Millisecond, Patience: time.Minute,
		Record: func(a Answer) {
			select {
			case recorded <- a:
			case <-ctx.Done():
			}
		},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		users.Run(ctx)
	}()
	for range 10 {
		a := <-recorded
		if a.Err != nil || a.Status != http.StatusTeapot || string(a.Body) != "shop.example.com" || a.At.IsZero() {
			t.Errorf("got %+v with body %q", a, a.Body)
		}
	}
	stop()
	<-done
}

// TestAsk: headers are sent, and an answer that is cut short is an error.
func TestAsk(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Viridian-Revision") == "2" {
			w.Header().Set("X-Revision", "2")
			return
		}
		w.Header().Set("Content-Length", "10")
		_, _ = w.Write([]byte("half")) // the rest is what is missing
	}))
	defer server.Close()
	users := &Users{URL: server.URL, Count: 1, Patience: time.Minute}
	if a := users.Ask(t.Context(), http.Header{"X-Viridian-Revision": {"2"}}); a.Err != nil || a.Header.Get("X-Revision") != "2" {
		t.Errorf("with a header: %+v", a)
	}
	if a := users.Ask(t.Context(), nil); a.Err == nil {
		t.Errorf("cut short: %+v", a)
	}
	server.Close()
	if a := users.Ask(t.Context(), nil); a.Err == nil || a.Status != 0 {
		t.Errorf("nobody there: %+v", a)
	}
}
