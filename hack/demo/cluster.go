package main

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/viridian-dev/viridian/test/testcluster"
)

// stopLimit is how long kube-apiserver may wait for those who still watch
// before it is killed: nothing in it is to be kept.
const stopLimit = 2 * time.Second

// cluster is a Kubernetes API without nodes, with its logs in the demo's
// directory.
type cluster struct {
	*testcluster.Cluster
	// apiserverLog and etcdLog are the paths of the logs.
	apiserverLog, etcdLog string
}

// startCluster starts etcd and kube-apiserver from bin.
func startCluster(bin, dir string) (cluster, error) {
	c := cluster{apiserverLog: filepath.Join(dir, "kube-apiserver.log"), etcdLog: filepath.Join(dir, "etcd.log")}
	var err error
	c.Cluster, err = testcluster.Start(testcluster.Options{Bin: bin, Dir: dir, Configure: c.configure})
	return c, err
}

// configure has both write to the logs, which stay open as long as they run.
func (c *cluster) configure(_ string, env *envtest.Environment) error {
	apiserver, err := appendTo(c.apiserverLog)
	if err != nil {
		return err
	}
	etcd, err := appendTo(c.etcdLog)
	if err != nil {
		return err
	}
	env.ControlPlaneStopTimeout = stopLimit
	env.ControlPlane.GetAPIServer().Out, env.ControlPlane.GetAPIServer().Err = apiserver, apiserver
	env.ControlPlane.Etcd.Out, env.ControlPlane.Etcd.Err = etcd, etcd
	return nil
}

// stop stops both, if they were started.
func (c *cluster) stop() {
	if c.Cluster != nil {
		_ = c.Stop() // one that was killed is as good as one that ended
	}
}

// kubectl runs kubectl in a process group of its own, where the terminal's
// Ctrl-C doesn't reach it, and returns what it prints.
func (c *cluster) kubectl(ctx context.Context, args ...string) (string, error) {
	cmd := c.Command(ctx, "kubectl", args...)
	cmd.SysProcAttr = ownGroup()
	out, err := testcluster.Output(cmd)
	return strings.TrimRight(out, "\n"), err
}
