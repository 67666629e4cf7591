package gate

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// A key signs for the hosts that its Secret names only, if it names any.
func TestHostsOfASecret(t *testing.T) {
	tests := map[string]struct {
		hosts *string
		url   string
		key   string
		want  string
	}{
		"any host":          {nil, "https://evil.example.net/", "k", ""},
		"the host":          {new("tests.example.com"), "https://tests.example.com:8443/run?token=1", "k", ""},
		"in capitals":       {new("a.example.com, Tests.example.com"), "https://TESTS.example.com/run", "k", ""},
		"another host":      {new("tests.example.com"), "https://evil.example.net/", "k", `the Secret hook signs requests to "tests.example.com" only, not to evil.example.net`},
		"a part of it":      {new("tests.example.com"), "https://example.com/", "k", "not to example.com"},
		"no host":           {new(""), "https://tests.example.com/", "k", "not to tests.example.com"},
		"no key":            {nil, "https://tests.example.com/", "", "the Secret hook has no key hmac-key"},
		"a key not encoded": {nil, "https://tests.example.com/", "whsec_!", "the Secret hook has no key hmac-key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "hook"}, Data: map[string][]byte{signingKey: []byte(tt.key)}}
			if tt.hosts != nil {
				secret.Annotations = map[string]string{v1alpha1.AnnotationWebhookHosts: *tt.hosts}
			}
			gate := &post{secrets: fake.NewClientBuilder().WithObjects(secret).Build(), spec: &v1alpha1.WebhookGate{URL: tt.url, SecretName: "hook"}}
			key, err := gate.key(t.Context(), "shop")
			if tt.want == "" {
				if err != nil || string(key) != tt.key {
					t.Errorf("got %q, %v", key, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A Secret is looked for in the deployment's own namespace, whatever it is called.
func TestSecretOfAnotherNamespace(t *testing.T) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "payments", Name: "hook"}, Data: map[string][]byte{signingKey: []byte("k")}}
	for _, name := range []string{"hook", "payments/hook", "../payments/hook"} {
		gate := &post{secrets: fake.NewClientBuilder().WithObjects(secret).Build(), spec: &v1alpha1.WebhookGate{URL: "https://tests.example.com/", SecretName: name}}
		if key, err := gate.key(t.Context(), "shop"); err == nil || !strings.Contains(err.Error(), "does not exist") {
			t.Errorf("%s: got %q, %v", name, key, err)
		}
	}
}

// TestRemediesAreSafe: remedies that people paste into a shell run nothing that
// whoever wrote the deployment made them run.
func TestRemediesAreSafe(t *testing.T) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "hook", Annotations: map[string]string{v1alpha1.AnnotationWebhookHosts: "a.example.com, b.example.com"}}}
	for want, spec := range map[string]v1alpha1.WebhookGate{
		"kubectl annotate secret hook -n shop --overwrite viridian.dev/webhook-hosts='a.example.com,b.example.com,;id>$ifs;.example.com'": {URL: "https://;id>$IFS;.example.com/", SecretName: "hook"},
		"kubectl create secret generic 'x; id' -n shop --from-literal=hmac-key=…":                                                         {URL: "https://a.example.com/", SecretName: "x; id"},
	} {
		gate := &post{secrets: fake.NewClientBuilder().WithObjects(secret).Build(), spec: &spec}
		_, err := gate.key(t.Context(), "shop")
		refused, ok := errors.AsType[*refusal.Error](err)
		if !ok {
			t.Errorf("got %v, want %s", err, want)
		} else if !strings.Contains(refused.Remedy, want) {
			t.Errorf("got %s, want %s", refused.Remedy, want)
		}
	}
}

// What may be secret in an address isn't told, not even to its server.
func TestTarget(t *testing.T) {
	for in, want := range map[string]string{
		"https://tests.example.com:8443/a%2Fb?token=1#x": "https://tests.example.com:8443/a%2Fb",
		"https://tests.example.com":                      "https://tests.example.com",
	} {
		if got := pathOf(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
