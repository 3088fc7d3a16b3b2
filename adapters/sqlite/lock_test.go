//go:build unix

package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
)

func TestLock(t *testing.T) {
	path := config.Path(filepath.Join(t.TempDir(), "artifice.db"))
	open := func() *Store {
		s, err := NewStore(t.Context(), Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, two := open(), open()
	unlock, err := one.Lock(t.Context(), "collect")
	must(t, err)
	if _, err := two.Lock(t.Context(), "collect"); !errors.Is(err, ledger.ErrLocked) || !strings.Contains(err.Error(), string(path)+" (collect)") {
		t.Errorf("while another holds it: %v", err)
	}
	other, err := two.Lock(t.Context(), "bill")
	must(t, err)
	must(t, unlock())
	again, err := two.Lock(t.Context(), "collect")
	if err != nil {
		t.Fatalf("after it was let go: %v", err)
	}
	must(t, errors.Join(again(), other()))
	for _, name := range []string{"bill", "collect"} {
		info, err := os.Stat(string(path) + "." + name + ".lock")
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the lock file of %s has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
}

// A lock file that cannot be opened is said to be the ledger's, with what may be
// done where it may not be written.
func TestLockCannotBeTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "artifice.db")
	s, err := NewStore(t.Context(), Config{Path: config.Path(path)})
	must(t, err)
	must(t, os.Mkdir(path+".bill.lock", 0o700))
	if _, err := s.Lock(t.Context(), "bill"); err == nil || !strings.HasPrefix(err.Error(), path+": open "+path+".bill.lock: ") {
		t.Errorf("%v", err)
	}
	nowhere := newStore(t, filepath.Join(t.TempDir(), "nowhere", "ledger.db"))
	if _, err := nowhere.Lock(t.Context(), "collect"); err == nil || !strings.Contains(err.Error(), "the directory is not there: mkdir -p ") {
		t.Errorf("in no directory: %v", err)
	}
	denied := s.explain(&os.PathError{Op: "open", Path: path + ".bill.lock", Err: os.ErrPermission})
	if !strings.HasSuffix(denied.Error(), "Artifice must be allowed to write the file and its directory") {
		t.Errorf("%v", denied)
	}
}

// TestBillAlone: who holds the lock under which is billed takes an order over
// whose lease runs, for whoever had it is dead. Nobody else does, and neither
// does a lock of another name.
func TestBillAlone(t *testing.T) {
	s := populated(t)
	dead, err := s.Revision(t.Context(), "acme")
	must(t, err)
	_, err = s.Claim(t.Context(), ledger.Claim{Order: newOrder("ff", "acme", hours(60, 61), 0), Revision: dead, Lease: ledger.Lease{Holder: "dead", For: time.Hour}})
	must(t, err)
	take := func() error {
		_, _, err := s.Take(t.Context(), "ff", ledger.Lease{Holder: "host"}, note(60, ""))
		return err
	}
	held := func(when string) {
		t.Helper()
		if got, ok := errors.AsType[*ledger.HeldError](take()); !ok || got.Holder != "dead" {
			t.Errorf("%s: got %v, want a *HeldError of the dead", when, got)
		}
	}
	held("without a lock")
	unlock, err := s.Lock(t.Context(), "collect")
	must(t, err)
	held("collecting")
	must(t, unlock())
	unlock, err = s.Lock(t.Context(), "bill")
	must(t, err)
	must(t, take())
	must(t, unlock())
	_, _, err = s.Take(t.Context(), "ff", ledger.Lease{Holder: "dead", For: time.Hour}, note(60, ""))
	must(t, err)
	held("after the lock was let go")
}

// TestClock: a lease ends by the store's clock.
func TestClock(t *testing.T) {
	s := newStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	now := hour(100)
	s.Clock = func() time.Time { return now }
	_, err := s.Claim(t.Context(), ledger.Claim{Order: newOrder("aa", "acme", hours(0, 1), 0), Lease: ledger.Lease{Holder: "one", For: time.Hour}})
	must(t, err)
	look := func(holder string, until time.Time) {
		t.Helper()
		o, err := s.Order(t.Context(), "aa")
		must(t, err)
		if o.Holder != holder || !o.HeldUntil.Equal(until) {
			t.Errorf("the order is held by %q until %v, want %q until %v", o.Holder, o.HeldUntil, holder, until)
		}
	}
	now = hour(101).Add(-1)
	look("one", hour(101))
	_, _, err = s.Take(t.Context(), "aa", ledger.Lease{Holder: "two", For: time.Hour}, note(60, ""))
	if held, ok := errors.AsType[*ledger.HeldError](err); !ok || *held != (ledger.HeldError{Key: "aa", Holder: "one", Until: hour(101)}) {
		t.Errorf("a nanosecond before the end: got %v", err)
	}
	now = hour(101)
	look("", time.Time{})
	_, _, err = s.Take(t.Context(), "aa", ledger.Lease{Holder: "two", For: time.Hour}, note(60, ""))
	must(t, err)
	look("two", hour(102))
}
