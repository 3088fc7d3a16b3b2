package postgres

import (
	"bufio"
	"errors"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
)

func TestLock(t *testing.T) {
	db := newDatabase(t)
	first, second := openStore(t, db), openStore(t, db)
	unlock, err := first.Lock(t.Context(), "collect")
	must(t, err)
	for _, s := range []*Store{first, second} {
		if _, err := s.Lock(t.Context(), "collect"); !errors.Is(err, ledger.ErrLocked) {
			t.Errorf("got error %v, want ErrLocked", err)
		}
	}
	for range 2 { // several bill at the same time, and nothing else is locked
		for _, name := range []string{"bill", "bill"} {
			done, err := second.Lock(t.Context(), name)
			must(t, err)
			defer done()
		}
	}
	must(t, unlock())
	must(t, unlock()) // does nothing
	unlock, err = second.Lock(t.Context(), "collect")
	must(t, err)
	must(t, unlock())
	var held int
	must(t, stranger(t, db).QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&held))
	if held != 0 {
		t.Errorf("%d locks are held still", held)
	}
}

// TestLockLost: a lock that the server took back with its connection is told
// of, and free.
func TestLockLost(t *testing.T) {
	db := newDatabase(t)
	s := openStore(t, db)
	unlock, err := s.Lock(t.Context(), "collect")
	must(t, err)
	_, err = stranger(t, db).Exec(t.Context(), `SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	must(t, err)
	again, err := openStore(t, db).Lock(t.Context(), "collect")
	must(t, err)
	if err := unlock(); err == nil || !strings.Contains(err.Error(), `the lock "collect" was lost with its connection`) {
		t.Errorf("got error %v, want that the lock was lost", err)
	}
	must(t, again())
}

// TestLockEndsWithProcess: a process that is killed holds nothing.
func TestLockEndsWithProcess(t *testing.T) {
	db := newDatabase(t)
	child := childProcess(db, "lock")
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "locked\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	s := openStore(t, db)
	if _, err := s.Lock(t.Context(), "collect"); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("got error %v, want ErrLocked", err)
	}
	must(t, child.Process.Kill())
	_ = child.Wait() // it was killed
	// The server notices when it next looks at the connection.
	for {
		unlock, err := s.Lock(t.Context(), "collect")
		if err == nil {
			must(t, unlock())
			return
		}
		if !errors.Is(err, ledger.ErrLocked) {
			t.Fatal(err)
		}
	}
}
