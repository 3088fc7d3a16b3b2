package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/files"
	"github.com/openstack-artifice/artifice/internal/metrics"
	"github.com/openstack-artifice/artifice/ledger"
)

// The metrics of a run. Each has the label deployment, and most the command.
var (
	mBuild    = metrics.Metric{Name: "artifice_build_info", Kind: metrics.Gauge, Help: "Always 1; the labels say what the program that ran last was built from."}
	mRun      = metrics.Metric{Name: "artifice_last_run_timestamp_seconds", Kind: metrics.Gauge, Help: "When the command ended last, however it ended."}
	mSuccess  = metrics.Metric{Name: "artifice_last_success_timestamp_seconds", Kind: metrics.Gauge, Help: "When the command ended last with exit code 0."}
	mDuration = metrics.Metric{Name: "artifice_last_run_duration_seconds", Kind: metrics.Gauge, Help: "How long the last run of the command took."}
	mExit     = metrics.Metric{Name: "artifice_last_run_exit_code", Kind: metrics.Gauge, Help: "What the last run of the command ended with; artifice help exit-codes."}
	mRuns     = metrics.Metric{Name: "artifice_runs_total", Kind: metrics.Counter, Help: "Runs of the command, by exit code."}
	mSamples  = metrics.Metric{Name: "artifice_samples_read_total", Kind: metrics.Counter, Help: "Samples that a source gave for the meters of the config."}
	mWindows  = metrics.Metric{Name: "artifice_windows_written_total", Kind: metrics.Counter, Help: "Hours of resources whose usage was written."}
	mEntries  = metrics.Metric{Name: "artifice_entries_written_total", Kind: metrics.Counter, Help: "Usage entries that were written."}
	mLate     = metrics.Metric{Name: "artifice_windows_late_total", Kind: metrics.Counter, Help: "Billed hours of resources that changed later, and became adjustments."}
	mGaps     = metrics.Metric{Name: "artifice_gaps_total", Kind: metrics.Counter, Help: "Gaps found, in which no samples came of what had not stopped."}
	mOutcomes = metrics.Metric{Name: "artifice_outcomes_total", Kind: metrics.Counter, Help: "What billing or reconciling came to, for a tenant and block at a time, by result."}
)

// The metrics of the ledger, as it was when the last run ended that could read
// it.
var (
	mRead      = metrics.Metric{Name: "artifice_ledger_read_timestamp_seconds", Kind: metrics.Gauge, Help: "When the figures of the ledger were read."}
	mTenants   = metrics.Metric{Name: "artifice_tenants", Kind: metrics.Gauge, Help: "Tenants that are known."}
	mOpen      = metrics.Metric{Name: "artifice_tenants_open", Kind: metrics.Gauge, Help: "Tenants with an order that is parked, in_doubt, or waiting to be gone on with."}
	mBehind    = metrics.Metric{Name: "artifice_tenants_behind", Kind: metrics.Gauge, Help: "Tenants that are not collected as far as their source."}
	mCollected = metrics.Metric{Name: "artifice_collected_through_timestamp_seconds", Kind: metrics.Gauge, Help: "Up to when a source is collected."}
	mBilled    = metrics.Metric{Name: "artifice_billed_through_timestamp_seconds", Kind: metrics.Gauge, Help: "End of the latest block that is settled for any tenant."}
	mSpan      = metrics.Metric{Name: "artifice_collected_seconds", Kind: metrics.Gauge, Help: "How much time of a source is collected, from its beginning through its end."}
	mSettled   = metrics.Metric{Name: "artifice_billed_seconds", Kind: metrics.Gauge, Help: "How much time is settled: the lengths of all blocks of all tenants, together."}
	mOrders    = metrics.Metric{Name: "artifice_orders", Kind: metrics.Gauge, Help: "Orders, by status."}
	mPending   = metrics.Metric{Name: "artifice_adjustments_pending", Kind: metrics.Gauge, Help: "Late usage, by hour and resource, that no order carries yet."}
)

var (
	ofRun    = []metrics.Metric{mBuild, mRun, mSuccess, mDuration, mExit, mRuns, mSamples, mWindows, mEntries, mLate, mGaps, mOutcomes}
	ofLedger = []metrics.Metric{mRead, mTenants, mOpen, mBehind, mCollected, mBilled, mSpan, mSettled, mOrders, mPending}
)

func newFigures() *metrics.Set { return metrics.New(slices.Concat(ofRun, ofLedger)...) }

// figures is what a run has to say to Prometheus.
type figures struct {
	path       metricsFile
	began      time.Time
	deployment string // "" where the config could not be read
	collected  []billing.Collected
	outcomes   []billing.Outcome
	ledger     *ledgerFigures // nil where it could not be read
}

func (f *figures) register(root *cobra.Command) {
	f.path = "" // what an earlier command line has said
	root.PersistentFlags().Var(&f.path, "metrics-file", "write figures for Prometheus into this `file`, for node_exporter's textfile collector")
}

// A metricsFile is the file of the figures, "" for none.
type metricsFile string

// Set implements pflag.Value. Figures are added to those of earlier runs, which
// the standard output does not keep.
func (m *metricsFile) Set(text string) error {
	if text == "-" {
		return errors.New("name a file: it keeps the figures of earlier runs")
	}
	*m = metricsFile(text)
	return nil
}

// String implements pflag.Value.
func (m *metricsFile) String() string { return string(*m) }

// Type implements pflag.Value.
func (m *metricsFile) Type() string { return "string" }

// name notes which deployment a config is of, which may be told of one that is
// wrong otherwise.
func (f *figures) name(file *config.File) {
	if key := file.SectionOrEmpty("main", config.Position{}).Key("deployment"); key != nil {
		f.deployment = key.Value
	}
}

// ledgerFigures is what the ledger has to say.
type ledgerFigures struct {
	at      time.Time
	tenants int
	open    map[ledger.Status]map[string]bool // tenants
	orders  map[ledger.Status]int
	billed  time.Time
	settled int64                    // in seconds: a time.Duration has no room for many tenants
	through map[string]time.Time     // by source
	span    map[string]time.Duration // by source, up to through
	behind  map[string]int
	pending int
}

// readLedger reads the figures of the ledger, also for a run that was stopped.
func (f *figures) readLedger(ctx context.Context, e *billing.Engine) error {
	if f.path == "" {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	l := &ledgerFigures{at: e.Now(), open: map[ledger.Status]map[string]bool{}, orders: map[ledger.Status]int{}, through: map[string]time.Time{}, span: map[string]time.Duration{}, behind: map[string]int{}}
	tenants, err := e.Tenants(ctx, nil)
	if err != nil && !errors.Is(err, billing.ErrNothingCollected) {
		return err
	}
	l.tenants = len(tenants)
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
	if err != nil {
		return err
	}
	for _, o := range orders {
		l.orders[o.Status]++
		if l.open[o.Status] == nil {
			l.open[o.Status] = map[string]bool{}
		}
		l.open[o.Status][o.Tenant.ID] = true
		if o.Status == ledger.Settled {
			l.settled += int64(o.Block.Duration() / time.Second)
			if o.Block.End.After(l.billed) {
				l.billed = o.Block.End
			}
		}
	}
	marks, err := e.Store.Marks(ctx)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if m.Tenant == "" {
			l.through[m.Source], l.span[m.Source] = m.Through, m.Through.Sub(m.From)
		}
	}
	for _, m := range marks {
		if m.Through.Before(l.through[m.Source]) {
			l.behind[m.Source]++
		}
	}
	for _, err := range e.Store.Adjustments(ctx, ledger.AdjustmentFilter{Pending: true}) {
		if err != nil {
			return err
		}
		l.pending++
	}
	f.ledger = l
	return nil
}

// begin finds out, before anything is done, whether the file could be written.
// Where it could not, nobody tries again.
func (f *figures) begin() error {
	if f.path == "" {
		return nil
	}
	try, err := os.CreateTemp(filepath.Dir(string(f.path)), ".artifice-")
	if err == nil {
		err = errors.Join(try.Close(), os.Remove(try.Name()))
	}
	if err != nil {
		f.path = ""
		return fmt.Errorf("--metrics-file: %w; nothing was done", err)
	}
	return nil
}

// write writes the file: what this run has to say, and what others have said
// of the same deployment. Two runs do not do that at once.
func (f *figures) write(command string, code int, now time.Time) (err error) {
	if f.path == "" {
		return nil
	}
	path := string(f.path)
	unlock, err := lockDirectory(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replace(path, 0o644, files.Text(f.text(before, command, code, now)))
}

// text is the file after this run, given what it was before.
func (f *figures) text(before []byte, command string, code int, now time.Time) []byte {
	s := newFigures()
	s.Read(before)
	name := cmp.Or(f.deployment, s.Label(mRun, "deployment"))
	s.Drop(func(metric string, labels metrics.Labels) bool {
		return metric == mBuild.Name || labels["deployment"] != name
	})
	labels := func(more ...string) metrics.Labels {
		all := metrics.Labels{"deployment": name}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}

	info, _ := debug.ReadBuildInfo()
	s.Set(mBuild, 1, labels("version", version(info, artificeModule), "revision", setting(info, "vcs.revision"), "goversion", runtime.Version()))
	s.SetTime(mRun, now, labels("command", command))
	if code == ExitDone {
		s.SetTime(mSuccess, now, labels("command", command))
	}
	s.Set(mDuration, now.Sub(f.began).Seconds(), labels("command", command))
	s.Set(mExit, float64(code), labels("command", command))
	s.Add(mRuns, 1, labels("command", command, "exit_code", strconv.Itoa(code)))
	for _, c := range f.collected {
		s.Add(mSamples, c.Read, labels("source", c.Source))
		s.Add(mWindows, c.Changed, labels("source", c.Source))
		s.Add(mEntries, c.Entries, labels("source", c.Source))
		late := 0
		for _, l := range c.Late {
			late += l.Windows
		}
		s.Add(mLate, late, labels("source", c.Source))
		s.Add(mGaps, len(c.Gaps)+c.MoreGaps+c.Short.Count(), labels("source", c.Source))
	}
	for _, o := range f.outcomes {
		s.Add(mOutcomes, 1, labels("command", command, "result", underscored(string(o.Result))))
	}
	f.ledger.set(s, labels)
	return s.Text()
}

// set sets the figures of the ledger, where it could be read, in place of those
// that there were.
func (l *ledgerFigures) set(s *metrics.Set, labels func(...string) metrics.Labels) {
	if l == nil {
		return
	}
	for _, m := range ofLedger {
		s.Drop(func(name string, _ metrics.Labels) bool { return name == m.Name })
	}
	s.SetTime(mRead, l.at, labels())
	s.Set(mTenants, float64(l.tenants), labels())
	for status, state := range map[ledger.Status]string{ledger.Parked: "parked", ledger.InDoubt: "in_doubt", ledger.Claimed: "waiting"} {
		s.Set(mOpen, float64(len(l.open[status])), labels("state", state))
	}
	for source, through := range l.through {
		s.SetTime(mCollected, through, labels("source", source))
		s.Set(mSpan, l.span[source].Seconds(), labels("source", source))
		s.Set(mBehind, float64(l.behind[source]), labels("source", source))
	}
	if !l.billed.IsZero() {
		s.SetTime(mBilled, l.billed, labels())
	}
	s.Set(mSettled, float64(l.settled), labels())
	for status, n := range l.orders {
		s.Set(mOrders, float64(n), labels("status", underscored(string(status))))
	}
	s.Set(mPending, float64(l.pending), labels())
}

func underscored(s string) string { return strings.ReplaceAll(s, " ", "_") }
