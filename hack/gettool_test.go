package hack_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// all tools of which there are prebuilt ones.
var all = []string{"kube-apiserver", "etcd", "kubectl"}

// contains fails the test unless the output has all of the texts.
func contains(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%q isn't in what was printed:\n%s", text, out)
		}
	}
}

// built fails the test unless the tools are those built from source.
func (c *checkout) built(tools ...string) {
	c.t.Helper()
	for _, tool := range tools {
		c.says(tool, map[string]string{
			"kube-apiserver": "Kubernetes " + pinnedKubernetes,
			"kubectl":        "Client Version: " + pinnedKubernetes,
			"etcd":           "etcd Version: " + pinnedEtcd[1:],
		}[tool])
	}
}

// TestDownload downloads once, the newest release of the pinned minor version
// for this platform, and then works without a network.
func TestDownload(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	x := newIndex(t,
		archive{kubernetes: "v1.998.7", etcd: pinnedEtcd},
		archive{kubernetes: "v1.999.0", etcd: pinnedEtcd},
		archive{kubernetes: "v1.999.1", etcd: "v3.999.4"},
		archive{kubernetes: "v1.999.3", etcd: pinnedEtcd, platform: "plan9-mips"},
		archive{kubernetes: "v1.1000.0", etcd: pinnedEtcd},
	)
	out := c.get(x.env(), all...)
	contains(t, out, "downloading kube-apiserver, etcd and kubectl v1.999.1")
	c.says("kube-apiserver", "Kubernetes v1.999.1")
	c.says("kubectl", "Client Version: v1.999.1")
	c.says("etcd", "etcd Version: 3.999.4")
	x.Close()
	if out := c.get(x.env(), all...); out != "" {
		t.Errorf("the second time it printed:\n%s", out)
	}
	c.says("kube-apiserver", "Kubernetes v1.999.1")
	if n := x.downloads.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
	c.tidy()
}

func TestDownloadPinned(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	x := newIndex(t,
		archive{kubernetes: "v1.999.1", etcd: pinnedEtcd},
		archive{kubernetes: pinnedKubernetes, etcd: pinnedEtcd},
		archive{kubernetes: "v1.999.3", etcd: pinnedEtcd},
	)
	contains(t, c.get(x.env(), "kubectl"), "downloading kube-apiserver, etcd and kubectl "+pinnedKubernetes)
	if n := x.downloads.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
}

// TestDownloadByTwo has two processes want the same at once.
func TestDownloadByTwo(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	x := newIndex(t, archive{kubernetes: "v1.999.0", etcd: pinnedEtcd})
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if out, err := c.try(x.env(), all...); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	both.Wait()
	c.says("etcd", "etcd Version: "+pinnedEtcd[1:])
	if n := x.downloads.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
	c.tidy()
}

// TestFallBack builds from source when nothing prebuilt can be had, and says
// why and how long it takes.
func TestFallBack(t *testing.T) {
	t.Parallel()
	fits := archive{kubernetes: "v1.999.0", etcd: pinnedEtcd}
	spoilt, stalled := fits, fits
	spoilt.spoilt, stalled.stalled = true, true
	for name, tt := range map[string]struct {
		archive archive
		env     func(*index) []string
		why     string
	}{
		"WrongChecksum": {archive: spoilt, why: "checksum mismatch"},
		"OtherMinor":    {archive: archive{kubernetes: "v1.998.0", etcd: pinnedEtcd}, why: "lists no Kubernetes 1.999"},
		"Refused": {archive: fits, why: "connection refused", env: func(x *index) []string {
			x.Close()
			return x.env()
		}},
		"SilentIndex": {archive: fits, why: "no answer within 1 s", env: func(x *index) []string {
			return []string{"TOOLS_INDEX=" + x.URL + "/silent/index.yaml", "TOOLS_TIMEOUT=1"}
		}},
		"StalledDownload": {archive: stalled, why: "no answer within 1 s", env: func(x *index) []string {
			return x.env("TOOLS_TIMEOUT=1")
		}},
		"Offline": {archive: fits, why: "lists no Kubernetes 1.999", env: func(x *index) []string {
			return x.env("ENVTEST_INSTALLED_ONLY=true")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, x := newCheckout(t), newIndex(t, tt.archive)
			env := x.env()
			if tt.env != nil {
				env = tt.env(x)
			}
			out := c.get(env, "kube-apiserver")
			contains(t, out, "setup-envtest: ", tt.why,
				"no prebuilt kube-apiserver: building from source takes about 5 min on 2 cores, once")
			c.built("kube-apiserver")
			c.tidy()
		})
	}
}

// TestFallBackWithoutModules builds from source when not even setup-envtest can
// be built, for want of its modules.
func TestFallBackWithoutModules(t *testing.T) {
	t.Parallel()
	c, x := newCheckout(t), newIndex(t)
	if err := os.Remove(c.path("cache/viridian/tools/" + filepath.Base(builtSetupEnvtest))); err != nil {
		t.Fatal(err)
	}
	out := c.get(x.env("TOOLS_TIMEOUT=1", "GOMODCACHE="+c.path("modules"), "GOPROXY="+x.URL+"/silent"), "etcd")
	contains(t, out, "no answer within 4 s", "no prebuilt etcd: building from source takes about 30 s")
	c.built("etcd")
	c.tidy()
}

// TestOtherEtcd builds etcd alone when the archive has another minor version of
// it: etcdctl and etcdutl have to understand its files.
func TestOtherEtcd(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	x := newIndex(t, archive{kubernetes: "v1.999.0", etcd: "v3.998.5"})
	contains(t, c.get(x.env(), all...), "no prebuilt etcd: building from source")
	c.says("kube-apiserver", "Kubernetes v1.999.0")
	c.built("etcd")
}

// TestInstalled takes what the machine has if its version fits, and asks no
// index.
func TestInstalled(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, tool, line string
		fits             bool
	}{
		"Path":         {"path/kubectl", "kubectl", "Client Version: v1.999.0", true},
		"PathServer":   {"path/kube-apiserver", "kube-apiserver", "Kubernetes v1.999.14", true},
		"Assets":       {"assets/etcd", "etcd", "etcd Version: 3.999.3", true},
		"OtherMinor":   {"path/kubectl", "kubectl", "Client Version: v1.99.0", false},
		"OtherEtcd":    {"assets/etcd", "etcd", "etcd Version: 3.6.0", false},
		"Prerelease":   {"path/kubectl", "kubectl", "Client Version: v1.999.0-rc.1", false},
		"Distribution": {"path/kubectl", "kubectl", "Client Version: v1.999.0+k3s1", false},
		"Nonsense":     {"assets/kube-apiserver", "kube-apiserver", "1.999", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, x := newCheckout(t), newIndex(t)
			c.write("../"+tt.file, script(tt.line))
			env := x.env("KUBEBUILDER_ASSETS=" + c.path("assets"))
			out := c.get(env, tt.tool)
			if !tt.fits {
				c.built(tt.tool)
				return
			}
			contains(t, out, "using "+c.path(tt.file))
			c.says(tt.tool, tt.line)
			if out := c.get(env, tt.tool); out != "" {
				t.Errorf("the second time it printed:\n%s", out)
			}
			if n := x.requests.Load(); n != 0 {
				t.Errorf("%d requests of the index", n)
			}
		})
	}
}

// TestInstalledFails doesn't take a wrapper that fails in another home.
func TestInstalledFails(t *testing.T) {
	t.Parallel()
	c, x := newCheckout(t), newIndex(t)
	c.write("../home/.version", "Client Version: v1.999.1\n")
	c.write("../path/kubectl", "#!/bin/sh\ncat ~/.version\n")
	c.get(x.env(), "kubectl")
	c.built("kubectl")
}

// TestBin doesn't take what an earlier run linked for what the machine has.
func TestBin(t *testing.T) {
	t.Parallel()
	c, x := newCheckout(t), newIndex(t)
	c.write("../elsewhere/kubectl", script("Client Version: v1.999.1"))
	bin := filepath.Join(c.root, "bin")
	if err := errors.Join(os.Mkdir(bin, 0o755), os.Symlink(c.path("elsewhere/kubectl"), filepath.Join(bin, "kubectl"))); err != nil {
		t.Fatal(err)
	}
	c.get(x.env("KUBEBUILDER_ASSETS="+bin, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH")), "kubectl")
	c.built("kubectl")
}

// TestStore takes what setup-envtest downloaded for another project.
func TestStore(t *testing.T) {
	t.Parallel()
	c, x := newCheckout(t), newIndex(t)
	c.get(x.env(), "setup-envtest")
	inStore := archive{kubernetes: "v1.999.1", etcd: pinnedEtcd}
	cmd := exec.Command(filepath.Join(c.root, "bin", "setup-envtest"), "sideload", "1.999.1")
	cmd.Env, cmd.Stdin = c.env, strings.NewReader(string(inStore.content(t)))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sideload: %v\n%s", err, out)
	}
	contains(t, c.get(x.env(), all...), "using ", "/etcd, v3.999.0")
	c.says("kube-apiserver", "Kubernetes v1.999.1")
	if n := x.requests.Load(); n != 0 {
		t.Errorf("%d requests of the index", n)
	}
}

// TestOtherAssets downloads although setup-envtest is told to be content with
// what is in KUBEBUILDER_ASSETS, of another version.
func TestOtherAssets(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	x := newIndex(t, archive{kubernetes: "v1.999.0", etcd: pinnedEtcd})
	for _, tool := range all {
		c.write("../assets/"+tool, script("Version: v1.99.0"))
	}
	c.get(x.env("ENVTEST_USE_ENV=true", "KUBEBUILDER_ASSETS="+c.path("assets")), all...)
	c.says("kube-apiserver", "Kubernetes v1.999.0")
}

// TestSource builds although prebuilt tools are at hand, and only then.
func TestSource(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	x := newIndex(t, archive{kubernetes: "v1.999.0", etcd: pinnedEtcd})
	c.write("../path/kubectl", script("Client Version: v1.999.1"))
	contains(t, c.get(x.env("TOOLS=source"), "kubectl"), "building kubectl "+pinnedKubernetes+" from source (about 1 min on 2 cores, once)")
	c.built("kubectl")
	if n := x.requests.Load(); n != 0 {
		t.Errorf("%d requests of the index", n)
	}
	if out := c.get(x.env(), "kubectl"); out != "" {
		t.Errorf("with what was built in the cache, it printed:\n%s", out)
	}
	c.built("kubectl")
	c.get(x.env("TOOLS=prebuilt"), "kubectl")
	c.says("kubectl", "Client Version: v1.999.1")
}

// TestPrebuilt fails rather than build.
func TestPrebuilt(t *testing.T) {
	t.Parallel()
	c, x := newCheckout(t), newIndex(t)
	out, err := c.try(x.env("TOOLS=prebuilt"), all...)
	if err == nil || strings.Contains(out, "building") {
		t.Errorf("%v\n%s", err, out)
	}
	contains(t, out, "there is no prebuilt kube-apiserver, etcd, kubectl")
	c.tidy()
}

func TestUsage(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	for _, tt := range []struct {
		env, tools []string
		says       string
	}{
		{nil, nil, "usage: "},
		{nil, []string{"kubelet"}, `unknown tool "kubelet"`},
		{[]string{"TOOLS=binary"}, []string{"kubectl"}, `TOOLS is "binary", but may be auto, prebuilt or source`},
	} {
		out, err := c.try(tt.env, tt.tools...)
		if err == nil {
			t.Errorf("%v %v should fail", tt.env, tt.tools)
		}
		contains(t, out, tt.says)
	}
	c.tidy()
}

// TestBrokenSource shows what the compiler says.
func TestBrokenSource(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.write("hack/kube/etcd/main.go", "package main\n\nfunc main() { undefined() }\n")
	out, err := c.try([]string{"TOOLS=source"}, "etcd")
	if err == nil {
		t.Error("it should fail")
	}
	contains(t, out, "undefined: undefined", "etcd "+pinnedEtcd+" could not be built")
	c.tidy()
}
