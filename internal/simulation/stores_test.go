package simulation_test

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/adapters/postgres"
	"github.com/openstack-artifice/artifice/adapters/sqlite"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/internal/simulation"
	"github.com/openstack-artifice/artifice/ledger"
)

var storeSeeds = flag.Uint64("store-seeds", 1, "how many seeds each crash point is tried with over the stores in a database")

// cluster need not wait for the disk: no server is killed.
var cluster = pgtest.Shared{Options: pgtest.Options{NoSync: true}}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(cluster.Run(m))
}

// TestStores runs the simulation over the stores that people use, every crash
// point with a seed of its own.
func TestStores(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		simulate(t, simulation.Options{Store: inFile(t), Shared: true})
	})
	t.Run("postgres", func(t *testing.T) {
		// Its leases go by the server's clock, which nobody simulates.
		simulate(t, simulation.Options{Store: inServer(t), Shared: true, NoLeases: true})
	})
}

func simulate(t *testing.T, o simulation.Options) {
	crashes := 0
	for round := range *storeSeeds {
		for i, p := range simulation.Points() {
			o.Seed, o.Point = 1000*round+uint64(i)+1, p
			result, err := simulation.Run(o, i%5)
			if err != nil {
				t.Errorf("%s, passage %d, seed %d: %v", p, i%5+1, o.Seed, err)
			}
			if result.Crashed {
				crashes++
			}
		}
	}
	if all := int(*storeSeeds) * len(simulation.Points()); crashes < all*3/4 {
		t.Errorf("only %d of %d runs came to their crash point", crashes, all)
	}
}

// inFile opens a new SQLite file for every run.
func inFile(t *testing.T) func(func() time.Time) (ledger.Store, error) {
	dir := t.TempDir()
	var last io.Closer
	t.Cleanup(func() { closeIt(t, last) })
	return func(now func() time.Time) (ledger.Store, error) {
		closeIt(t, last)
		path := filepath.Join(dir, "artifice.db")
		if err := os.RemoveAll(path); err != nil {
			return nil, err
		}
		store, err := sqlite.NewStore(context.Background(), sqlite.Config{Path: config.Path(path)})
		if err != nil {
			return nil, err
		}
		store.Clock, last = now, store
		return store, nil
	}
}

// inServer opens a new database for every run.
func inServer(t *testing.T) func(func() time.Time) (ledger.Store, error) {
	pg := cluster.Get(t)
	empty := pg.Template(t)
	t.Setenv("ARTIFICE_TEST_PASSWORD", empty.Password)
	password, err := config.ParseSecret("env:ARTIFICE_TEST_PASSWORD")
	if err != nil {
		t.Fatal(err)
	}
	store, err := postgres.NewStore(context.Background(), postgres.Config{URL: empty.URL, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	// The first use makes the tables.
	if _, err := store.Marks(context.Background()); err != nil {
		t.Fatal(err)
	}
	closeIt(t, store) // nobody may be connected to what is copied
	var last io.Closer
	t.Cleanup(func() { closeIt(t, last) })
	return func(func() time.Time) (ledger.Store, error) {
		closeIt(t, last)
		store, err := postgres.NewStore(context.Background(), postgres.Config{URL: pg.Create(t, empty).URL, Password: password})
		if err != nil {
			return nil, err
		}
		last = store
		return store, nil
	}
}

func closeIt(t *testing.T, c io.Closer) {
	t.Helper()
	if c == nil {
		return
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
