package controllers_test

import (
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
)

// with makes a deployment one with an image policy.
func withImages(p v1alpha1.ImagePolicy) func(*v1alpha1.ImmutableDeploymentSpec) {
	return func(s *v1alpha1.ImmutableDeploymentSpec) { s.ImagePolicy = p }
}

// scanned is a policy that refuses grave vulnerabilities.
func scanned(edit ...func(*v1alpha1.ImageScan)) v1alpha1.ImagePolicy {
	scan := v1alpha1.ImageScan{Severity: "HIGH", PendingSeconds: new(int32(3600)), IfUnavailable: v1alpha1.ScanFail}
	for _, f := range edit {
		f(&scan)
	}
	return v1alpha1.ImagePolicy{Scan: &scan}
}

// What scans say decides before a stack is made, and is kept as evidence.
func TestScanGate(t *testing.T) {
	t.Parallel()
	high := ecr.Finding{Name: "CVE-2026-1", Severity: "HIGH", Package: "openssl", Version: "3.0.1"}
	proceed := func(s *v1alpha1.ImageScan) { s.IfUnavailable = v1alpha1.ScanProceed }
	for name, c := range map[string]struct {
		scan    *ecr.Scan
		edit    func(*v1alpha1.ImageScan)
		phase   v1alpha1.Phase
		reason  string
		message string
	}{
		"clean":                 {&ecr.Scan{}, nil, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, ""},
		"not grave":             {&ecr.Scan{Findings: []ecr.Finding{{Name: "CVE-2026-2", Severity: "LOW"}}}, nil, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, ""},
		"grave":                 {&ecr.Scan{Findings: []ecr.Finding{high}}, nil, v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageVulnerable, "has 1 vulnerability of severity HIGH or graver: HIGH CVE-2026-1 in openssl 3.0.1"},
		"enhanced":              {&ecr.Scan{Enhanced: true, Findings: []ecr.Finding{high}}, nil, v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageVulnerable, "HIGH CVE-2026-1"},
		"pending, clean":        {&ecr.Scan{PendingFor: 5 * time.Minute}, nil, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, ""},
		"pending, grave":        {&ecr.Scan{PendingFor: 5 * time.Minute, Findings: []ecr.Finding{high}}, nil, v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageVulnerable, "CVE-2026-1"},
		"empty at first, clean": {&ecr.Scan{Enhanced: true, EmptyFor: 5 * time.Minute}, nil, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, ""},
		"empty at first, grave": {&ecr.Scan{Enhanced: true, EmptyFor: 5 * time.Minute, Findings: []ecr.Finding{high}}, nil,
			v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageVulnerable, "CVE-2026-1"},
		"empty for ever": {&ecr.Scan{Enhanced: true, EmptyFor: 1000 * time.Hour}, func(s *v1alpha1.ImageScan) { s.PendingSeconds = new(int32(60)) },
			v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageNotScanned, "ECR has no findings yet"},
		"pending for ever": {&ecr.Scan{Status: "IN_PROGRESS"}, func(s *v1alpha1.ImageScan) { s.PendingSeconds = new(int32(60)) },
			v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageNotScanned, "is not scanned yet"},
		"failed":               {&ecr.Scan{Status: "FAILED"}, nil, v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageNotScanned, "has no findings to judge by"},
		"unsupported, proceed": {&ecr.Scan{Status: "UNSUPPORTED_IMAGE"}, proceed, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, ""},
		"never scanned":        {nil, nil, v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageNotScanned, "was never scanned"},
		"allowed": {&ecr.Scan{Findings: []ecr.Finding{high}}, func(s *v1alpha1.ImageScan) {
			s.Allow = []v1alpha1.AllowedFinding{{ID: "CVE-2026-1", Reason: "not reachable", Expires: metav1.NewTime(time.Now().AddDate(10, 0, 0))}}
		}, v1alpha1.PhaseComplete, v1alpha1.ReasonComplete, ""},
		"allowed until yesterday": {&ecr.Scan{Findings: []ecr.Finding{high}}, func(s *v1alpha1.ImageScan) {
			s.Allow = []v1alpha1.AllowedFinding{{ID: "CVE-2026-1", Reason: "not reachable", Expires: metav1.NewTime(time.Now().AddDate(0, 0, -1))}}
		}, v1alpha1.PhaseRolledBack, v1alpha1.ReasonImageVulnerable, "CVE-2026-1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			if c.scan != nil {
				w.Expect(w.sim.SetScan("checkout", "2", *c.scan)).To(gomega.Succeed())
			}
			policy := scanned()
			if c.edit != nil {
				policy = scanned(c.edit)
			}
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				withImages(policy)(s)
				s.Template.Containers[0].Image = image("2")
			})
			now := w.eventually(imd, c.phase)
			w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(c.reason))
			w.Expect(now.Status.Rollout.Message).To(gomega.ContainSubstring(c.message))
			w.Eventually(func() []string { return w.verdictsOn("checkout-2") }).ShouldNot(gomega.BeEmpty())
			if c.phase == v1alpha1.PhaseRolledBack {
				w.did("CreateStack checkout-1", "CreateRule 1:100")
			}
		})
	}
}

// What buildx pushes is an index, which ECR doesn't scan: the image that runs is
// looked at, that of the template's architecture.
func TestScanOfAnIndex(t *testing.T) {
	t.Parallel()
	high := ecr.Scan{Findings: []ecr.Finding{{Name: "CVE-2026-1", Severity: "HIGH"}}}
	for name, c := range map[string]struct {
		architecture string
		phase        v1alpha1.Phase
	}{"clean": {"", v1alpha1.PhaseComplete}, "grave": {"ARM64", v1alpha1.PhaseRolledBack}} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			imd := w.serving()
			_, children, err := w.sim.PutIndex("checkout", "multi", "linux/amd64", "linux/arm64")
			w.Expect(err).NotTo(gomega.HaveOccurred())
			w.Expect(w.sim.SetScan("checkout", children[0], ecr.Scan{})).To(gomega.Succeed())
			w.Expect(w.sim.SetScan("checkout", children[1], high)).To(gomega.Succeed())
			w.update(imd, func(s *v1alpha1.ImmutableDeploymentSpec) {
				withImages(scanned())(s)
				s.Template.Containers[0].Image = image("multi")
				if c.architecture != "" {
					s.Template.RuntimePlatform = &v1alpha1.RuntimePlatform{CPUArchitecture: c.architecture}
				}
			})
			now := w.eventually(imd, c.phase)
			if c.phase == v1alpha1.PhaseRolledBack {
				w.Expect(now.Status.Rollout.Reason).To(gomega.Equal(v1alpha1.ReasonImageVulnerable))
			}
		})
	}
}

// Tags that can't be pinned, or that others can move, need the user's consent.
func TestTags(t *testing.T) {
	t.Parallel()
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		image  string
		policy v1alpha1.ImagePolicy
		reason string
		remedy string
	}{
		"foreign tag":          {"docker.io/library/nginx:1.27", v1alpha1.ImagePolicy{}, v1alpha1.ReasonImageNotPinned, "spec.imagePolicy.foreignTags: Allow"},
		"foreign tag, allowed": {"docker.io/library/nginx:1.27", v1alpha1.ImagePolicy{ForeignTags: v1alpha1.TagAllow}, "", ""},
		"public tag":           {"public.ecr.aws/example/agent:7", v1alpha1.ImagePolicy{}, v1alpha1.ReasonImageNotPinned, "add public.ecr.aws/example/agent to spec.imagePolicy.foreignRegistries"},
		"registry allowed":     {"public.ecr.aws/example/agent:7", v1alpha1.ImagePolicy{ForeignRegistries: []string{"public.ecr.aws/example"}}, "", ""},
		"other registry":       {"public.ecr.aws/examples/agent:7", v1alpha1.ImagePolicy{ForeignRegistries: []string{"public.ecr.aws/example"}}, v1alpha1.ReasonImageNotPinned, "foreignRegistries"},
		"region is a word":     {"111122223333.dkr.ecr.region.amazonaws.com/shop:1.0", v1alpha1.ImagePolicy{}, v1alpha1.ReasonInvalidSpec, "Correct spec.template.containers"},
		"foreign digest":       {"docker.io/library/nginx" + digest, v1alpha1.ImagePolicy{}, "", ""},
		"mutable tag":          {image("1"), v1alpha1.ImagePolicy{MutableTags: v1alpha1.TagDeny}, v1alpha1.ReasonImageNotPinned, "put-image-tag-mutability"},
		"immutable tag":        {"111122223333.dkr.ecr.eu-west-1.amazonaws.com/fixed:1", v1alpha1.ImagePolicy{MutableTags: v1alpha1.TagDeny}, "", ""},
		"no repository":        {"111122223333.dkr.ecr.eu-west-1.amazonaws.com/none:1", v1alpha1.ImagePolicy{}, v1alpha1.ReasonRepositoryNotFound, "spec.imagePolicy.missingRepository: Create. It is looked for again by itself. The repositories there: aws ecr describe-repositories --registry-id 111122223333 "},
		"no tag":               {image("none"), v1alpha1.ImagePolicy{}, v1alpha1.ReasonImageNotFound, "Push the image"},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t)
			w.Expect(w.sim.CreateRepository("fixed", ecr.RepositoryOptions{TagMutability: "IMMUTABLE"})).To(gomega.Succeed())
			w.sim.PutImage("fixed", "1", "")
			imd := w.deployment("1")
			imd.Spec.ImagePolicy = c.policy
			imd.Spec.Template.Containers[0].Image = c.image
			w.create(imd)
			if c.reason == "" {
				w.eventually(imd, v1alpha1.PhaseComplete)
				return
			}
			now := w.blocked(imd, c.reason)
			w.Expect(now.Status.BlockedBy.Message).To(gomega.ContainSubstring(c.image))
			w.Expect(now.Status.BlockedBy.Remedy).To(gomega.ContainSubstring(c.remedy))
			w.did()
		})
	}
}

// A missing repository is made where that is wanted, and the rollout goes on
// once the image is there.
func TestRepositoryIsCreated(t *testing.T) {
	w := running(t)
	imd := w.deployment("1")
	imd.Spec.ImagePolicy.MissingRepository = v1alpha1.RepositoryCreate
	imd.Spec.Template.Containers[0].Image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/fresh:1"
	w.create(imd)
	now := w.blocked(imd, v1alpha1.ReasonImageNotFound)
	w.did("CreateRepository")
	w.Expect(now.Status.BlockedBy.Remedy).To(gomega.HavePrefix("Push the image"))
	w.Expect(w.sim.PutImage("fresh", "1", "")).NotTo(gomega.BeEmpty())
	w.eventually(imd, v1alpha1.PhaseComplete)
	w.did("CreateRepository", "CreateStack checkout-1", "CreateRule 1:100")
}

// An image that a lifecycle policy expired is told of while its tasks still run.
func TestImageExpires(t *testing.T) {
	w := newWorld(t)
	w.startAs(&setup{images: 10 * time.Minute})
	w.serving()
	missing := func() *metav1.Condition {
		return meta.FindStatusCondition(w.revisions()[0].Status.Conditions, v1alpha1.ConditionImagesMissing)
	}
	w.Expect(w.sim.DeleteImage("checkout", "1")).To(gomega.Succeed())
	w.Eventually(missing).ShouldNot(gomega.BeNil())
	told := missing()
	w.Expect(told.Status).To(gomega.Equal(metav1.ConditionTrue))
	w.Expect(told.Reason).To(gomega.Equal(v1alpha1.ReasonImageNotFound))
	w.Expect(told.Message).To(gomega.And(gomega.HavePrefix("Amazon ECR doesn't have "+image("1")[:len(image("1"))-2]), gomega.ContainSubstring("lifecycle policy"), gomega.ContainSubstring("aws ecr describe-images --registry-id 111122223333 --repository-name checkout ")))
	w.happened(&w.revisions()[0], "ImageNotFound: Amazon ECR doesn't have ")
	w.sim.PutImage("checkout", "1", "")
	w.Eventually(missing).Should(gomega.BeNil())
	w.did("CreateStack checkout-1", "CreateRule 1:100")
}
