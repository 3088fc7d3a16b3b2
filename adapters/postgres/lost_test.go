package postgres

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/internal/sqlledger"
	"github.com/openstack-artifice/artifice/ledger"
)

// A cutter passes connections on to a server. Where it is told to, it lets a
// commit through and loses the answer.
type cutter struct {
	to   string
	cut  atomic.Bool
	open sync.WaitGroup
}

// newCutter returns a cutter before the server, and the port that it is at.
func newCutter(t *testing.T, c *pgtest.Cluster) (*cutter, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	cut := &cutter{to: net.JoinHostPort(c.Host, strconv.Itoa(c.Port))}
	cut.open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			cut.open.Go(func() { cut.pass(client) })
		}
	})
	t.Cleanup(func() {
		must(t, l.Close())
		cut.open.Wait()
	})
	return cut, l.Addr().(*net.TCPAddr).Port
}

func (c *cutter) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer server.Close()
	var committing atomic.Bool
	c.open.Go(func() {
		defer client.Close()
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil || committing.Load() {
				return // it has answered, so it is done
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("commit\x00")) && c.cut.CompareAndSwap(true, false) {
			committing.Store(true)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if committing.Load() {
			_, _ = io.Copy(io.Discard, client) // until the answer has come
			return
		}
	}
}

// TestCommitLost loses the answer to a commit in every method that writes. Each
// says that it does not know, and each can be run again: nothing is there
// twice, and what was done is found.
func TestCommitLost(t *testing.T) {
	db := newDatabase(t)
	cut, port := newCutter(t, db.Cluster)
	db.URL = strings.Replace(db.URL, strconv.Itoa(db.Cluster.Port), strconv.Itoa(port), 1)
	s := openStore(t, db)
	ctx := t.Context()
	_, err := s.Marks(ctx)
	must(t, err)
	// twice runs a step whose commit is lost, and again; it returns what the
	// second run says.
	twice := func(what string, step func() error) error {
		t.Helper()
		cut.cut.Store(true)
		if err := step(); err == nil || !strings.Contains(err.Error(), "it may or may not have been: run it again") {
			t.Fatalf("%s: got error %v, want that it is not known", what, err)
		}
		if cut.cut.Load() {
			t.Fatalf("%s: nothing was committed", what)
		}
		return step()
	}
	contents := func() string { return dump(t, stranger(t, db), "held_until") }

	must(t, twice("record", func() error { return s.Record(ctx, entryBatch(vm, 0, 20, "acme", "3600")) }))
	revision, err := s.Revision(ctx, "acme")
	must(t, err)
	if revision != 1 {
		t.Errorf("the usage was written %d times", revision)
	}

	order := newOrder("aa", "acme", hours(0, 10), 2)
	step := ledger.Claim{Order: order, Revision: revision, Lease: lease, Note: note}
	err = twice("claim", func() error {
		_, err := s.Claim(ctx, step)
		return err
	})
	// It is told from another's by the key, and the same holder may take it.
	if overlap, ok := errors.AsType[*ledger.OverlapError](err); !ok || overlap.By.Key != "aa" || overlap.By.Holder != lease.Holder {
		t.Errorf("claimed again: got error %v, want the order itself in the way", err)
	}
	var hold ledger.Hold
	must(t, twice("take", func() (err error) {
		_, hold, err = s.Take(ctx, "aa", lease, note)
		return err
	}))
	must(t, twice("suspend", func() error { return s.Suspend(ctx, hold, ledger.InDoubt, note) }))
	must(t, twice("release", func() error { return s.Release(ctx, hold) }))
	if err := twice("settle", func() error { return s.Settle(ctx, hold, "INV-1", note) }); !errors.Is(err, ledger.ErrNotClaimed) {
		t.Errorf("settled again: got error %v, want ErrNotClaimed", err)
	}
	must(t, twice("record late", func() error { return s.Record(ctx, entryBatch(vm, 3, 4, "acme", "1800")) }))
	var late []ledger.Adjustment
	for a, err := range s.Adjustments(ctx, ledger.AdjustmentFilter{}) {
		must(t, err)
		late = append(late, a)
	}
	if len(late) != 1 || late[0].Volume.Volume.String() != "-1800" { // 1800 - 3600
		t.Errorf("got the late usage %v, want one of -1800", late)
	}
	must(t, twice("park", func() error { return s.Park(ctx, newOrder("bb", "acme", hours(10, 20), 0), note) }))
	before := contents()
	if err := twice("void", func() error { return s.Void(ctx, "aa", note) }); !errors.Is(err, ledger.ErrNotClaimed) {
		t.Errorf("voided again: got error %v, want ErrNotClaimed", err)
	}
	if contents() == before {
		t.Error("the order was not voided")
	}
	o, err := s.Order(ctx, "aa")
	must(t, err)
	changes, err := s.History(ctx, "aa")
	must(t, err)
	// claim, take twice, suspend twice, settle, void
	if o.Status != ledger.Void || o.Reference != "INV-1" || len(changes) != 7 {
		t.Errorf("the order is %s as %q after %d changes, want void as INV-1 after 7: %v", o.Status, o.Reference, len(changes), changes)
	}
}

// TestConnectionsLost: connections that broke while nobody used them are passed
// over, however many there are.
func TestConnectionsLost(t *testing.T) {
	db := newDatabase(t)
	s := openStore(t, db)
	ctx := t.Context()
	must(t, s.Record(ctx, entryBatch(vm, 0, 1, "acme", "1")))
	var inside sync.WaitGroup
	inside.Add(5)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			for _, err := range s.Entries(ctx, ledger.EntryFilter{}) {
				if err != nil {
					t.Error(err)
				}
				inside.Done()
				inside.Wait() // so that each has a connection
			}
		})
	}
	all.Wait()
	_, err := stranger(t, db).Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	must(t, err)
	must(t, s.Record(ctx, entryBatch(vm, 0, 2, "acme", "1")))
	_, err = stranger(t, db).Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	must(t, err)
	if _, err := s.Marks(ctx); err != nil {
		t.Error(err)
	}
}

// TestCancelled: what is cancelled after its last statement is not kept, and
// the error is the context's.
func TestCancelled(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := s.db.Transact(ctx, false, func(c sqlledger.Conn) error {
		defer cancel()
		return s.db.Insert(ctx, c, "tenants", []string{"tenant"}, []any{"acme"})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that it was cancelled", err)
	}
	must(t, s.db.Transact(t.Context(), true, func(c sqlledger.Conn) error {
		var n int
		if err := c.Tx.QueryRow(`SELECT count(*) FROM tenants`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d tenants were kept, %v", n, err)
		}
		return nil
	}))
}
