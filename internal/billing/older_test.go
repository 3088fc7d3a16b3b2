package billing_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/openstack-artifice/artifice/adapters/postgres"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/archive"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// cluster is the server of the tests that need one.
var cluster = pgtest.Shared{Options: pgtest.Options{NoSync: true}}

func TestMain(m *testing.M) { os.Exit(cluster.Run(m)) }

// fixtures are the ledgers of every version that the files of an adapter are of.
func fixtures(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < 2 {
		t.Fatalf("%s: %q, %v", pattern, files, err)
	}
	return files
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A ledger of every version that there was goes on, whatever keeps it: what it
// holds stays, what it had begun is finished, and it collects, bills and voids.
func TestOlderLedgers(t *testing.T) {
	for _, file := range fixtures(t, "../../adapters/sqlite/testdata/version-*.sql") {
		t.Run("sqlite "+filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			db, err := sql.Open("sqlite", "file:"+path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("../../adapters/sqlite/migrations"), goose.WithDisableGlobalRegistry(true))
			if err != nil {
				t.Fatal(err)
			}
			var version int64
			if _, err := fmt.Sscanf(filepath.Base(file), "version-%d.sql", &version); err != nil {
				t.Fatal(err)
			}
			if _, err := provider.UpTo(t.Context(), version); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(readFile(t, file)); err != nil {
				t.Fatal(err)
			}
			goesOn(t, openSQLite(t, path))
		})
	}
	for _, file := range fixtures(t, "../../adapters/postgres/testdata/version-*.sql") {
		t.Run("postgres "+filepath.Base(file), func(t *testing.T) {
			server := cluster.Get(t)
			db := server.Create(t)
			restore := server.Command("psql", "--quiet", "--set", "ON_ERROR_STOP=1", db.Name)
			restore.Stdin = strings.NewReader("SET SESSION AUTHORIZATION " + db.User + ";\n" + readFile(t, file))
			if out, err := restore.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			const variable = "ARTIFICE_OLDER_TEST_PASSWORD"
			t.Setenv(variable, db.Password)
			password, err := config.ParseSecret("env:" + variable)
			if err != nil {
				t.Fatal(err)
			}
			store, err := postgres.NewStore(t.Context(), postgres.Config{URL: db.URL, Password: password})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
			goesOn(t, store)
		})
	}
	for _, file := range fixtures(t, "../archive/testdata/version-*.jsonl") {
		t.Run("archive "+filepath.Base(file), func(t *testing.T) {
			r, err := archive.NewReader(file, strings.NewReader(readFile(t, file)))
			if err != nil {
				t.Fatal(err)
			}
			store := memory.New(memory.Options{Shared: true})
			if err := store.Load(t.Context(), r.Records()); err != nil {
				t.Fatal(err)
			}
			goesOn(t, store)
		})
	}
}

// goesOn lets the first tenant of a ledger use, and pay for, twenty hours that
// come after all that was billed.
func goesOn(t *testing.T, store ledger.Store) {
	orders, err := store.Orders(t.Context(), ledger.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	marks, err := store.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mark := marks[slices.IndexFunc(marks, func(m ledger.Mark) bool { return m.Tenant != "" })]
	tenant, base := mark.Tenant, august.Start // the ledgers in SQL are of 1970, when there was nothing to measure
	for _, o := range orders {
		if o.Block.End.After(base) {
			base = o.Block.End.UTC()
		}
	}
	at := func(hour int) time.Time { return base.Add(time.Duration(hour) * time.Hour) }
	sample := func(resource string, hour int) usage.Sample {
		return volume(tenant, resource, at(hour).Add(time.Minute).Format(time.RFC3339), "2")
	}

	d := newDesk(map[string]string{"volume.size": "3", "c1.small": "1"})
	source := &samples{}
	e := newEngine(source, searchable{d})
	e.Store, e.Deployment, e.Adapter, e.SettleAfter = store, orders[0].Deployment, orders[0].Adapter, 0
	// The states of the fixtures are no transformer's: their meter is left alone.
	e.Meters = slices.DeleteFunc(e.Meters, func(m usage.Meter) bool { return m.Name != "volume.size" })
	e.Now = func() time.Time { return at(1000) }
	invoiceOf := func(from, to int) ledger.Order {
		t.Helper()
		outcomes, err := e.Bill(t.Context(), usage.Span{Start: at(from), End: at(to)}, []string{tenant})
		if err != nil || len(outcomes) != 1 || outcomes[0].Result != billing.Billed {
			t.Fatalf("%+v, %v", outcomes, err)
		}
		return outcomes[0].Order
	}
	// own is what an order bills for its own block, and late what it adjusts of
	// another of these.
	own := func(o ledger.Order, since time.Time) (own, late string) {
		for _, item := range o.Items {
			switch {
			case item.Adjusts.IsZero():
				own += item.Value.String() + " " + item.Name
			case !item.Adjusts.Start.Before(since):
				late += item.Value.String() + " " + item.Name
			}
		}
		return own, late
	}

	source.all = []usage.Sample{sample("v1", 1), sample("v1", 11)}
	collect(t, e, at(20))
	first := invoiceOf(0, 10)
	if got, late := own(first, base); got != "2 volume.size" || late != "" { // 2 GB for an hour
		t.Errorf("billed %q, and late %q", got, late)
	}
	source.all = append(source.all, sample("v2", 2))
	collect(t, e, at(20))
	if got, late := own(invoiceOf(10, 20), base); got != "2 volume.size" || late != "2 volume.size" {
		t.Errorf("billed %q, and late %q", got, late)
	}
	if err := e.Void(t.Context(), first.Key, "wrong"); err != nil {
		t.Fatal(err)
	}
	// What the later order bills of it is left out of it.
	if again := invoiceOf(0, 10); again.Attempt != 2 {
		t.Errorf("billed again as attempt %d", again.Attempt)
	} else if got, late := own(again, base); got != "2 volume.size" || late != "" {
		t.Errorf("billed again %q, and late %q", got, late)
	}

	// What was begun is finished, as it was claimed; all else stays as it is.
	finished := map[string]bool{}
	for _, o := range orders {
		if o.Status == ledger.Claimed && o.Tenant.ID == tenant {
			want := billing.Billed
			if o.Holder != "" {
				want = billing.Busy // by the clock of whoever runs this, its lease has not ended
			}
			outcomes, err := e.Bill(t.Context(), o.Block, []string{tenant})
			if err != nil || outcomes[0].Order.Key != o.Key || outcomes[0].Result != want {
				t.Errorf("%+v, %v", outcomes, err)
			}
			finished[o.Key] = true
		}
	}
	for _, o := range orders {
		after, err := store.Order(t.Context(), o.Key)
		if err != nil {
			t.Errorf("order %s: %v", o.Key, err)
			continue
		}
		after.Items = nil
		if finished[o.Key] {
			continue
		}
		if diff := cmp.Diff(o, after); diff != "" {
			t.Errorf("order %s (-want +got):\n%s", o.Key, diff)
		}
	}
}
