package hack_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The versions at which the stand-ins are pinned. No real Kubernetes or etcd has
// these minor versions, so nothing that the machine has fits.
const (
	pinnedKubernetes = "v1.999.2"
	pinnedEtcd       = "v3.999.0"
)

// builtSetupEnvtest is a directory of the cache with setup-envtest in it, which
// all tests share. make test has it built before, so that its modules are here.
var builtSetupEnvtest string

func TestMain(m *testing.M) {
	os.Exit(runWithSetupEnvtest(m))
}

func runWithSetupEnvtest(m *testing.M) int {
	dir, err := os.MkdirTemp("", "viridian-get-tool-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // in the temporary directory
	cmd := exec.Command("./get-tool.sh", "setup-envtest")
	cmd.Env = append(environment(), "XDG_CACHE_HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "Build setup-envtest: %v\n%s", err, out)
		return 1
	}
	found, err := filepath.Glob(filepath.Join(dir, "viridian", "tools", "setup-envtest-*"))
	if err != nil || len(found) != 1 {
		fmt.Fprintln(os.Stderr, "setup-envtest should be in the cache once:", found, err)
		return 1
	}
	builtSetupEnvtest = found[0]
	return m.Run()
}

// environment is the one of this process, without what decides how tools are
// got and with what says where Go keeps its files.
func environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "TOOLS") || strings.HasPrefix(v, "ENVTEST_") || strings.HasPrefix(v, "KUBE")
	})
	for _, name := range []string{"GOCACHE", "GOENV", "GOMODCACHE", "GOPATH"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			panic(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return env
}

// checkout is a directory with the scripts of this repository and with sources
// of kube-apiserver, kubectl and etcd that stand in for the real ones. It has a
// home, a cache and a PATH of its own.
type checkout struct {
	t    *testing.T
	root string
	env  []string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	dir := t.TempDir()
	c := &checkout{t: t, root: filepath.Join(dir, "checkout")}
	c.env = append(environment(),
		"PATH="+c.path("path")+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"HOME="+c.path("home"), "XDG_CACHE_HOME="+c.path("cache"), "XDG_DATA_HOME="+c.path("data"),
		// A busy machine may answer late.
		"TOOLS_TIMEOUT=60",
	)
	for _, name := range []string{"get-tool.sh", "lib/process.sh", "lib/prebuilt.sh", "envtest/go.mod", "envtest/go.sum"} {
		content, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		c.write("hack/"+name, string(content))
	}
	c.write("hack/kube/go.sum", "")
	c.write("hack/kube/go.mod", "module kube\n\nrequire (\n"+
		"k8s.io/kubernetes "+pinnedKubernetes+"\n"+"go.etcd.io/etcd/server/v3 "+pinnedEtcd+"\n)\n\nreplace (\n"+
		"k8s.io/kubernetes => ./kubernetes\n"+"go.etcd.io/etcd/server/v3 => ./etcd\n)\n")
	c.write("hack/kube/kubernetes/go.mod", "module k8s.io/kubernetes\n")
	c.write("hack/kube/kubernetes/cmd/kube-apiserver/main.go", source("Kubernetes "+pinnedKubernetes))
	c.write("hack/kube/kubernetes/cmd/kubectl/main.go", source("Client Version: "+pinnedKubernetes))
	c.write("hack/kube/etcd/go.mod", "module go.etcd.io/etcd/server/v3\n")
	c.write("hack/kube/etcd/main.go", source("etcd Version: "+pinnedEtcd[1:]))
	if err := os.MkdirAll(c.path("cache/viridian/tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(builtSetupEnvtest, c.path("cache/viridian/tools/"+filepath.Base(builtSetupEnvtest))); err != nil {
		t.Fatal(err)
	}
	return c
}

// source is a program that prints a line.
func source(line string) string {
	return fmt.Sprintf("package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(%q) }\n", line+"\n")
}

// script is one that needs no compiler.
func script(line string) string {
	return "#!/bin/sh\necho '" + line + "'\n"
}

// path is a path beside the checkout.
func (c *checkout) path(name string) string {
	return filepath.Join(filepath.Dir(c.root), filepath.FromSlash(name))
}

// write makes an executable file in the checkout, or beside it.
func (c *checkout) write(name, content string) {
	c.t.Helper()
	path := filepath.Join(c.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		c.t.Fatal(err)
	}
}

// get runs hack/get-tool.sh with variables in its environment, and fails the
// test unless it succeeds. It returns what it printed.
func (c *checkout) get(env []string, tools ...string) string {
	c.t.Helper()
	out, err := c.try(env, tools...)
	if err != nil {
		c.t.Fatalf("get-tool.sh %s: %v\n%s", strings.Join(tools, " "), err, out)
	}
	return out
}

func (c *checkout) try(env []string, tools ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), filepath.Join(c.root, "hack", "get-tool.sh"), tools...)
	cmd.Env = append(slices.Clone(c.env), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// says fails the test unless the linked tool prints a line.
func (c *checkout) says(tool, want string) {
	c.t.Helper()
	out, err := exec.Command(filepath.Join(c.root, "bin", tool)).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		c.t.Errorf("bin/%s says %q, %v; want %q", tool, got, err, want)
	}
}

// tidy fails the test if something unfinished was left in the cache.
func (c *checkout) tidy() {
	c.t.Helper()
	for _, pattern := range []string{"temp.*", "*.lock", "*/*.lock"} {
		left, err := filepath.Glob(c.path("cache/viridian/tools/" + pattern))
		if err != nil || len(left) > 0 {
			c.t.Errorf("left in the cache: %v, %v", left, err)
		}
	}
}
