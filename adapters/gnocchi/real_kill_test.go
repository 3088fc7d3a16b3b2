package gnocchi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/adapters/sqlite"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

// What the process of TestRealKill is told in its environment: the file to
// collect into, and where from.
const (
	killedFile     = "ARTIFICE_TEST_KILLED_FILE"
	killedEndpoint = "ARTIFICE_TEST_KILLED_ENDPOINT"
	killedTenants  = "ARTIFICE_TEST_KILLED_TENANTS"
)

// collectToBeKilled is the process of TestRealKill. It returns its exit code.
func collectToBeKilled(file string) int {
	err := func() (err error) {
		store, err := sqlite.NewStore(context.Background(), sqlite.Config{Path: config.Path(file)})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		source, err := smallSource(os.Getenv(killedEndpoint), time.Minute, openstack.Options{}, strings.Split(os.Getenv(killedTenants), ",")...)
		if err != nil {
			return err
		}
		_, err = engine(source, store).Collect(context.Background(), day.Add(24*time.Hour))
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestRealKill kills the process that collects again and again, and lets it go
// on: it does so where the last step ended, and what it collects in the end is
// what one run does.
func TestRealKill(t *testing.T) {
	r := rig.Shared(t)
	l := rig.NewLoad(t, r)
	acme, beta := rig.RandomID(), rig.RandomID()
	end := day.Add(24 * time.Hour)
	for i, tenant := range []string{acme, acme, beta} {
		name := fmt.Sprint("volume ", i)
		l.Add("volume", name, tenant, clock("02:30:30"), nil, "volume.size")
		l.Measure(name, "volume.size", clock("02:35:00"), end, func(n int) int { return n*n + i })
	}
	l.Patch("volume 0", clock("17:20:00"), map[string]any{"project_id": beta})
	l.Add("instance", "resized", acme, day.Add(-time.Hour), rig.Flavor("small"), "cpu")
	l.Measure("resized", "cpu", day, end, rig.Always(1))
	l.Patch("resized", clock("10:20:00"), rig.Flavor("large"))
	w := newTrouble(t, r)
	want := w.collecting(acme, beta).collect(end)

	file := filepath.Join(t.TempDir(), "artifice.db")
	collected, kills := time.Time{}, 0
	for done := false; !done; {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), killedFile+"="+file, killedEndpoint+"="+w.url, killedTenants+"="+acme+","+beta)
		for name, value := range r.Env() {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		asked := 0
		w.lock.Lock() // what a killed process asked for may still be answered
		w.strike = func(req *http.Request) error {
			if !strings.Contains(req.URL.Path, "/aggregates") {
				return nil
			}
			start, err := time.Parse(time.RFC3339, req.URL.Query().Get("start"))
			if !collected.IsZero() && start.Before(collected.Add(-2*time.Hour)) || err != nil {
				t.Errorf("collected up to %v it asks for measures from %v on, %v", collected, start, err)
			}
			if asked++; asked == 4+kills {
				return cmd.Process.Kill()
			}
			return nil
		}
		w.lock.Unlock()
		out, err := cmd.CombinedOutput()
		done = err == nil
		if killed := cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == -1; !done && !killed {
			t.Fatalf("%v: %s", err, out)
		}
		store, err := sqlite.NewStore(t.Context(), sqlite.Config{Path: config.Path(file)})
		if err != nil {
			t.Fatal(err)
		}
		marks := marksOf(t, store)
		switch through := marks[acme]; {
		case done:
			if diff := cmp.Diff(want, entriesOf(t, store)); diff != "" || !through.Equal(end) || !marks[beta].Equal(end) {
				t.Errorf("it is collected up to %v, -undisturbed +got:\n%s", marks, diff)
			}
		case !through.After(collected):
			t.Fatalf("after %d kills it is collected up to %v, and was up to %v", kills+1, through, collected)
		default:
			w.lock.Lock()
			collected, kills = through, kills+1
			w.lock.Unlock()
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if kills < 2 {
		t.Errorf("it was killed %d times", kills)
	}
}
