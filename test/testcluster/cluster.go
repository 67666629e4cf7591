// Package testcluster starts a Kubernetes API without nodes: etcd and
// kube-apiserver on this machine, by envtest. Tests use it, and the demo.
package testcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// processLimit is how long etcd and kube-apiserver may each take to start or
// to stop, on a busy machine.
const processLimit = 90 * time.Second

// Options say what to start, and from where.
type Options struct {
	// Root is the root of the repository; "" is the working directory.
	Root string
	// Bin is the directory of etcd, kube-apiserver and kubectl. Left out, it is
	// that of KUBEBUILDER_ASSETS, or else bin in the root.
	Bin string
	// Dir is a directory for the cluster's files. Left out, it is a temporary
	// one, which Stop removes.
	Dir string
	// CRDs has Viridian's custom resource definitions installed.
	CRDs bool
	// Configure may change the environment before it starts.
	Configure func(dir string, env *envtest.Environment) error
}

// Cluster is a Kubernetes API that runs.
type Cluster struct {
	Env    *envtest.Environment
	Config *rest.Config
	// Client is an administrator's, as is Kubeconfig, the path of a file.
	Client     client.WithWatch
	Kubeconfig string
	// Dir holds the cluster's files.
	Dir string

	root, bin string
	temporary bool
}

// Start starts etcd and kube-apiserver. What it started before an error is
// stopped again.
func Start(o Options) (*Cluster, error) {
	c := &Cluster{Dir: o.Dir, root: o.Root, temporary: o.Dir == ""}
	if err := c.start(o); err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster (make tools gets what it needs): %w", err), c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(o Options) (err error) {
	if c.bin, err = programs(o); err != nil {
		return err
	}
	if c.temporary {
		if c.Dir, err = os.MkdirTemp("", "viridian-cluster-"); err != nil {
			return err
		}
	}
	if c.Env, err = c.environment(o); err != nil {
		return err
	}
	if c.Config, err = c.Env.Start(); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	if c.Client, err = client.NewWithWatch(c.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	c.Kubeconfig = filepath.Join(c.Dir, "kubeconfig")
	return os.WriteFile(c.Kubeconfig, c.Env.KubeConfig, 0o600)
}

// programs is the absolute path of the directory with the programs.
func programs(o Options) (string, error) {
	switch assets := os.Getenv("KUBEBUILDER_ASSETS"); {
	case o.Bin != "":
		return filepath.Abs(o.Bin)
	case assets != "":
		return filepath.Abs(assets)
	default:
		return filepath.Abs(filepath.Join(o.Root, "bin"))
	}
}

// environment is what to start. The programs' paths are set one by one, since
// envtest prefers KUBEBUILDER_ASSETS to its own setting.
func (c *Cluster) environment(o Options) (*envtest.Environment, error) {
	env := &envtest.Environment{ControlPlaneStartTimeout: processLimit, ControlPlaneStopTimeout: processLimit}
	env.ControlPlane.Etcd = &envtest.Etcd{Path: filepath.Join(c.bin, "etcd")}
	env.ControlPlane.GetAPIServer().Path = filepath.Join(c.bin, "kube-apiserver")
	env.ControlPlane.KubectlPath = filepath.Join(c.bin, "kubectl")
	if o.CRDs {
		env.CRDDirectoryPaths = []string{filepath.Join(c.root, "config", "crd", "bases")}
		env.ErrorIfCRDPathMissing = true
	}
	if o.Configure == nil {
		return env, nil
	}
	return env, o.Configure(c.Dir, env)
}

// Stop stops both processes and removes the directory if Start made it.
func (c *Cluster) Stop() error {
	var err error
	if c.Env != nil {
		err = c.Env.Stop()
	}
	if c.temporary && c.Dir != "" {
		err = errors.Join(err, os.RemoveAll(c.Dir))
	}
	return err
}

// Command is a run of a program that comes with the cluster, in the root of
// the repository. kubectl is an administrator's and leaves the user's own
// configuration and cache alone.
func (c *Cluster) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...) //nolint:gosec // the caller is a test or the demo
	cmd.Dir = c.root
	cmd.Env = []string{"KUBECONFIG=" + c.Kubeconfig, "HOME=" + c.Dir, "PATH=" + os.Getenv("PATH")}
	return cmd
}

// Kubectl runs kubectl and returns what it prints.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return Output(c.Command(ctx, "kubectl", args...))
}

// Output runs a command and returns all that it prints, which an error
// repeats.
func Output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err, bytes.TrimSpace(out))
	}
	return string(out), err
}

// InstallDefault applies config/default and waits until the API serves
// Viridian's kinds.
func (c *Cluster) InstallDefault(ctx context.Context) error {
	if _, err := c.Kubectl(ctx, "apply", "--server-side", "-k", "config/default"); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
	return err
}

// BuildManager builds the manager in the cluster's directory and returns the
// program's path.
func (c *Cluster) BuildManager(ctx context.Context) (string, error) {
	path, err := filepath.Abs(filepath.Join(c.Dir, "manager"))
	if err != nil {
		return "", err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/manager") //nolint:gosec // our own directory
	build.Dir = c.root
	_, err = Output(build)
	return path, err
}
