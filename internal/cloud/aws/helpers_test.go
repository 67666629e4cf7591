package aws

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/cloud"
	"github.com/viridian-dev/viridian/internal/wirelog"
)

const region = "eu-west-1"

// TestMain disables the machine's own AWS configuration.
func TestMain(m *testing.M) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	} {
		_ = os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// world is a simulated account with the adapters in front of it.
type world struct {
	sim      *awssim.Sim
	provider *Provider
	cloud.Clients
}

// bubble runs f in virtual time.
func bubble(t *testing.T, o awssim.Options, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New(o)
		defer sim.Close()
		p := newProvider(t, Options{HTTPClient: &http.Client{Transport: wirelog.Transport(sim.Transport())}})
		f(t, &world{sim: sim, provider: p, Clients: clientsOf(t, p, cloud.Identity{})})
	})
}

// newProvider fills in region and credentials.
func newProvider(t *testing.T, o Options) *Provider {
	t.Helper()
	o.Region = region
	o.StaticCredentials = &StaticCredentials{AccessKeyID: "AKIATESTTESTTESTTEST", SecretAccessKey: "secret"}
	p, err := NewProvider(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func clientsOf(t *testing.T, p *Provider, id cloud.Identity) cloud.Clients {
	t.Helper()
	c, err := p.For(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// roundTripper turns a function into a transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// check ends the test on an unexpected error.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind checks the kind of err.
func wantKind(t *testing.T, err error, kind cloud.Kind) {
	t.Helper()
	_ = failure(t, err, kind)
}

// failure checks the kind of err and returns it.
func failure(t *testing.T, err error, kind cloud.Kind) *cloud.Error {
	t.Helper()
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("error is %q of kind %q, want kind %q", err, cloud.KindOf(err), kind)
	}
	return e
}

// settle waits until a stack doesn't change any more.
func (w *world) settle(t *testing.T, stackID string) cloud.Stack {
	t.Helper()
	for range 10_000 {
		s, err := w.Stacks.Describe(t.Context(), stackID)
		check(t, err)
		if !strings.HasSuffix(string(s.Status), "_IN_PROGRESS") {
			return s
		}
		time.Sleep(10 * time.Second)
	}
	t.Fatalf("stack %s does not settle", stackID)
	return cloud.Stack{}
}
