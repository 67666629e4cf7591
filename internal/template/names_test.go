package template_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/viridian-dev/viridian/internal/template"
)

var (
	validStackName   = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9]{0,127}$`)
	validGroupName   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9]{0,30}[A-Za-z0-9])?$`)
	longestNamespace = strings.Repeat("n", 63)
	longestName      = strings.Repeat("m", 40)
)

func TestStackName(t *testing.T) {
	tests := map[string]struct {
		namespace, name string
		revision        int64
		want            string
	}{
		"usual": {"shop", "checkout", 3, "viridian-shop-checkout-3-9e9591ef"},
		"longest": {
			longestNamespace, longestName, 9_999_999_999,
			"viridian-" + longestNamespace + "-" + strings.Repeat("m", 35) + "-9999999999-9e9591ef",
		},
		"cut at a hyphen": {
			longestNamespace, strings.Repeat("m", 34) + "-mmmm", 9_999_999_999,
			"viridian-" + longestNamespace + "-" + strings.Repeat("m", 34) + "-9999999999-9e9591ef",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := template.StackName(tt.namespace, tt.name, uid, tt.revision); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTargetGroupName(t *testing.T) {
	tests := map[string]struct {
		name     string
		revision int64
		want     string
	}{
		"usual":           {"checkout", 3, "checkout-3-9e9591ef"},
		"longest":         {longestName, 9_999_999_999, "mmmmmmmmmmmm-9999999999-9e9591ef"},
		"cut at a hyphen": {"checkout-of-the-shop-now", 12, "checkout-of-the-shop-12-9e9591ef"},
		"double hyphen":   {"check--out", 1, "check-out-1-9e9591ef"},
		"largest number":  {"checkout", 1<<63 - 1, "che-9223372036854775807-9e9591ef"},
		"nothing to read": {"--", 1, "viridian-1-9e9591ef"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := template.TargetGroupName(tt.name, uid, tt.revision); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{longestName, longestName[:39], "a", "a-1"} {
		for _, uid := range []string{uid, "another", "a third"} {
			for _, revision := range []int64{1, 2, 11, 111, 9_999_999_999} {
				made := []string{
					template.StackName(longestNamespace, name, name+uid, revision),
					template.TargetGroupName(name, name+uid, revision),
				}
				for _, m := range made {
					if other, taken := seen[m]; taken {
						t.Errorf("%q and %q both get %q", other, name+uid, m)
					}
					seen[m] = name + uid
				}
			}
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("shop", "checkout", uid, int64(3))
	f.Add(longestNamespace, longestName, uid, int64(9_999_999_999))
	f.Add("", "", "", int64(0))
	f.Add("1--", "-é/☃", "uid", int64(-1<<63))
	f.Fuzz(func(t *testing.T, namespace, name, uid string, revision int64) {
		if got := template.StackName(namespace, name, uid, revision); !validStackName.MatchString(got) {
			t.Errorf("stack name %q", got)
		}
		if got := template.TargetGroupName(name, uid, revision); !validGroupName.MatchString(got) {
			t.Errorf("target group name %q", got)
		}
	})
}

func TestPinImage(t *testing.T) {
	tests := map[string]struct{ image, digest, want string }{
		"tag":              {registry + "checkout:2.1.0", digestA, registry + "checkout@" + digestA},
		"no tag":           {registry + "checkout", digestA, registry + "checkout@" + digestA},
		"another digest":   {registry + "checkout@" + digestB, digestA, registry + "checkout@" + digestA},
		"tag and digest":   {registry + "checkout:2.1.0@" + digestA, digestA, registry + "checkout@" + digestA},
		"registry's port":  {"localhost:5000/team/app", digestA, "localhost:5000/team/app@" + digestA},
		"port and tag":     {"localhost:5000/team/app:1", digestA, "localhost:5000/team/app@" + digestA},
		"short name":       {"nginx:1.29", digestA, "nginx@" + digestA},
		"digest not known": {"nginx:1.29", "", "nginx:1.29"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := template.PinImage(tt.image, tt.digest); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
