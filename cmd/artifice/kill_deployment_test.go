package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/cli"
)

// A deployment is a directory with a config and samples, a store, and an ERP.
type deployment struct {
	t       testing.TB
	program string
	dir     string
	erp     erp
	env     []string
	samples *crashSamples
	alone   bool // nobody else bills from the store, so that nobody is waited for
	anytime bool // the late samples come while the first day is billed
	taken   int  // how often orders were taken that were claimed before, found by check
}

// deploy makes a deployment; store is the store's section of the config.
func deploy(t testing.TB, k kind, dir string, e erp, store string, samples *crashSamples) *deployment {
	t.Helper()
	d := &deployment{t: t, program: built.get(t, k), dir: dir, erp: e, samples: samples, alone: k.store == "sqlite"}
	noError(t, os.WriteFile(filepath.Join(dir, "artifice.ini"), []byte(k.config(store+e.config())), 0o644))
	noError(t, os.WriteFile(filepath.Join(dir, "rates.csv"), []byte(crashRates), 0o644))
	samples.arrive(t, "early", filepath.Join(dir, "samples"))
	return d
}

// A process is one that runs, or has ended.
type process struct {
	d              *deployment
	args           []string
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	killing        *time.Timer
	began          time.Time
	took           time.Duration
}

// neverKilled is the delay of a process that is left alone.
const neverKilled = time.Duration(0)

// start starts the program, with a clock that is so far ahead, and kills it
// after a while.
func (d *deployment) start(clock, kill time.Duration, args ...string) *process {
	d.t.Helper()
	p := &process{d: d, args: args, cmd: exec.CommandContext(d.t.Context(), d.program, args...), began: time.Now()}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = d.dir, &p.stdout, &p.stderr
	p.cmd.Env = append(append(os.Environ(), d.env...), "CRASH_CLOCK="+clock.String())
	noError(d.t, p.cmd.Start())
	if kill > neverKilled {
		p.killing = time.AfterFunc(kill, p.kill)
	}
	return p
}

// kill ends the process at once, as kill -9 does.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// wait waits for the end, and returns the exit code; -1 where it was killed.
func (p *process) wait() int {
	err := p.cmd.Wait()
	p.took = time.Since(p.began)
	if p.killing != nil {
		p.killing.Stop()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.d.t.Fatalf("artifice %v: %v", p.args, err)
	}
	code := p.cmd.ProcessState.ExitCode()
	said := p.stderr.String()
	switch held := strings.Contains(said, "busy: ") || strings.Contains(said, "taken over: "); {
	case code == cli.ExitParked && held && !p.d.alone: // somebody else has an order
	case code == cli.ExitFailed && said != "":
	case code > cli.ExitDone:
		p.d.t.Errorf("artifice %v: exit code %d\n%s", p.args, code, said)
	}
	if code == cli.ExitDone && p.args[0] == "bill" {
		p.d.allBilled(p.args)
	}
	return code
}

// allBilled holds the end of a bill with exit code 0 against the ERP: it has an
// invoice of every tenant, for that block at least.
func (d *deployment) allBilled(args []string) {
	d.t.Helper()
	blocks := 1
	if slices.Contains(args, crashEnd) {
		blocks = 2
	}
	if n := len(d.erp.saved(d.t)); n < blocks*d.samples.tenants {
		d.t.Errorf("artifice %v says that all is billed, and the ERP has %d invoices", args, n)
	}
}

// run runs the program, which must do what it is asked.
func (d *deployment) run(args ...string) string {
	d.t.Helper()
	p := d.start(0, neverKilled, args...)
	if code := p.wait(); code != cli.ExitDone {
		d.t.Fatalf("artifice %v: exit code %d\n%s%s", args, code, &p.stdout, &p.stderr)
	}
	return p.stdout.String()
}

// maxRuns is how often a command may have to be run: as often as it takes for
// the leases of those who were killed to end.
const maxRuns = 1000

// untilDone runs the program again and again, until it has done what it is
// asked: nobody needs to do more than that.
func (d *deployment) untilDone(args ...string) (took time.Duration) {
	d.t.Helper()
	for range maxRuns {
		p := d.start(0, neverKilled, args...)
		switch p.wait() {
		case cli.ExitDone:
			return p.took
		case -1:
			d.t.Fatalf("artifice %v was killed by somebody else", args)
		}
		if d.t.Failed() {
			break
		}
	}
	d.t.Fatalf("artifice %v has not done what it was asked after %d runs", args, maxRuns)
	return 0
}

// A step is a day: what is to be run for it.
type step struct{ name, from, to string }

var steps = []step{{"early", crashStart, crashMiddle}, {"late", crashMiddle, crashEnd}}

func (s step) collect() []string { return []string{"collect", "--through", s.to} }

// bill holds orders for as short a time as may be.
func (s step) bill() []string {
	return []string{"bill", "--from", s.from, "--to", s.to, "--lease", "1s"}
}

// calm is what a deployment comes to where nothing goes wrong, and how long
// each command takes then.
type calm struct {
	state map[string]string
	takes map[string]time.Duration // by the command and the day's name
}

func (d *deployment) undisturbed() calm {
	d.t.Helper()
	c := calm{takes: map[string]time.Duration{}}
	for _, s := range steps {
		d.begin(s)
		c.takes["collect "+s.name] = d.untilDone(s.collect()...)
		c.takes["bill "+s.name] = d.untilDone(s.bill()...)
	}
	c.state = d.check()
	return c
}

// begin begins a day.
func (d *deployment) begin(s step) {
	d.t.Helper()
	if s.name == "late" {
		d.samples.arrive(d.t, "late", filepath.Join(d.dir, "samples"))
	}
}

// check holds the ERP against what was used, and the store against itself. It
// returns all that there is, to be compared.
func (d *deployment) check() map[string]string {
	d.t.Helper()
	invoices := d.erp.saved(d.t)
	if len(invoices) != len(steps)*d.samples.tenants {
		d.t.Errorf("there are %d invoices of %d tenants in %d blocks", len(invoices), d.samples.tenants, len(steps))
	}
	keys := map[string]bool{}
	for _, inv := range invoices {
		if keys[inv.key] {
			d.t.Errorf("order %s has two invoices", inv.key)
		}
		keys[inv.key] = true
	}
	if diff := cmp.Diff(d.samples.want, billed(d.t, invoices)); diff != "" {
		d.t.Errorf("billed (-what happened +what invoices say):\n%s", diff)
	}
	d.proven()
	rows, err := csv.NewReader(strings.NewReader(d.run("orders", "--output", "csv"))).ReadAll()
	noError(d.t, err)
	for _, row := range rows[1:] { // order, tenant, name, block, status ...
		if row[4] != "settled" || !keys[row[0]] {
			d.t.Errorf("order %s is %s; that the ERP has it is %v", row[0], row[4], keys[row[0]])
		}
	}
	state := map[string]string{"usage": d.run("usage", "--from", crashStart, "--to", crashEnd, "--by", "window", "--output", "csv")}
	for _, inv := range invoices {
		state[inv.key] = fmt.Sprint(inv)
	}
	// Billing again changes nothing.
	for _, s := range steps {
		d.run(s.bill()...)
	}
	if diff := cmp.Diff(invoices, d.erp.saved(d.t), cmp.AllowUnexported(saved{}, savedLine{})); diff != "" {
		d.t.Errorf("billing again changed the invoices (-before +after):\n%s", diff)
	}
	return state
}

// proven runs what the program has for it: verify, which finds no mistake, and
// reconcile, which finds every invoice.
func (d *deployment) proven() {
	d.t.Helper()
	var checked []struct {
		Checked string
		Count   json.Number
	}
	noError(d.t, json.Unmarshal([]byte(d.run("verify", "--output", "json")), &checked))
	counts := map[string]string{}
	for _, c := range checked {
		counts[c.Checked] = c.Count.String()
	}
	orders := len(steps) * d.samples.tenants
	if counts["mistakes"] != "0" || counts["orders"] != strconv.Itoa(orders) || counts["usage entries"] == "0" || counts["adjustments"] == "0" && !d.anytime {
		d.t.Errorf("verify says %v, want %d orders, entries and adjustments, and no mistakes", counts, orders)
	}
	changes, err := strconv.Atoi(counts["changes of orders"])
	noError(d.t, err)
	d.taken = changes - 2*orders // each was claimed and settled
	d.run("reconcile")
}

// jumps are how far the clock of a process may be from the right time.
var jumps = []time.Duration{0, time.Hour, -time.Hour}

func jump(r *rand.Rand) time.Duration { return jumps[r.IntN(len(jumps))] }
