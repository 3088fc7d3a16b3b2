//go:build unix

package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
)

func TestLock(t *testing.T) {
	path := config.Path(filepath.Join(t.TempDir(), "artifice.db"))
	open := func() ledger.Locker {
		s, err := NewStore(t.Context(), Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, two := open(), open()
	unlock, err := one.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Lock(t.Context()); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("while another holds it: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := two.Lock(t.Context())
	if err != nil {
		t.Fatalf("after it was let go: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}
