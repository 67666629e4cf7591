package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/test/testcluster"
)

const (
	// startLimit is how long it may take to be ready, on a busy machine.
	startLimit = 90 * time.Second
	// pollInterval is how often the manager looks at AWS: more often than at
	// AWS's own speed.
	pollInterval = time.Second
	// propagation is the longest time that the simulated load balancer takes to
	// apply a rule, plus half a second.
	propagation = 15*time.Second/simSpeed + 500*time.Millisecond
	// metricPeriod is the length of a minute of the simulated CloudWatch, and
	// metricDelay how long after it all its data is available: the metrics of
	// load balancers come late.
	metricPeriod = time.Minute / simSpeed
	metricDelay  = 3 * metricPeriod
)

// manager is the controller under demonstration, a process of its own.
type manager struct {
	bin, dir string
	// env is its whole environment.
	env []string

	mu      sync.Mutex
	process *process
}

// start runs it and waits until it is ready.
func (m *manager) start(ctx context.Context, kubeconfig string) error {
	probes, err := testcluster.FreeAddresses(1)
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(m.bin, "manager"), //nolint:gosec,noctx // our own program, stopped in order and not when a context ends
		"--kubeconfig="+kubeconfig, "--health-probe-bind-address="+probes[0],
		"--poll-interval="+pollInterval.String(), "--traffic-propagation="+propagation.String(),
		"--metric-period="+metricPeriod.String(), "--metric-delay="+metricDelay.String(), fmt.Sprintf("--aws-call-rate=%d", simSpeed))
	cmd.Env = m.env
	p, err := startProcess(cmd, m.log())
	if err != nil {
		return err
	}
	m.set(p)
	return p.await(ctx, startLimit, func(ctx context.Context) error {
		return get(ctx, "http://"+probes[0]+"/readyz")
	})
}

// log is the file with the log of all its processes.
func (m *manager) log() string { return filepath.Join(m.dir, "manager.log") }

// kill ends it like a crash (SIGKILL) and returns its former process ID.
func (m *manager) kill() int {
	p := m.set(nil)
	p.stop(0)
	return p.cmd.Process.Pid
}

// stop ends it gracefully.
func (m *manager) stop() { m.set(nil).stop(5 * time.Second) }

// dump ends it and has it write what it was doing to its log.
func (m *manager) dump() {
	if p := m.set(nil); p != nil {
		p.dump()
		p.stop(0)
	}
}

// down reports whether none runs.
func (m *manager) down() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process == nil || m.process.ended()
}

// crashed reports whether it ended without being stopped.
func (m *manager) crashed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process != nil && m.process.ended()
}

func (m *manager) set(p *process) (before *process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, m.process = m.process, p
	return before
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // nothing of it is read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
