package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// An owner is the user that a server runs as.
type owner struct{ uid, gid int }

// unprivileged returns the user to run the server as, nil for the one who runs
// the tests: PostgreSQL refuses to run as root.
func unprivileged() (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		return &owner{uid, gid}, errors.Join(err1, err2)
	}
	return nil, errors.Join(errs...)
}

// run makes a command run as the owner, and end when the tests do, however
// they end: by SIGQUIT, at which the server ends all of its processes at once.
func (o *owner) run(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if o != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
}

// A process is a server that runs.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // how, once it has
}

func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Pdeathsig watches the thread that starts the process, not the whole
		// program, so that thread stays with it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	return p, <-started
}

// stop ends the server in order ("fast shutdown").
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	return p.err
}

// crash ends the server and the processes that it started, and waits until all
// of them are gone: what they share, such as memory and the port, is free then.
// The server is halted first, so that it starts no more, and none of them is
// another process by the time that it is killed.
func (p *process) crash() error {
	pid := p.cmd.Process.Pid
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	// A signal is on its way for a while.
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil && !errors.Is(err, unix.ECHILD) {
		return err
	}
	all, err := children(pid)
	var handles []int
	for _, child := range all {
		handle, openErr := unix.PidfdOpen(child, 0)
		if openErr != nil {
			err = errors.Join(err, fmt.Errorf("process %d: %w", child, openErr))
			continue
		}
		handles = append(handles, handle)
	}
	err = errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
	for _, handle := range handles {
		err = errors.Join(err, unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0), waitFor(handle), unix.Close(handle))
	}
	<-p.ended
	return err
}

// waitFor waits until a process has ended. It need not be a child of this one.
func waitFor(handle int) error {
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, -1)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// children returns the processes whose parent is pid.
func children(pid int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The name, in parentheses, may hold anything; the state and the
		// parent follow it.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) < 2 || fields[0] == "Z" || fields[1] != strconv.Itoa(pid) {
			continue
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		found = append(found, child)
	}
	slices.Sort(found)
	return found, nil
}
