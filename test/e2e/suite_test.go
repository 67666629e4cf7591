package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/test/testcluster"
)

// root of the repository.
const root = "../.."

// suite is one cluster in which everything from config/default is installed.
type suite struct {
	*testcluster.Cluster
	// manager is the path of the program.
	manager string
	// auditLog is the path of the API server's record of requests.
	auditLog string
}

var cluster suite

func TestMain(m *testing.M) { os.Exit(runSuite(m)) }

func runSuite(m *testing.M) int {
	err := cluster.start(context.Background())
	if cluster.Cluster != nil {
		defer func() {
			if err := cluster.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "Stop the cluster:", err)
			}
		}()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func (s *suite) start(ctx context.Context) (err error) {
	if s.Cluster, err = testcluster.Start(testcluster.Options{Root: root, Configure: s.configure}); err != nil {
		return err
	}
	if s.manager, err = s.BuildManager(ctx); err != nil {
		return err
	}
	return s.InstallDefault(ctx)
}

// auditPolicy has every request recorded, without its body.
const auditPolicy = `{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}`

// configure has kube-apiserver record requests and, as OpenShift's does,
// enforce permissions on owner references. It and etcd keep what they have in
// dir, so that they can be stopped and started again.
func (s *suite) configure(dir string, env *envtest.Environment) error {
	policy := filepath.Join(dir, "audit.json")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	certificates := filepath.Join(dir, "certificates")
	if err := os.Mkdir(certificates, 0o700); err != nil {
		return err
	}
	s.auditLog = filepath.Join(dir, "audit.log")
	env.ControlPlane.Etcd.DataDir = filepath.Join(dir, "etcd")
	env.ControlPlane.GetAPIServer().CertDir = certificates
	env.ControlPlane.GetAPIServer().Configure().
		Set("audit-policy-file", policy).Set("audit-log-path", s.auditLog).
		Append("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
	return nil
}
