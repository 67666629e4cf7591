package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// launcher starts all processes from one OS thread that lives as long as the
// program: Linux kills a child when the thread that started it ends, so no
// process is left behind however the program ends.
type launcher chan func()

func newLauncher() launcher {
	l := make(launcher)
	go func() {
		runtime.LockOSThread()
		for start := range l {
			start()
		}
	}()
	return l
}

// process is a running program with its output in a file.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	// done is closed when it has ended; then result says how.
	done   chan struct{}
	result string
}

// spec is a program to start.
type spec struct {
	path string
	args []string
	// env is the whole environment.
	env []string
	// log is the file to which its output is appended.
	log string
}

// start runs a program in a separate process group, where the terminal's Ctrl-C
// doesn't reach it: it is stopped gracefully.
func (l launcher) start(s spec) (*process, error) {
	out, err := os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", s.path, err)
	}
	defer out.Close()                      //nolint:errcheck // the child has its own
	cmd := exec.Command(s.path, s.args...) //nolint:gosec,noctx // our own programs, stopped in order and not when a context ends
	cmd.Env = s.env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = childAttributes()
	p := &process{name: filepath.Base(s.path), log: s.log, cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	l <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		_ = cmd.Wait() // it says no more than the state does
		p.result = cmd.ProcessState.String()
		close(p.done)
	}()
	return p, nil
}

// stop asks the process to end and kills what is left of its group after grace,
// immediately if grace is zero.
func (p *process) stop(grace time.Duration) {
	if p == nil {
		return
	}
	if grace > 0 {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		select {
		case <-p.done:
		case <-time.After(grace):
		}
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // likewise
	<-p.done
}

// dump has a Go program write the stacks of all its goroutines to its log, and
// exit.
func (p *process) dump() {
	_ = p.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
	}
}

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// await calls ready until it succeeds, and gives up when the process ends.
func (p *process) await(ctx context.Context, limit time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s isn't ready after %s", p.name, limit))
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	err := errors.New("it was not asked yet")
	for {
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended: %s", p.name, p.result)
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-tick.C:
		}
		if err = ready(ctx); err == nil {
			return nil
		}
	}
}

// tail returns the last n lines of a log.
func tail(path string, n int) []string {
	content, err := os.ReadFile(path) //nolint:gosec // one of our own logs
	if err != nil {
		return []string{err.Error()}
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return lines[max(0, len(lines)-n):]
}

// environment returns ours without variables that refer to a real cluster or
// account, and with the given ones.
func environment(with ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, "KUBE") {
			env = append(env, v)
		}
	}
	return append(env, with...)
}
