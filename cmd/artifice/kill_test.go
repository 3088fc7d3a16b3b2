package main

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/cmd/artifice/internal/cloud"
	"github.com/openstack-artifice/artifice/usage"
)

var killSeeds = flag.Int("kill-seeds", 8, "how many seeds TestKill tries")

// asArtifice makes the test binary be the program itself.
const asArtifice = "ARTIFICE_BE_THE_PROGRAM"

// deploymentDir is a deployment with three days of samples.
type deploymentDir struct {
	t   *testing.T
	dir string
}

var killBlock = usage.Span{
	Start: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC),
	End:   time.Date(2025, 3, 4, 0, 0, 0, 0, time.UTC),
}

func newDeployment(t *testing.T, samples string) deploymentDir {
	t.Helper()
	d := deploymentDir{t, t.TempDir()}
	config := "[main]\ndeployment = kill\ncurrency = NZD\n" +
		"invoice:object = adapters.csv:Invoice\nsource:object = adapters.ceilometer:Source\nstore:object = adapters.sqlite:Store\n" +
		"[invoice:object]\ncsv_directory = invoices\nrates.file = rates.csv\n" +
		"[source:object]\npath = " + samples + "\ndatacenter_key = availability_zone\n"
	for name, content := range map[string][]byte{"artifice.ini": []byte(config), "rates.csv": demoRates} {
		if err := os.WriteFile(filepath.Join(d.dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// run runs the program, and kills it after a while where that is not zero. It
// reports whether the program came to its end.
func (d deploymentDir) run(after time.Duration, args ...string) (out string, ended bool) {
	d.t.Helper()
	ctx := d.t.Context()
	if after > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, after)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, os.Args[0], args...) // a deadline kills with SIGKILL
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), asArtifice+"=1")
	stdout, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil && err != nil:
		return "", false
	case errors.As(err, &exit):
		d.t.Fatalf("artifice %v: %v\n%s", args, err, exit.Stderr)
	case err != nil:
		d.t.Fatalf("artifice %v: %v", args, err)
	}
	return string(stdout), true
}

var (
	collectArgs = []string{"collect", "--through", "2025-03-04"}
	billArgs    = []string{"bill", "--from", "2025-03-01", "--to", "2025-03-04"}
)

// state is all that a deployment holds: usage, orders with their items, files.
func (d deploymentDir) state() map[string]string {
	d.t.Helper()
	state := map[string]string{}
	for name, args := range map[string][]string{
		"usage":  {"usage", "--from", "2025-03-01", "--to", "2025-03-04", "--by", "window", "--output", "csv"},
		"orders": {"orders", "--output", "csv"},
	} {
		state[name], _ = d.run(0, args...)
	}
	files, err := os.ReadDir(filepath.Join(d.dir, "invoices"))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(d.dir, "invoices", f.Name()))
		if err != nil {
			d.t.Fatal(err)
		}
		state["invoices/"+f.Name()] = string(content)
	}
	return state
}

// Whenever collect and bill are killed, running them again ends in the same
// usage, orders and files as if nothing had happened.
func TestKill(t *testing.T) {
	samples := filepath.Join(t.TempDir(), "samples")
	if err := cloud.New(1, killBlock).WriteSamples(samples); err != nil {
		t.Fatal(err)
	}
	calm := newDeployment(t, samples)
	began := time.Now()
	calm.run(0, collectArgs...)
	collecting := time.Since(began)
	began = time.Now()
	calm.run(0, billArgs...)
	billing := time.Since(began)
	want := calm.state()
	if len(want) != 2+3 {
		t.Fatalf("%d orders and files, want usage, orders and 3 files", len(want))
	}

	killed := 0
	for seed := range uint64(*killSeeds) {
		r := rand.New(rand.NewPCG(seed, 0))
		d := newDeployment(t, samples)
		for _, step := range []struct {
			args  []string
			takes time.Duration
		}{{collectArgs, collecting}, {billArgs, billing}} {
			for range 4 {
				if _, ended := d.run(1+time.Duration(r.Int64N(int64(step.takes))), step.args...); !ended {
					killed++
				}
			}
			d.run(0, step.args...)
		}
		if diff := cmp.Diff(want, d.state()); diff != "" {
			t.Fatalf("seed %d: what there is (-calm +killed):\n%s", seed, diff)
		}
	}
	if killed < *killSeeds {
		t.Errorf("only %d processes were killed before their end", killed)
	}
	t.Logf("%d processes were killed", killed)
}
