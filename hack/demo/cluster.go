package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// startLimit is how long a process may take to be ready, on a busy machine.
const startLimit = 90 * time.Second

// cluster is a Kubernetes API without nodes: etcd and kube-apiserver.
type cluster struct {
	launcher launcher
	bin, dir string
	// kubeconfig is the file that kubectl takes.
	kubeconfig string
	rest       *rest.Config
	client     client.Client

	etcd, apiserver *process
}

// start starts both and waits until the API is ready.
func (c *cluster) start(ctx context.Context) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	etcdURL, token := "http://"+ports[0], randomToken()
	if err := c.startEtcd(etcdURL); err != nil {
		return err
	}
	if err := c.startAPIServer(etcdURL, ports[1], token); err != nil {
		return err
	}
	if err := c.apiserver.await(ctx, startLimit, func(ctx context.Context) error {
		return c.connect(ctx, "https://"+ports[1], token)
	}); err != nil {
		return err
	}
	c.client, err = newClient(c.rest)
	return err
}

func (c *cluster) startEtcd(url string) (err error) {
	c.etcd, err = c.launcher.start(spec{
		path: filepath.Join(c.bin, "etcd"),
		args: []string{
			"--data-dir=" + filepath.Join(c.dir, "etcd"), "--unsafe-no-fsync",
			"--listen-client-urls=" + url, "--advertise-client-urls=" + url,
			"--listen-peer-urls=http://127.0.0.1:0",
		},
		env: environment(), log: filepath.Join(c.dir, "etcd.log"),
	})
	return err
}

func (c *cluster) startAPIServer(etcdURL, address, token string) error {
	key, err := c.write("service-account.key", privateKey)
	if err != nil {
		return err
	}
	tokens, err := c.write("tokens.csv", func() ([]byte, error) {
		return []byte(token + ",demo,demo,system:masters\n"), nil
	})
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("address of the API: %w", err)
	}
	c.apiserver, err = c.launcher.start(spec{
		path: filepath.Join(c.bin, "kube-apiserver"),
		args: []string{
			"--etcd-servers=" + etcdURL,
			"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=" + port,
			"--cert-dir=" + filepath.Join(c.dir, "certificates"),
			"--token-auth-file=" + tokens, "--authorization-mode=RBAC",
			"--service-account-issuer=https://localhost", "--service-account-key-file=" + key,
			"--service-account-signing-key-file=" + key, "--service-cluster-ip-range=10.0.0.0/24",
			"--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
		},
		env: environment(), log: filepath.Join(c.dir, "kube-apiserver.log"),
	})
	return err
}

// connect checks whether the API is ready and writes the kubeconfig.
func (c *cluster) connect(ctx context.Context, url, token string) error {
	// kube-apiserver creates a self-signed certificate.
	authority, err := os.ReadFile(filepath.Join(c.dir, "certificates", "apiserver.crt"))
	if err != nil {
		return fmt.Errorf("certificate of the API: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["demo"] = &clientcmdapi.Cluster{Server: url, CertificateAuthorityData: authority}
	config.AuthInfos["demo"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["demo"] = &clientcmdapi.Context{Cluster: "demo", AuthInfo: "demo", Namespace: corev1.NamespaceDefault}
	config.CurrentContext = "demo"
	restConfig, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		return fmt.Errorf("client of the API: %w", err)
	}
	// Polling the API several times a second must not be throttled by the
	// client.
	restConfig.QPS = -1
	set, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return fmt.Errorf("client of the API: %w", err)
	}
	if _, err := set.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
		return fmt.Errorf("the API isn't ready: %w", err)
	}
	c.rest, c.kubeconfig = restConfig, filepath.Join(c.dir, "kubeconfig")
	return clientcmd.WriteToFile(*config, c.kubeconfig)
}

// stop kills both: none of their data is kept.
func (c *cluster) stop() {
	c.apiserver.stop(0)
	c.etcd.stop(0)
}

// kubectl runs the real kubectl and returns what it prints.
func (c *cluster) kubectl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "kubectl"), args...) //nolint:gosec // our own arguments
	cmd.Env = environment("KUBECONFIG="+c.kubeconfig, "HOME="+c.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.CombinedOutput()
	text := strings.TrimRight(string(out), "\n")
	if err != nil {
		return text, fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, text)
	}
	return text, nil
}

func (c *cluster) write(name string, content func() ([]byte, error)) (string, error) {
	body, err := content()
	if err != nil {
		return "", fmt.Errorf("make %s: %w", name, err)
	}
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return path, nil
}

func newClient(config *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("types of the API: %w", err)
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("client of the API: %w", err)
	}
	return c, nil
}

func privateKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = pem.Encode(&out, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return out.Bytes(), err
}

func randomToken() string {
	token := make([]byte, 16)
	_, _ = rand.Read(token) // never fails
	return hex.EncodeToString(token)
}

// freePorts returns local addresses that are not in use.
func freePorts(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // local and immediate
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() //nolint:errcheck // only its number was wanted
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
