package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// cluster is the server of all tests but those that kill it.
var cluster = pgtest.Shared{Options: pgtest.Options{NoSync: true}}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// configOf is how a store comes by a database of a test.
func configOf(t testing.TB, db pgtest.Database) Config {
	t.Helper()
	const variable = "ARTIFICE_POSTGRES_TEST_PASSWORD"
	if os.Getenv(variable) != db.Password {
		must(t, os.Setenv(variable, db.Password))
	}
	password, err := config.ParseSecret("env:" + variable)
	must(t, err)
	return Config{URL: db.URL, Password: password}
}

// openStore is a store on a database, as another process would open it.
func openStore(t testing.TB, db pgtest.Database) *Store {
	t.Helper()
	s, err := NewStore(t.Context(), configOf(t, db))
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// empty is the database of an empty ledger, of which others are copies.
var empty struct {
	once sync.Once
	db   pgtest.Database
}

// newDatabase is a database with an empty ledger.
func newDatabase(t testing.TB) pgtest.Database {
	t.Helper()
	c := cluster.Get(t)
	empty.once.Do(func() {
		empty.db = c.Template(t)
		s, err := NewStore(t.Context(), configOf(t, empty.db))
		must(t, err)
		_, err = s.Marks(t.Context())
		must(t, errors.Join(err, s.Close()))
	})
	return c.Create(t, empty.db)
}

// newStore is a store on a new database.
func newStore(t testing.TB) *Store {
	t.Helper()
	return openStore(t, newDatabase(t))
}

// hour is the instant n hours after the beginning of 1970.
func hour(n int) time.Time { return time.Unix(int64(n)*3600, 0).UTC() }

func hours(first, last int) usage.Span { return usage.Span{Start: hour(first), End: hour(last)} }

// vm is the series of most tests.
var vm = ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}

// entryFold is a fold of one entry.
func entryFold(s ledger.Series, n int, tenant, volume string) ledger.Fold {
	w := hours(n, n+1)
	return ledger.Fold{Window: w, Samples: 6, Digest: strings.Repeat("0f", 32), State: usage.State{Data: `{"state":"active"}`, Until: w.End},
		Entries: []usage.Entry{{Source: s.Source, Meter: s.Meter, Resource: s.Resource, Window: w, Volume: usage.Volume{
			Tenant: tenant, Datacenter: "wlg", Service: "c1.small", Volume: decimal.RequireFromString(volume), Unit: "second", Samples: 6}}}}
}

// entryBatch is such a fold for each of the hours.
func entryBatch(s ledger.Series, first, last int, tenant, volume string) ledger.Batch {
	folds := ledger.SeriesFolds{Series: s}
	for n := first; n < last; n++ {
		folds.Folds = append(folds.Folds, entryFold(s, n, tenant, volume))
	}
	return ledger.Batch{Series: []ledger.SeriesFolds{folds}}
}

var (
	lease = ledger.Lease{Holder: "test", For: time.Hour}
	note  = ledger.Note{At: hour(1000), By: "test", Reason: "because"}
)

func newOrder(key, tenant string, block usage.Span, items int) ledger.Order {
	o := ledger.Order{Order: invoice.Order{Key: key, Attempt: 1, Tenant: invoice.Tenant{ID: tenant}, Block: block, Currency: "NZD", Digits: 2},
		ValueDigits: 6, Rounding: "half-away-from-zero"}
	for range items {
		o.Items = append(o.Items, ledger.Item{Item: invoice.Item{Datacenter: "wlg", Name: "c1.small", Value: decimal.NewFromInt(1), Unit: "hour"},
			Volume: decimal.NewFromInt(3600), Measured: "second", Meters: []string{"instance"}})
	}
	return o
}

// claim claims an order drafted from the tenant's usage as it is.
func claim(ctx context.Context, s *Store, o ledger.Order, l ledger.Lease, carries ...ledger.Adjustment) (ledger.Hold, error) {
	revision, err := s.Revision(ctx, o.Tenant.ID)
	if err != nil {
		return ledger.Hold{}, err
	}
	return s.Claim(ctx, ledger.Claim{Order: o, Revision: revision, Carries: carries, Lease: l, Note: note})
}

// populate writes usage and orders of each state. Order 1 (id 1) is claimed,
// 2 is settled, 3 in doubt; 4 is parked before its claim, 5 void. They are
// acme's, and their blocks the hours 0-10, 10-20, 20-30, 30-40 and 40-45. Hour
// 12 has late usage that order 3 carries, and hour 13 some that is pending.
func populate(t testing.TB, s *Store) {
	t.Helper()
	ctx := t.Context()
	b := entryBatch(vm, 0, 50, "acme", "3600")
	b.Series[0].Folds[7].Gaps = []usage.Gap{{Tenant: "acme", From: hour(7), To: hour(8)}}
	b.Marks = []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(50)}}
	b.Meters = []ledger.MeterMark{{Source: "object", Meter: "instance", Through: hour(50)}}
	b.Bookmarks = []ledger.Bookmark{{Tenant: "acme", Source: "object", Text: "read up to hour 50"}}
	b.Resources = []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance", Info: map[string]string{"name": "web"}, Seen: hour(49)}}
	b.Tenants = []usage.Tenant{{ID: "acme", Name: "Acme"}}
	must(t, s.Record(ctx, b))
	_, err := claim(ctx, s, newOrder("c1", "acme", hours(0, 10), 2), lease)
	must(t, err)
	hold, err := claim(ctx, s, newOrder("5e", "acme", hours(10, 20), 2), lease)
	must(t, err)
	must(t, s.Settle(ctx, hold, "INV-1", note))
	must(t, s.Record(ctx, entryBatch(vm, 12, 13, "acme", "3000")))
	var late []ledger.Adjustment
	for a, err := range s.Adjustments(ctx, ledger.AdjustmentFilter{Pending: true}) {
		must(t, err)
		late = append(late, a)
	}
	if len(late) != 1 || late[0].Volume.Volume.String() != "-600" {
		t.Fatalf("got the adjustments %v, want one of -600", late) // 3000 - 3600
	}
	hold, err = claim(ctx, s, newOrder("1d", "acme", hours(20, 30), 0), lease, late...)
	must(t, err)
	must(t, s.Suspend(ctx, hold, ledger.InDoubt, note))
	must(t, s.Record(ctx, entryBatch(vm, 13, 14, "acme", "3000")))
	must(t, s.Park(ctx, newOrder("9a", "acme", hours(30, 40), 0), note))
	hold, err = claim(ctx, s, newOrder("0d", "acme", hours(40, 45), 1), lease)
	must(t, err)
	must(t, s.Settle(ctx, hold, "INV-2", note))
	must(t, s.Void(ctx, "0d", note))
}

// populated is a store in a new database with what populate writes.
func populated(t testing.TB) (*Store, pgtest.Database) {
	t.Helper()
	db := newDatabase(t)
	s := openStore(t, db)
	populate(t, s)
	return s, db
}

// TestOpen: a ledger is made when it is first used, and found again, also by
// another store; what is closed stays closed.
func TestOpen(t *testing.T) {
	db := cluster.Get(t).Create(t)
	s := openStore(t, db)
	populate(t, s)
	for _, other := range []*Store{s, openStore(t, db)} {
		orders, err := other.Orders(t.Context(), ledger.OrderFilter{})
		must(t, err)
		if len(orders) != 5 {
			t.Errorf("got %d orders, want 5", len(orders))
		}
		must(t, other.Close())
		if _, err := other.Marks(t.Context()); !errors.Is(err, errClosed) {
			t.Errorf("got error %v, want that it is closed", err)
		}
	}
}

// TestWrongServer: failures say which database, and what may be done.
func TestWrongServer(t *testing.T) {
	db := cluster.Get(t).Create(t)
	at := fmt.Sprintf("database %s at %s:%d: ", db.Name, db.Cluster.Host, db.Cluster.Port)
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"wrong password", func(c *Config) { c.Password, _ = config.ParseSecret("env:HOME") }, at + "the server does not let the user in: check user and password"},
		{"no password", func(c *Config) { c.Password = config.Secret{} }, at},
		{"no such variable", func(c *Config) { c.Password, _ = config.ParseSecret("env:ARTIFICE_TEST_UNSET") }, "ARTIFICE_TEST_UNSET"},
		{"no such database", func(c *Config) { c.URL = strings.Replace(c.URL, "/"+db.Name+"?", "/nowhere?", 1) }, "the database is not there: createdb"},
		{"no such server", func(c *Config) { c.URL = "postgres://a@localhost:1/b" }, "database b at localhost:1: "},
	} {
		c := configOf(t, db)
		test.change(&c)
		s, err := NewStore(t.Context(), c)
		must(t, err)
		_, err = s.Marks(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), db.Password) {
			t.Errorf("%s: got error %v, want one with %q", test.name, err, test.want)
		}
		must(t, s.Close())
	}
}
