package aws

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReference parses anything as an image: if it is accepted, it has a
// repository, and a tag or a digest.
func FuzzReference(f *testing.F) {
	for _, image := range []string{
		"nginx", "nginx:1.27", "public.ecr.aws/nginx/nginx:latest", "localhost:5000/app", "a/b/c:tag",
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:2.1.0",
		"app@sha256:" + strings.Repeat("0a", 32), "app:tag@sha256:" + strings.Repeat("0a", 32), "app@sha256:1", ":", "/", "a:", "", "host/:x",
	} {
		f.Add(image)
	}
	f.Fuzz(func(t *testing.T, image string) {
		ref, err := parseReference(image)
		if err != nil {
			return
		}
		if ref.repository == "" || ref.tag == "" && ref.digest == "" {
			t.Fatalf("%q is taken for %+v", image, ref)
		}
		if ref.tag != "" && !tagShape.MatchString(ref.tag) || ref.digest != "" && !digestShape.MatchString(ref.digest) {
			t.Fatalf("%q has the tag %q and the digest %q", image, ref.tag, ref.digest)
		}
	})
}

// FuzzReason cleans anything that CloudFormation may say: the result contains
// no access key, and cleaning it again changes nothing.
func FuzzReason(f *testing.F) {
	for _, reason := range []string{
		`Resource handler returned message: "Priority '7' is currently in use (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: x)" (RequestToken: 1, HandlerErrorCode: AlreadyExists)`,
		"Resource creation cancelled", "User: AKIAIOSFODNN7EXAMPLE is not authorized",
		"The Canonical String for this request should have been 'x'", "Signature expired: 1 is now earlier than 2", "", " \n\t ", "\xff\xfe",
		"https response error StatusCode: 0, RequestID: , (RequestToken: a, (RequestToken: b)",
	} {
		f.Add(reason)
	}
	f.Fuzz(func(t *testing.T, reason string) {
		text := clean(reason)
		if strings.TrimSpace(text) != text {
			t.Fatalf("%q has space around it", text)
		}
		if utf8.ValidString(reason) && !utf8.ValidString(text) {
			t.Fatalf("%q became invalid: %q", reason, text)
		}
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r > 'Z' || r < '0' || r > '9' && r < 'A' }) {
			if len(word) == 20 && strings.HasPrefix(word, "AKIA") && strings.Contains(" "+text+" ", " "+word+" ") {
				t.Fatalf("%q still has the key %s", text, word)
			}
		}
		_ = kindOfCode("ValidationError", reason)
		_ = kindOfCode(reason, reason)
	})
}
