// Package process runs the servers of a local stack as child processes that never outlive their parent, and
// re-executes the running program in another role. It is for Unix systems; on Linux even a parent ended by SIGKILL
// leaves nothing behind.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// outputGrace is how long output is read on after the child ended, should a grandchild still hold the pipe.
const outputGrace = 2 * time.Second

// Spec is what to run, and how.
type Spec struct {
	Name       string              // what messages call it
	Path       string              // the executable
	Args       []string            // its arguments, without the program's name
	Env        []string            // its whole environment; nil is the parent's
	Dir        string              // its working directory; empty is the parent's
	Output     io.Writer           // standard output and standard error; nil discards them
	Credential *syscall.Credential // who to run as; nil is the parent's user
	// OnParentDeath is sent to the child when the parent dies, by the kernel, on Linux only.
	OnParentDeath syscall.Signal
}

// Process is a running child. It is in a process group of its own, so a Ctrl-C in the terminal reaches the parent
// alone, which then decides who stops first.
type Process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // set before done is closed
}

// Start runs the child. The caller owns it: it ends with Stop, with Kill, by itself, or with the parent.
func Start(spec Spec) (*Process, error) {
	cmd := &exec.Cmd{
		Path: spec.Path, Args: append([]string{spec.Path}, spec.Args...), Env: spec.Env, Dir: spec.Dir,
		Stdout: spec.Output, Stderr: spec.Output, WaitDelay: outputGrace,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Credential: spec.Credential},
	}
	dieWithParent(cmd.SysProcAttr, spec.OnParentDeath)

	p := &Process{name: spec.Name, cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	return p, nil
}

// run starts the child and reaps it, on one thread: Linux ties the death signal to the thread that started the child,
// so that thread must live for as long as the child does.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended and was reaped.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the child ended: nil for exit code 0, else an *exec.ExitError. It is meaningful after Done.
func (p *Process) Err() error { return p.err }

// Signal sends sig to the child. A child that has ended is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// Kill ends the child and its process group with SIGKILL and waits until it was reaped.
func (p *Process) Kill() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(-p.PID(), syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.done
	return nil
}

// Stop sends sig and waits for the end. When ctx ends first, the child is killed, and the error says so.
func (p *Process) Stop(ctx context.Context, sig os.Signal) error {
	if err := p.Signal(sig); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	if err := p.Kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s did not stop in time and was killed: %w", p.name, context.Cause(ctx))
}
