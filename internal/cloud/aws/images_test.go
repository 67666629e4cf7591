package aws

import (
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/cloud"
)

const registry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"

func TestDigest(t *testing.T) {
	digest, latest := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64)
	tests := map[string]struct {
		image, want string
		ok          bool
		kind        cloud.Kind
		calls       int
	}{
		"tag":              {registry + "/shop/checkout:2.1.0", digest, true, "", 1},
		"no tag":           {registry + "/shop/checkout", latest, true, "", 1},
		"unknown tag":      {registry + "/shop/checkout:9", "", false, cloud.KindNotFound, 1},
		"no repository":    {registry + "/shop/other:1", "", false, cloud.KindNotFound, 1},
		"pinned":           {registry + "/shop/checkout@" + digest, digest, true, "", 0},
		"pinned with tag":  {registry + "/shop/checkout:9@" + digest, digest, true, "", 0},
		"pinned elsewhere": {"registry.example.com:5000/checkout@" + digest, digest, true, "", 0},
		"elsewhere":        {"registry.example.com:5000/checkout:1", "", false, "", 0},
		"no registry":      {"nginx:1.29", "", false, "", 0},
		"public ECR":       {"public.ecr.aws/nginx/nginx:1.29", "", false, "", 0},
		"looks like ECR":   {registry + ".example.com/checkout:1", "", false, "", 0},
		"broken digest":    {registry + "/shop/checkout@sha256:1", "", false, cloud.KindInvalid, 0},
		"broken tag":       {registry + "/shop/checkout:", "", false, cloud.KindInvalid, 0},
		"nothing":          {"", "", false, cloud.KindInvalid, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
				w.sim.PutImage("shop/checkout", "2.1.0", digest)
				w.sim.PutImage("shop/checkout", "latest", latest)
				got, ok, err := w.Images.Digest(t.Context(), tc.image)
				if got.SHA256 != tc.want || ok != tc.ok || cloud.KindOf(err) != tc.kind {
					t.Errorf("got %q, %t, %v", got, ok, err)
				}
				if asked := ok && tc.calls > 0; asked != !got.PushedAt.IsZero() || asked && !got.PushedAt.Equal(time.Now().Truncate(time.Second)) {
					t.Errorf("pushed at %s", got.PushedAt)
				}
				if n := w.sim.CallCounts()["ecr:DescribeImages"]; n != tc.calls {
					t.Errorf("%d calls were made, want %d", n, tc.calls)
				}
			})
		})
	}
}

// A region in a registry's name that can't be one is told as that.
func TestDigestInNoRegion(t *testing.T) {
	_, _, err := (&wire{}).clients(t).Images.Digest(t.Context(), "111122223333.dkr.ecr.region.amazonaws.com/shop:1.0")
	wantKind(t, err, cloud.KindInvalid)
	if want := `it names "region", which is no region; one reads like eu-west-1`; !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// The image's registry, not the identity's region, decides which ECR is called.
func TestDigestAsksTheImagesRegion(t *testing.T) {
	tests := map[string]string{
		"111122223333.dkr.ecr.us-east-2.amazonaws.com":      "api.ecr.us-east-2.amazonaws.com",
		"111122223333.dkr.ecr-fips.us-east-2.amazonaws.com": "api.ecr.us-east-2.amazonaws.com",
		"111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn":  "api.ecr.cn-north-1.amazonaws.com.cn",
		"111122223333.dkr-ecr.us-west-2.on.aws":             "api.ecr.us-west-2.amazonaws.com",
		"111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu":  "api.ecr.eusc-de-east-1.amazonaws.eu",

		"111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn": "api.ecr.cn-north-1.amazonaws.com.cn",
		"111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov":               "api.ecr.us-iso-east-1.c2s.ic.gov",
		"111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov":           "api.ecr.us-isob-east-1.sc2s.sgov.gov",
		"111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk":          "api.ecr.eu-isoe-west-1.cloud.adc-e.uk",
		"111122223333.dkr.ecr.us-isof-south-1.csp.hci.ic.gov":         "api.ecr.us-isof-south-1.csp.hci.ic.gov",
	}
	for host, want := range tests {
		t.Run(host, func(t *testing.T) {
			var asked string
			p := newProvider(t, Options{MaxAttempts: 1, HTTPClient: asking(&asked)})
			_, _, err := clientsOf(t, p, cloud.Identity{}).Images.Digest(t.Context(), host+"/checkout:1")
			wantKind(t, err, cloud.KindTransient)
			if asked != want {
				t.Errorf("asked %s, want %s", asked, want)
			}
		})
	}
}
