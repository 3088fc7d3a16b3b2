//go:build unix

package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
)

// links makes two links to a file that need not be there: one to the file, and
// one to its directory.
func links(t *testing.T, file string) []string {
	dir := t.TempDir()
	must(t, os.Symlink(file, filepath.Join(dir, "ledger.db")))
	must(t, os.Symlink(filepath.Dir(file), filepath.Join(dir, "data")))
	return []string{filepath.Join(dir, "ledger.db"), filepath.Join(dir, "data", filepath.Base(file))}
}

// TestLinkLock: whoever bills from a file keeps others from it that have it
// under another name, or the leases of those who are alive would not bind.
func TestLinkLock(t *testing.T) {
	s := populated(t)
	unlock, err := s.Lock(t.Context(), billLock)
	must(t, err)
	for _, link := range links(t, s.path) {
		if unlock, err := newStore(t, link).Lock(t.Context(), billLock); !errors.Is(err, ledger.ErrLocked) {
			t.Errorf("%s is billed from as well: %v", link, err)
			if err == nil {
				must(t, unlock())
			}
		}
	}
	must(t, unlock())
}

// TestLinkRead: what is still in the journal is read through a link as well,
// also where the file may not be written.
func TestLinkRead(t *testing.T) {
	s := populated(t) // and open
	if _, err := os.Stat(s.path + "-wal"); err != nil {
		t.Fatal(err)
	}
	must(t, os.Chmod(s.path, 0o400))
	for _, link := range links(t, s.path) {
		orders, err := newStore(t, link).Orders(t.Context(), ledger.OrderFilter{})
		if err != nil || len(orders) != 6 {
			t.Errorf("%s has %d orders, want 6: %v", link, len(orders), err)
		}
	}
}

// TestLinkNowhere: where a link leads to nothing, nothing is made there, and the
// file of a disk that is not mounted is not begun anew.
func TestLinkNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.db")
	all := links(t, file)
	s := newStore(t, all[0])
	_, use := s.Marks(t.Context())
	_, probe := s.Probe(t.Context())
	_, lock := s.Lock(t.Context(), billLock)
	_, check := checks(t, s)
	for what, err := range map[string]error{"use": use, "probe": probe, "lock": lock, "check": check} {
		want := all[0] + ": is a link to " + file + ", which is not there"
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	if made := list(t, filepath.Dir(file)); len(made) > 0 {
		t.Errorf("%q was made", made)
	}
	// Of a directory the link is no matter.
	_, err := newStore(t, all[1]).Marks(t.Context())
	must(t, err)
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}
