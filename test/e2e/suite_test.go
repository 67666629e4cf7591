package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// root of the repository.
const root = "../.."

// suite is one cluster on which everything of config/default is installed.
type suite struct {
	config *rest.Config
	client client.Client
	// kubeconfig is the administrator's.
	kubeconfig string
	// manager is the path of the program.
	manager string
	// auditLog is the path of the API server's record of requests.
	auditLog string
}

var cluster suite

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "viridian-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := runSuite(m, dir)
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func runSuite(m *testing.M, dir string) int {
	env, err := cluster.start(dir)
	defer func() {
		if err := env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop kube-apiserver and etcd:", err)
		}
	}()
	if err == nil {
		err = cluster.install(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Prepare the cluster (make test builds what it needs):", err)
		return 1
	}
	return m.Run()
}

// auditPolicy has every request recorded, without its body.
const auditPolicy = `{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}`

// start starts a kube-apiserver that records requests and, as OpenShift's does,
// enforces permissions on owner references.
func (s *suite) start(dir string) (*envtest.Environment, error) {
	env := &envtest.Environment{}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		env.BinaryAssetsDirectory = filepath.Join(root, "bin")
	}
	policy := filepath.Join(dir, "audit.json")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return env, err
	}
	s.auditLog = filepath.Join(dir, "audit.log")
	env.ControlPlane.GetAPIServer().Configure().
		Set("audit-policy-file", policy).Set("audit-log-path", s.auditLog).
		Append("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
	var err error
	if s.config, err = env.Start(); err != nil {
		return env, err
	}
	s.kubeconfig = filepath.Join(dir, "kubeconfig")
	return env, os.WriteFile(s.kubeconfig, env.KubeConfig, 0o600)
}

// install builds the manager and applies config/default.
func (s *suite) install(dir string) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	var err error
	if s.client, err = client.New(s.config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	s.manager = filepath.Join(dir, "manager")
	if err := run(exec.Command("go", "build", "-o", s.manager, root+"/cmd/manager"), os.Stderr); err != nil {
		return fmt.Errorf("build the manager: %w", err)
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", "config/default"},
		{"wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"},
	} {
		if out, err := s.kubectl(context.Background(), args...); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

// kubectl runs the real one as an administrator, in the repository's root.
func (s *suite) kubectl(ctx context.Context, args ...string) (string, error) {
	path, err := filepath.Abs(filepath.Join(root, "bin", "kubectl"))
	if err != nil {
		return "", err
	}
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		path = filepath.Join(assets, "kubectl")
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--kubeconfig=" + s.kubeconfig}, args...)...)
	cmd.Dir = root
	var out bytes.Buffer
	err = run(cmd, &out)
	return out.String(), err
}

// run has everything that a program says written to one place.
func run(cmd *exec.Cmd, out interface{ Write([]byte) (int, error) }) error {
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	return nil
}
