package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a running program with its output in a file.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	// done is closed when it has ended; then result says how.
	done   chan struct{}
	result string
}

// startProcess runs a program in a process group of its own, where the
// terminal's Ctrl-C doesn't reach it: it is stopped in order. Its output is
// appended to the file log.
func startProcess(cmd *exec.Cmd, log string) (*process, error) {
	p := &process{name: filepath.Base(cmd.Path), log: log, cmd: cmd, done: make(chan struct{})}
	out, err := appendTo(log)
	if err != nil {
		return nil, err
	}
	defer out.Close() //nolint:errcheck // the child has its own
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		_ = cmd.Wait() // it says no more than the state does
		p.result = cmd.ProcessState.String()
		close(p.done)
	}()
	return p, nil
}

// ownGroup has a process start in a process group of its own.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// appendTo opens a log.
func appendTo(path string) (*os.File, error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // one of our own logs
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	return out, nil
}

// stop asks the process to end and kills what is left of its group after
// grace; none means at once.
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
