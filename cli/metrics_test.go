package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

var (
	helpLine   = regexp.MustCompile(`^# HELP ([a-z_]+) (.+)$`)
	typeLine   = regexp.MustCompile(`^# TYPE ([a-z_]+) (gauge|counter)$`)
	sampleLine = regexp.MustCompile(`^([a-z_]+)(\{([a-z_]+="([^"\\]|\\[\\n"])*"(,|\}))+)? (-?[0-9]+(\.[0-9]+)?)$`)
)

// exposed reads a file as Prometheus does, and holds it to the rules of its
// linter: every metric once, with help and type before it, named for what it
// is. It returns the figures.
func exposed(t *testing.T, text string) map[string]string {
	t.Helper()
	figures, kinds := map[string]string{}, map[string]string{}
	helped, last := "", ""
	if !strings.HasSuffix(text, "\n") {
		t.Errorf("the last line does not end: %q", text)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if m := helpLine.FindStringSubmatch(line); m != nil {
			helped = m[1]
			continue
		}
		if m := typeLine.FindStringSubmatch(line); m != nil {
			last = m[1]
			if kinds[last] != "" || helped != last {
				t.Errorf("%s comes twice, or without help", last)
			}
			kinds[last] = m[2]
			if counter := strings.HasSuffix(last, "_total"); counter != (m[2] == "counter") {
				t.Errorf("%s is a %s", last, m[2])
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not a line that Prometheus reads: %q", line)
			continue
		}
		name, number := m[1], m[6]
		if name != last {
			t.Errorf("%s is among those of %s", name, last)
		}
		key := strings.TrimSuffix(line, " "+number)
		if _, twice := figures[key]; twice {
			t.Errorf("%s comes twice", key)
		}
		figures[key] = number
		seconds, err := strconv.ParseFloat(number, 64)
		if instant := strings.HasSuffix(name, "_timestamp_seconds"); err != nil || instant && seconds < 1e9 {
			t.Errorf("%s is no instant: %v", line, err)
		}
		for _, unit := range []string{"milliseconds", "minutes", "hours", "kilobytes"} {
			if strings.Contains(name, unit) {
				t.Errorf("%s is not in base units", name)
			}
		}
		if !strings.HasPrefix(name, "artifice_") {
			t.Errorf("%s is not of this program", name)
		}
	}
	return figures
}

var metricsNow = time.Unix(1375660800, 0)

func collectedRun() figures {
	return figures{
		began: metricsNow.Add(-1500 * time.Millisecond), deployment: "nz-prod",
		collected: []billing.Collected{{Source: "north", Read: 100, Changed: 20, Entries: 30, Late: []billing.Late{{Windows: 1}, {Windows: 1}}, Gaps: make([]ledger.Gap, 3), MoreGaps: 1}},
		ledger: &ledgerFigures{
			at: metricsNow, tenants: 12, pending: 2, billed: metricsNow.Add(-time.Hour), settled: 31 * 24 * 3600,
			open:    map[ledger.Status]map[string]bool{ledger.Parked: {"a": true, "b": true}, ledger.InDoubt: {"c": true}, ledger.Settled: {"d": true}},
			orders:  map[ledger.Status]int{ledger.Parked: 3, ledger.InDoubt: 1, ledger.Settled: 40},
			through: map[string]time.Time{"north": metricsNow.Add(-time.Minute)}, behind: map[string]int{"north": 4},
			span: map[string]time.Duration{"north": 36 * time.Hour},
		},
	}
}

// After a run, a file says of it what it did, and keeps what others said.
func TestMetrics(t *testing.T) {
	f := collectedRun()
	first := f.text(nil, "collect", ExitDone, metricsNow)
	second := f.text(first, "collect", ExitFailed, metricsNow.Add(time.Hour))
	// Of a config that cannot be read nothing is known but how it ended.
	third := (&figures{began: metricsNow}).text(second, "bill", ExitFailed, metricsNow.Add(2*time.Hour))
	got := exposed(t, string(third))
	want := map[string]string{
		`artifice_last_run_timestamp_seconds{command="collect",deployment="nz-prod"}`:       "1375664400",
		`artifice_last_success_timestamp_seconds{command="collect",deployment="nz-prod"}`:   "1375660800",
		`artifice_last_run_duration_seconds{command="collect",deployment="nz-prod"}`:        "3601.5",
		`artifice_last_run_exit_code{command="collect",deployment="nz-prod"}`:               "1",
		`artifice_runs_total{command="collect",deployment="nz-prod",exit_code="0"}`:         "1",
		`artifice_runs_total{command="collect",deployment="nz-prod",exit_code="1"}`:         "1",
		`artifice_last_run_timestamp_seconds{command="bill",deployment="nz-prod"}`:          "1375668000",
		`artifice_last_run_duration_seconds{command="bill",deployment="nz-prod"}`:           "7200",
		`artifice_last_run_exit_code{command="bill",deployment="nz-prod"}`:                  "1",
		`artifice_runs_total{command="bill",deployment="nz-prod",exit_code="1"}`:            "1",
		`artifice_samples_read_total{deployment="nz-prod",source="north"}`:                  "200", // 100 + 100
		`artifice_windows_written_total{deployment="nz-prod",source="north"}`:               "40",
		`artifice_entries_written_total{deployment="nz-prod",source="north"}`:               "60",
		`artifice_windows_late_total{deployment="nz-prod",source="north"}`:                  "4",
		`artifice_gaps_total{deployment="nz-prod",source="north"}`:                          "8", // (3 + 1) * 2
		`artifice_ledger_read_timestamp_seconds{deployment="nz-prod"}`:                      "1375660800",
		`artifice_tenants{deployment="nz-prod"}`:                                            "12",
		`artifice_tenants_open{deployment="nz-prod",state="parked"}`:                        "2",
		`artifice_tenants_open{deployment="nz-prod",state="in_doubt"}`:                      "1",
		`artifice_tenants_open{deployment="nz-prod",state="waiting"}`:                       "0",
		`artifice_tenants_behind{deployment="nz-prod",source="north"}`:                      "4",
		`artifice_collected_through_timestamp_seconds{deployment="nz-prod",source="north"}`: "1375660740",
		`artifice_billed_through_timestamp_seconds{deployment="nz-prod"}`:                   "1375657200",
		`artifice_collected_seconds{deployment="nz-prod",source="north"}`:                   "129600",  // 36 * 3600
		`artifice_billed_seconds{deployment="nz-prod"}`:                                     "2678400", // 31 * 86,400
		`artifice_orders{deployment="nz-prod",status="parked"}`:                             "3",
		`artifice_orders{deployment="nz-prod",status="in_doubt"}`:                           "1",
		`artifice_orders{deployment="nz-prod",status="settled"}`:                            "40",
		`artifice_adjustments_pending{deployment="nz-prod"}`:                                "2",
	}
	built := 0
	for key, value := range got {
		if strings.HasPrefix(key, "artifice_build_info{") && value == "1" {
			built++
		} else if want[key] != value {
			t.Errorf("%s is %s, want %q", key, value, want[key])
		}
	}
	if built != 1 || len(got) != len(want)+1 {
		t.Errorf("%d figures, want %d, and %d of the build:\n%s", len(got), len(want)+1, built, third)
	}

	// What the ledger says is of now, and what billing came to is counted.
	f.ledger = &ledgerFigures{at: metricsNow, through: map[string]time.Time{"south": metricsNow}}
	f.outcomes = []billing.Outcome{{Result: billing.Billed}, {Result: billing.Billed}, {Result: billing.InDoubt}}
	fourth := exposed(t, string(f.text(third, "bill", ExitParked, metricsNow)))
	for key, value := range map[string]string{
		`artifice_collected_through_timestamp_seconds{deployment="nz-prod",source="north"}`: "",
		`artifice_orders{deployment="nz-prod",status="settled"}`:                            "",
		`artifice_tenants_open{deployment="nz-prod",state="parked"}`:                        "0",
		`artifice_last_success_timestamp_seconds{command="bill",deployment="nz-prod"}`:      "",
		`artifice_outcomes_total{command="bill",deployment="nz-prod",result="billed"}`:      "2",
		`artifice_outcomes_total{command="bill",deployment="nz-prod",result="in_doubt"}`:    "1",
		`artifice_last_success_timestamp_seconds{command="collect",deployment="nz-prod"}`:   "1375660800",
		`artifice_runs_total{command="bill",deployment="nz-prod",exit_code="3"}`:            "1",
		`artifice_last_run_exit_code{command="bill",deployment="nz-prod"}`:                  "3",
		`artifice_collected_through_timestamp_seconds{deployment="nz-prod",source="south"}`: "1375660800",
		`artifice_last_run_timestamp_seconds{command="collect",deployment="nz-prod"}`:       "1375664400",
	} {
		if fourth[key] != value {
			t.Errorf("afterwards %s is %q, want %q", key, fourth[key], value)
		}
	}
	// A file of another deployment, or of anything else, is replaced.
	f.deployment = "other"
	if text := string(f.text(third, "bill", ExitDone, metricsNow)); strings.Contains(text, "nz-prod") {
		t.Errorf("the figures of another deployment are among\n%s", text)
	}
}

// Every run leaves a file that others may read, whole at any time, however it
// ended and whoever else ends with it.
func TestMetricsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "artifice.prom")
	const each = 20
	run := func(name string, err error) int {
		command := func(*App) *cobra.Command {
			return &cobra.Command{Use: name, RunE: func(*cobra.Command, []string) error { return err }}
		}
		var said bytes.Buffer
		return (&App{Stdout: &said, Stderr: &said, Commands: []Command{command}}).Run(t.Context(), name, "--metrics-file", path)
	}
	var all sync.WaitGroup
	for _, name := range []string{"one", "two", "three"} {
		all.Go(func() {
			for i := range each {
				if i%2 == 0 {
					run(name, errors.New("no"))
				} else {
					run(name, nil)
				}
			}
		})
	}
	all.Wait()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := exposed(t, string(text))
	for _, name := range []string{"one", "two", "three"} {
		for code := range 2 {
			if n := got[fmt.Sprintf(`artifice_runs_total{command="%s",exit_code="%d"}`, name, code)]; n != strconv.Itoa(each/2) {
				t.Errorf("%s ended %s times with %d, want %d", name, n, code, each/2)
			}
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("the file has mode %v: %v", info.Mode(), err)
	}
	if files, err := filepath.Glob(filepath.Dir(path) + "/.*"); err != nil || len(files) > 0 {
		t.Errorf("beside it are %q: %v", files, err)
	}
}

// Where the file cannot be written a command does nothing, and says so once.
func TestMetricsFileCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"file/artifice.prom", "nowhere/artifice.prom"} {
		done := false
		command := func(*App) *cobra.Command {
			return &cobra.Command{Use: "one", RunE: func(*cobra.Command, []string) error {
				done = true
				return nil
			}}
		}
		var said bytes.Buffer
		code := (&App{Stdout: &said, Stderr: &said, Commands: []Command{command}}).Run(t.Context(), "one", "--metrics-file", filepath.Join(dir, path))
		if code != ExitFailed || done || strings.Count(said.String(), "--metrics-file: ") != 1 || !strings.HasSuffix(said.String(), "; nothing was done\n") {
			t.Errorf("%s: exit code %d, and that it is done is %v:\n%s", path, code, done, &said)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// The page has every figure, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(artifice_[a-z_]+)` ").FindAllStringSubmatch(string(page), -1) {
		told[row[1]] = true
	}
	for _, m := range slices.Concat(ofRun, ofLedger) {
		if !told[m.Name] {
			t.Errorf("docs/metrics.md does not tell of %s", m.Name)
		}
		delete(told, m.Name)
	}
	for name := range told {
		t.Errorf("docs/metrics.md tells of %s, which is not there", name)
	}
}

// Figures of several runs are kept in a file: the standard output is none.
func TestMetricsFileIsAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for path, want := range map[string]int{"-": ExitUsage, "": ExitDone} {
		var said bytes.Buffer
		code := (&App{Stdout: &said, Stderr: &said}).Run(t.Context(), "version", "--metrics-file", path)
		if code != want || strings.Contains(said.String(), "name a file") != (want == ExitUsage) {
			t.Errorf("--metrics-file %q: exit code %d: %s", path, code, &said)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
