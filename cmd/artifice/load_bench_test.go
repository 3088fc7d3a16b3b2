package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/postgres"
	"github.com/openstack-artifice/artifice/adapters/sqlite"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

var (
	loadEntries = flag.Int("load-entries", 20_000, "how many entries BenchmarkLoad records")
	loadTenants = flag.Int("load-tenants", 50, "how many tenants BenchmarkBilling bills")
)

// What each tenant of BenchmarkLoad has: a month of some resources.
const (
	loadSeries = 14
	loadHours  = 30 * 24
	// loadAtOnce is how many series go into a transaction: about as many windows
	// as collect takes.
	loadAtOnce = 7
)

var loadStart = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)

// A loaded is a store to be filled, and how it is told of in a config.
type loaded struct {
	store   ledger.Store
	section string
	env     []string
	size    func() int64 // bytes, of all that is kept
	close   func() error
}

// loads are the stores. PostgreSQL waits for the disk, as it does where it is
// installed.
var loads = map[string]func(b *testing.B) loaded{
	"sqlite": func(b *testing.B) loaded {
		path := filepath.Join(b.TempDir(), "artifice.db")
		s, err := sqlite.NewStore(b.Context(), sqlite.Config{Path: config.Path(path)})
		noError(b, err)
		size := func() (size int64) {
			files, err := filepath.Glob(path + "*")
			noError(b, err)
			for _, name := range files {
				info, err := os.Stat(name)
				noError(b, err)
				size += info.Size()
			}
			return size
		}
		return loaded{s, "[store:object]\npath = " + path + "\n", nil, size, s.Close}
	},
	"postgres": func(b *testing.B) loaded {
		cluster := pgtest.Start(b, pgtest.Options{})
		db := cluster.Create(b)
		b.Setenv("CRASH_PASSWORD", db.Password)
		password, err := config.ParseSecret("env:CRASH_PASSWORD")
		noError(b, err)
		s, err := postgres.NewStore(b.Context(), postgres.Config{URL: db.URL, Password: password})
		noError(b, err)
		size := func() (size int64) {
			cluster.Exec(b, db.Name, "VACUUM ANALYZE") // as the server does by itself, in time
			conn, err := pgx.Connect(b.Context(), db.Admin)
			noError(b, err)
			noError(b, conn.QueryRow(b.Context(), "SELECT pg_database_size(current_database())").Scan(&size))
			noError(b, conn.Close(b.Context()))
			return size
		}
		section := fmt.Sprintf("[store:object]\nurl = %s\npassword = env:CRASH_PASSWORD\n", db.URL)
		return loaded{s, section, []string{"CRASH_PASSWORD=" + db.Password}, size, s.Close}
	},
}

func loadTenant(n int) string { return fmt.Sprintf("%032x", n) }

// loadFolds are hours of one resource of a tenant, with digests and states as
// real ones have them.
func loadFolds(tenant, resource, hours int) ledger.SeriesFolds {
	series := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("%08x-0000-4000-8000-%012x", tenant, resource)}
	folds := ledger.SeriesFolds{Series: series}
	for h := range hours {
		start := loadStart.Add(time.Duration(h) * time.Hour)
		w := usage.Span{Start: start, End: start.Add(time.Hour)}
		content := fmt.Appendf(nil, "%024x%024x%024x", tenant, resource, h) // of six samples
		folds.Folds = append(folds.Folds, ledger.Fold{
			Window: w, Samples: 6, Digest: "AAAAAAAA:" + base64.RawURLEncoding.EncodeToString(content),
			State: usage.State{Until: w.End.Add(59 * time.Minute), Data: fmt.Sprintf(
				`{"dc":"wlg","data":{"since":%q,"state":"active","flavor":"c1.small","tenant":"%032x","datacenter":"wlg"}}`, w.End.Add(-time.Minute).Format(time.RFC3339Nano), tenant)},
			Entries: []usage.Entry{{Source: series.Source, Meter: series.Meter, Resource: series.Resource, Window: w, Volume: usage.Volume{
				Tenant: loadTenant(tenant), Datacenter: "wlg", Service: fmt.Sprint("c1.", resource%5), Volume: decimal.New(int64(3600-h%7), 0), Unit: "second", Samples: 6}}},
		})
	}
	return folds
}

// mark says that tenants are collected.
func mark(b *testing.B, s ledger.Store, tenants, hours int) {
	through := loadStart.Add(time.Duration(hours) * time.Hour)
	batch := ledger.Batch{Marks: []ledger.Mark{{Source: "object", From: loadStart, Through: through}}}
	for n := range tenants {
		batch.Tenants = append(batch.Tenants, usage.Tenant{ID: loadTenant(n), Name: fmt.Sprint("tenant ", n)})
		batch.Marks = append(batch.Marks, ledger.Mark{Tenant: loadTenant(n), Source: "object", From: loadStart, Through: through})
	}
	noError(b, s.Record(b.Context(), batch))
}

// BenchmarkLoad fills a store, and then asks the program itself for the usage
// and the draft of one tenant: how long that takes, from the start of the
// process to its end.
//
//	go test ./cmd/artifice -run '^$' -bench Load -benchtime 1x -load-entries 1000000
func BenchmarkLoad(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				benchmarkLoad(b, kind{name, "csv"}, loads[name](b))
			}
			b.ReportMetric(0, "ns/op") // of several things together it says nothing
		})
	}
}

func benchmarkLoad(b *testing.B, k kind, l loaded) {
	const each = loadSeries * loadHours
	tenants := max(1, *loadEntries/each)
	mark(b, l.store, tenants, loadHours)
	empty := l.size()
	began := time.Now()
	for tenant := range tenants {
		for first := 0; first < loadSeries; first += loadAtOnce {
			var batch ledger.Batch
			for resource := first; resource < first+loadAtOnce; resource++ {
				batch.Series = append(batch.Series, loadFolds(tenant, resource, loadHours))
			}
			noError(b, l.store.Record(b.Context(), batch))
		}
	}
	b.ReportMetric(float64(tenants*each)/time.Since(began).Seconds(), "entries/s")
	noError(b, l.close())
	b.ReportMetric(float64(l.size()-empty)/float64(tenants*each), "bytes/entry")

	dir := b.TempDir()
	noError(b, os.Mkdir(filepath.Join(dir, "samples"), 0o755))
	noError(b, os.WriteFile(filepath.Join(dir, "artifice.ini"), []byte(k.config(l.section+csvFiles(filepath.Join(dir, "invoices")).config())), 0o644))
	noError(b, os.WriteFile(filepath.Join(dir, "rates.csv"), []byte("* | c1.0 | second | 0.1\n* | c1.1 | second | 0.1\n* | c1.2 | second | 0.1\n* | c1.3 | second | 0.1\n* | c1.4 | second | 0.1\n"), 0o644))
	d := &deployment{t: b, program: built.get(b, k), dir: dir, env: l.env}
	for _, command := range []string{"help", "usage", "draft"} {
		args := []string{command, "--month", "2025-06", "--tenant", loadTenant(tenants / 2)}
		if command == "help" {
			args = args[:1] // what it takes to start a process
		}
		fastest := time.Hour // the others tell of what else the machine did
		for range 9 {
			began := time.Now()
			d.run(args...)
			fastest = min(fastest, time.Since(began))
		}
		b.ReportMetric(float64(fastest.Microseconds())/1000, "ms/"+command)
	}
}

// A drawer is an ERP that takes no time.
type drawer struct{}

func (drawer) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	return sheet(order.Key), nil
}

// A sheet is an invoice of a drawer.
type sheet string

func (sheet) AddSection(string) error    { return nil }
func (sheet) AddLine(invoice.Item) error { return nil }
func (sheet) Cost(context.Context, string, string) (decimal.Decimal, error) {
	return decimal.New(1, -4), nil
}
func (s sheet) Commit(context.Context) (string, error) { return string(s), nil }
func (sheet) Find(context.Context) (string, error)     { return "", invoice.ErrNotFound }

// BenchmarkBilling bills tenants, each with four resources, with an ERP that
// takes no time: what is left is drafting, claiming and settling.
//
//	go test ./cmd/artifice -run '^$' -bench Billing -benchtime 1x -load-tenants 10000
func BenchmarkBilling(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				benchmarkBilling(b, loads[name](b))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func benchmarkBilling(b *testing.B, l loaded) {
	workers := []int{1, 4, 16}
	mark(b, l.store, *loadTenants, len(workers))
	for first := 0; first < *loadTenants; first += 500 {
		var batch ledger.Batch
		for tenant := first; tenant < min(first+500, *loadTenants); tenant++ {
			for resource := range 4 {
				batch.Series = append(batch.Series, loadFolds(tenant, resource, len(workers)))
			}
		}
		noError(b, l.store.Record(b.Context(), batch))
	}
	for i, n := range workers {
		start := loadStart.Add(time.Duration(i) * time.Hour)
		e := &billing.Engine{Deployment: "load", Adapter: "drawer", Store: l.store, ERP: drawer{}, SourceNames: []string{"object"},
			Meters:   []usage.Meter{{Name: "instance", Meter: "instance", Billed: true}},
			Currency: "NZD", Digits: 2, ValueDigits: 6, Location: time.UTC, Holder: "load", Workers: n, Now: time.Now}
		began := time.Now()
		outcomes, err := e.Bill(b.Context(), usage.Span{Start: start, End: start.Add(time.Hour)}, nil)
		took := time.Since(began)
		noError(b, err)
		for _, o := range outcomes {
			noError(b, o.Err)
			if o.Result != billing.Billed || len(o.Order.Items) != 4 {
				noError(b, errors.New(string(o.Result)))
			}
		}
		b.ReportMetric(float64(len(outcomes))/took.Seconds(), fmt.Sprintf("tenants/s-%d-workers", n))
	}
	noError(b, l.close())
}
