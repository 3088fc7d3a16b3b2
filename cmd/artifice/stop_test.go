//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/openstack-artifice/artifice/cli"
)

// A stopping is a bill that is stopped when its first invoice arrives.
type stopping struct {
	*crash
	cmd    *exec.Cmd
	stdout bytes.Buffer
	said   *bufio.Reader // stderr
	all    strings.Builder
	fate   chan int // of the invoice that has arrived
}

// newStopping makes a deployment in which the first day is collected, starts to
// bill it, by another command where one is given, and returns when the first
// invoice has arrived.
func newStopping(t *testing.T, by ...string) *stopping {
	t.Helper()
	d := newSeeded(t, kind{"sqlite", "http"}, 0, newCrashSamples(t, 3), nil)
	d.run(steps[0].collect()...)
	line := slices.Concat(by, []string{d.program}, steps[0].bill(), []string{"--workers", "1"})
	s := &stopping{crash: d, cmd: exec.CommandContext(t.Context(), line[0], line[1:]...)}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Env = d.dir, &s.stdout, append(append(os.Environ(), d.env...), "CRASH_CLOCK=0s")
	stderr, err := s.cmd.StderrPipe()
	noError(t, err)
	s.said = bufio.NewReader(stderr)
	s.fate = make(chan int, 1)
	arrived := make(chan struct{})
	d.receiver.reliable = true
	d.receiver.trap(func(fate *int) {
		close(arrived)
		*fate = <-s.fate
	})
	noError(t, s.cmd.Start())
	<-arrived
	return s
}

// interrupt does what ^C does.
func (s *stopping) interrupt(signal os.Signal) { noError(s.t, s.cmd.Process.Signal(signal)) }

// hears waits until the program says something.
func (s *stopping) hears(text string) {
	for {
		line, err := s.said.ReadString('\n')
		s.all.WriteString(line)
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			s.t.Errorf("it never says %q, but\n%s", text, &s.all)
			return
		}
	}
}

// end waits for the end, and returns what was said on stderr.
func (s *stopping) end() string {
	s.t.Helper()
	_, err := io.Copy(&s.all, s.said)
	noError(s.t, err)
	_ = s.cmd.Wait() // its state is looked at
	return s.all.String()
}

// Whoever stops a bill waits for the invoice that is being sent, and for no
// other; it says how far it came, and the next one goes on.
func TestStopped(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			s := newStopping(t)
			s.interrupt(signal)
			s.hears("stopping")
			s.fate <- answered
			said := s.end()
			if code := s.cmd.ProcessState.ExitCode(); code != cli.ExitStopped {
				t.Errorf("exit code %d, want %d", code, cli.ExitStopped)
			}
			const want = "\nstopped: billing 2025-03-01 to 2025-03-02: 1 of 9 tenants are done, and stay so; artifice bill goes on with the rest\n"
			if !strings.HasSuffix(said, want) {
				t.Errorf("it says\n%s\nand does not end in\n%s", said, want)
			}
			if n := strings.Count(s.stdout.String(), "billed"); n != 1 {
				t.Errorf("it bills %d tenants:\n%s", n, &s.stdout)
			}
			if orders := s.run("orders", "--output", "csv"); strings.Count(orders, ",settled,") != 1 || strings.Count(orders, "\n") != 2 {
				t.Errorf("the orders are\n%s", orders)
			}
			s.run(steps[0].bill()...)
			s.once(t)
		})
	}
}

// A second signal does not wait for anything, also where a shell lets what runs
// in the background ignore the signal.
func TestStoppedAtOnce(t *testing.T) {
	for name, by := range map[string][]string{"heeding": nil, "ignoring": {"sh", "-c", `trap "" INT; exec "$0" "$@"`}} {
		t.Run(name, func(t *testing.T) {
			s := newStopping(t, by...)
			s.interrupt(os.Interrupt)
			s.hears("stopping")
			s.interrupt(os.Interrupt)
			s.end()
			s.fate <- answered
			status := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if killed := status.Signaled() && status.Signal() == syscall.SIGINT; killed != (by == nil) || !killed && status.ExitStatus() != cli.ExitStopped {
				t.Errorf("it ended with %v", s.cmd.ProcessState)
			}
			s.receiver.drain(t)
			s.untilDone(steps[0].bill()...)
			s.once(t)
		})
	}
}
