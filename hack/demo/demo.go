package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/test/traffic"
)

const (
	crdPath    = "config/crd/bases"
	samplePath = "config/samples/canary.yaml"
)

// demo is everything that runs.
type demo struct {
	bin, dir string
	screen   *screen
	cluster  cluster
	manager  *manager
	account  *account
	sample   *sample
	ledger   *ledger
	users    *traffic.Users
	watcher  *watcher
	report   report

	// background are the users and the watcher.
	background sync.WaitGroup
	stopUsers  context.CancelFunc
	stopWatch  context.CancelFunc
}

func newDemo(bin, dir string, s *screen) *demo {
	return &demo{
		bin: bin, dir: dir, screen: s, ledger: &ledger{},
		manager:   &manager{bin: bin, dir: dir},
		stopUsers: func() {}, stopWatch: func() {},
	}
}

// run runs the demonstration; the report says what differed from the
// expectations, the error what stopped it.
func (d *demo) run(ctx context.Context, up bool) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	chapters := []func(context.Context) error{d.firstVersion, d.canary}
	if !up {
		chapters = append(chapters, d.badVersion, d.crashingVersion, d.deletion)
	}
	for _, chapter := range chapters {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	d.report.took = d.screen.elapsed()
	if up {
		return d.stayUp(ctx)
	}
	d.stopAll()
	d.screen.close()
	d.screen.print(d.report.lines()...)
	return nil
}

// start starts everything.
func (d *demo) start(ctx context.Context) (err error) {
	d.screen.chapter("Start (about two minutes in all)")
	d.screen.tell("Starting etcd and kube-apiserver")
	if d.cluster, err = startCluster(d.bin, d.dir); err != nil {
		return err
	}
	d.screen.print(d.screen.timed(span{"Use kubectl meanwhile: ", plain}, span{"export KUBECONFIG=" + d.cluster.Kubeconfig, bold}))
	d.screen.tell("Starting the simulated AWS, %d times as fast as AWS", simSpeed)
	if d.account, err = openAccount(); err != nil {
		return err
	}
	d.screen.tell("Installing the CRDs")
	if _, err := d.cluster.kubectl(ctx, "apply", "--server-side", "-f", crdPath); err != nil {
		return err
	}
	if _, err := d.cluster.kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"); err != nil {
		return err
	}
	d.screen.tell("Starting the manager")
	d.manager.env = environment(d.account.environment(managerKey)...)
	if err := d.manager.start(ctx, d.cluster.Kubeconfig); err != nil {
		return err
	}
	return d.openDoors(ctx)
}

// openDoors starts the users and the watcher.
func (d *demo) openDoors(ctx context.Context) (err error) {
	if d.sample, err = loadSample(samplePath, d.account.listenerARN); err != nil {
		return err
	}
	host, err := d.sample.host()
	if err != nil {
		return err
	}
	d.screen.tell("Users send %d requests a second to http://%s, which is %s", userCount*int(time.Second/userPause), host, d.account.listenerURL)
	d.users = newUsers(d.account.listenerURL, host, d.ledger)
	d.watcher = &watcher{
		client: d.cluster.Client, screen: d.screen, ledger: d.ledger, manager: d.manager,
		key:      client.ObjectKey{Namespace: corev1.NamespaceDefault, Name: d.sample.object.GetName()},
		timeline: timeline{propagation: propagation}, told: map[types.UID]bool{},
	}
	d.stopUsers = d.inBackground(ctx, d.users.Run)
	d.stopWatch = d.inBackground(ctx, d.watcher.run)
	return nil
}

func (d *demo) inBackground(ctx context.Context, f func(context.Context)) context.CancelFunc {
	ctx, cancel := context.WithCancel(ctx)
	d.background.Go(func() { f(ctx) })
	return cancel
}

// stopAll stops the users and the watcher.
func (d *demo) stopAll() {
	d.stopUsers()
	d.stopWatch()
	d.background.Wait()
}

// stop stops everything that start started, in the reverse order.
func (d *demo) stop() {
	d.stopAll()
	d.manager.stop()
	if d.account != nil {
		d.account.close()
	}
	d.cluster.stop()
}

// apply writes the manifest with an image tag and applies it.
func (d *demo) apply(ctx context.Context, tag string) error {
	if err := d.sample.setTag(tag); err != nil {
		return err
	}
	if err := d.sample.write(d.manifest()); err != nil {
		return err
	}
	return d.kubectl(ctx, "apply", "-f", d.manifest())
}

func (d *demo) manifest() string { return filepath.Join(d.dir, filepath.Base(samplePath)) }

// kubectl runs kubectl and shows both the command and what it prints.
func (d *demo) kubectl(ctx context.Context, args ...string) error {
	d.screen.print(d.screen.timed(span{"$ kubectl " + strings.Join(args, " "), cyan}))
	out, err := d.cluster.kubectl(ctx, args...)
	if err != nil {
		return err
	}
	d.screen.block(out)
	return nil
}

// stayUp explains how to use the cluster and waits for Ctrl-C.
func (d *demo) stayUp(ctx context.Context) error {
	d.screen.print(d.report.lines()...)
	kubectl, err := filepath.Abs(filepath.Join(d.bin, "kubectl"))
	if err != nil {
		return fmt.Errorf("path of kubectl: %w", err)
	}
	d.screen.chapter("It is yours now, until Ctrl-C")
	d.screen.block(strings.Join([]string{
		"export KUBECONFIG=" + d.cluster.Kubeconfig,
		kubectl + " get imd,imr -w",
		kubectl + " edit imd " + d.watcher.key.Name + "     # another image tag is another canary; -err20, -slow, -crash, -unhealthy, -nopull are bad",
		"curl -i -H 'Host: " + d.users.Host + "' " + d.account.listenerURL,
		"curl -i -H 'Host: " + d.users.Host + "' -H \"x-viridian-revision: $(" + kubectl + " get imd " + d.watcher.key.Name + " -o jsonpath={.status.preview.value})\" " + d.account.listenerURL + "     # status.revision, whatever the weights",
		strings.Join(d.account.environment(ownKey)[:4], " ") + " aws cloudformation list-stacks",
	}, "\n"))
	<-ctx.Done()
	return nil
}

// diagnose prints everything that helps to find out why the demonstration
// stopped.
func (d *demo) diagnose(err error) {
	d.stopAll()
	d.screen.close()
	d.screen.print(line{}, line{{"Stopped: " + err.Error(), red}})
	if d.watcher != nil {
		d.diagnoseStatus()
	}
	d.showLog(d.manager.log(), 40)
	d.showLog(d.cluster.apiserverLog, 5)
	d.showLog(d.cluster.etcdLog, 5)
	d.manager.dump()
	d.report.took = d.screen.elapsed()
	d.report.add(check{what: "The story comes to its end", want: "it does", got: err.Error()})
	d.screen.print(d.report.lines()...)
}

func (d *demo) showLog(path string, lines int) {
	d.screen.print(line{}, line{{"The end of " + path, bold}})
	d.screen.block(strings.Join(tail(path, lines), "\n"))
}

func (d *demo) diagnoseStatus() {
	s := d.watcher.state()
	if s.err != nil {
		d.screen.print(line{{"Looking failed: " + s.err.Error(), red}})
	}
	d.screen.print(line{}, line{{"The last status", bold}})
	status, _ := yaml.Marshal(s.status()) // plain data always marshals
	d.screen.block(strings.TrimRight(string(status), "\n"))
	for i := range s.revisions {
		status, _ := yaml.Marshal(&s.revisions[i].Status) // likewise
		d.screen.print(line{{s.revisions[i].Name, bold}})
		d.screen.block(strings.TrimRight(string(status), "\n"))
	}
}
