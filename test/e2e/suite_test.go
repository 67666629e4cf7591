package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// root of the repository.
const root = "../.."

// suite is one cluster in which everything from config/default is installed.
type suite struct {
	// dir is where the cluster keeps its data.
	dir    string
	env    *envtest.Environment
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
	cluster = suite{dir: dir, env: &envtest.Environment{ControlPlaneStartTimeout: time.Minute, ControlPlaneStopTimeout: time.Minute}}
	defer func() {
		if err := cluster.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "Stop kube-apiserver and etcd:", err)
		}
	}()
	err := cluster.start()
	if err == nil {
		err = cluster.install()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Prepare the cluster (make test builds what it needs):", err)
		return 1
	}
	return m.Run()
}

// auditPolicy has every request recorded, without its body.
const auditPolicy = `{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}`

// start starts a kube-apiserver that records requests and, like OpenShift's,
// enforces permissions on owner references. It and etcd keep their data in dir,
// so that they can be stopped and started again.
func (s *suite) start() error {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		s.env.BinaryAssetsDirectory = filepath.Join(root, "bin")
	}
	policy := filepath.Join(s.dir, "audit.json")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	certificates := filepath.Join(s.dir, "certificates")
	if err := os.Mkdir(certificates, 0o700); err != nil {
		return err
	}
	s.auditLog = filepath.Join(s.dir, "audit.log")
	s.env.ControlPlane.Etcd = &envtest.Etcd{DataDir: filepath.Join(s.dir, "etcd")}
	s.env.ControlPlane.GetAPIServer().CertDir = certificates
	s.env.ControlPlane.GetAPIServer().Configure().
		Set("audit-policy-file", policy).Set("audit-log-path", s.auditLog).
		Append("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
	var err error
	if s.config, err = s.env.Start(); err != nil {
		return err
	}
	s.kubeconfig = filepath.Join(s.dir, "kubeconfig")
	return os.WriteFile(s.kubeconfig, s.env.KubeConfig, 0o600)
}

// install builds the manager and applies config/default.
func (s *suite) install() error {
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
	s.manager = filepath.Join(s.dir, "manager")
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

// kubectl runs the real kubectl as an administrator.
func (s *suite) kubectl(ctx context.Context, args ...string) (string, error) {
	return s.tool(ctx, "kubectl", append([]string{"--kubeconfig=" + s.kubeconfig}, args...)...)
}

// tool runs one of the cluster's programs in the repository's root.
func (s *suite) tool(ctx context.Context, name string, args ...string) (string, error) {
	path, err := filepath.Abs(filepath.Join(root, "bin", name))
	if err != nil {
		return "", err
	}
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		path = filepath.Join(assets, name)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = root
	var out bytes.Buffer
	err = run(cmd, &out)
	return out.String(), err
}

// run writes all output of a program to one place.
func run(cmd *exec.Cmd, out interface{ Write([]byte) (int, error) }) error {
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	return nil
}
