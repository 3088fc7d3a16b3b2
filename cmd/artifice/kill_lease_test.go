//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/openstack-artifice/artifice/cli"
)

// newLeased makes a deployment with PostgreSQL and a receiver, in which the
// first day is collected, and a bill that has just sent its first invoice.
// What becomes of the invoice is decided by what comes from the channel.
func newLeased(t *testing.T, lease string, stop func(*process)) (d *crash, bill *process, arrived <-chan struct{}, fate chan<- int) {
	t.Helper()
	d = newSeeded(t, kind{"postgres", "http"}, 0, newCrashSamples(t, 1), cluster.Get)
	d.run(steps[0].collect()...)
	there, decided, started := make(chan struct{}), make(chan int, 1), make(chan *process, 1)
	d.receiver.reliable = true
	d.receiver.trap(func(fate *int) {
		stop(<-started)
		close(there)
		*fate = <-decided
	})
	bill = d.start(0, neverKilled, append(steps[0].bill()[:5], "--lease", lease, "--workers", "1")...)
	started <- bill
	return d, bill, there, decided
}

// While a process waits for the ERP nobody else sends that invoice, though it
// bills everybody else: it says that the tenant is busy.
func TestLeaseKept(t *testing.T) {
	d, first, arrived, fate := newLeased(t, "1h", func(*process) {})
	<-arrived
	second := d.start(0, neverKilled, steps[0].bill()...)
	if code := second.wait(); code != cli.ExitParked || strings.Count(second.stdout.String(), "busy") != 1 {
		t.Errorf("exit code %d, want %d and one tenant that is busy:\n%s%s", code, cli.ExitParked, &second.stdout, &second.stderr)
	}
	fate <- answered
	if code := first.wait(); code != cli.ExitDone {
		t.Errorf("exit code %d: %s", code, &first.stderr)
	}
	d.once(t)
}

// A process that pauses past its lease settles nothing that another took over:
// neither where the ERP saved what it sent, nor where that was lost.
func TestPausedPastLease(t *testing.T) {
	for name, becomes := range map[string]int{"saved": answered, "lost": requestLost} {
		t.Run(name, func(t *testing.T) {
			d, first, arrived, fate := newLeased(t, "1s", func(p *process) {
				if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
					t.Error(err)
				}
			})
			<-arrived
			fate <- becomes
			d.untilDone(steps[0].bill()...)
			before := d.run("orders", "--output", "csv")
			noError(t, first.cmd.Process.Signal(syscall.SIGCONT))
			// Whether it hears of the answer before its own time is up is chance.
			if code := first.wait(); code == cli.ExitDone {
				t.Errorf("exit code %d, and another process had billed it:\n%s%s", code, &first.stdout, &first.stderr)
			}
			if after := d.run("orders", "--output", "csv"); after != before {
				t.Errorf("orders were\n%s\nand then\n%s", before, after)
			}
			d.once(t)
		})
	}
}

// once holds that every tenant has one invoice, which was sent once.
func (d *crash) once(t *testing.T) {
	t.Helper()
	if n := len(d.erp.saved(t)); n != d.samples.tenants || len(d.receiver.repeated) > 0 {
		t.Errorf("%d tenants have %d invoices, of which were sent again: %v", d.samples.tenants, n, d.receiver.repeated)
	}
	d.run("verify")
}
