package sqlite

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	lib "modernc.org/sqlite/lib"

	"github.com/openstack-artifice/artifice/ledger"
)

// TestRemedies: what SQLite says in numbers is said in words. On a full disk it
// has many of them.
func TestRemedies(t *testing.T) {
	for code, want := range map[int]string{
		lib.SQLITE_FULL:               "the disk is full, and this was not written; what was before stays: make room and run it again",
		4874:                          "the disk is full, and this was not written; what was before stays: make room and run it again", // SQLITE_IOERR_SHMSIZE
		lib.SQLITE_IOERR_WRITE:        "the disk is full, or cannot be written: make room",
		lib.SQLITE_IOERR_FSYNC:        "the disk is full, or cannot be written: make room",
		lib.SQLITE_IOERR_DIR_FSYNC:    "the disk is full, or cannot be written: make room",
		lib.SQLITE_IOERR_TRUNCATE:     "the disk is full, or cannot be written: make room",
		lib.SQLITE_IOERR_SHMMAP:       "the disk is full, or cannot be written: make room",
		lib.SQLITE_IOERR_SHMOPEN:      "the disk is full, or cannot be written: make room",
		lib.SQLITE_IOERR_CLOSE:        "the disk is full, or cannot be written: make room",
		lib.SQLITE_IOERR:              "the disk is full, or cannot be written: make room",
		lib.SQLITE_CANTOPEN:           "the disk must have room",
		lib.SQLITE_IOERR_READ:         "the disk cannot be read",
		lib.SQLITE_CORRUPT_INDEX:      "is damaged: restore it from a backup",
		lib.SQLITE_BUSY_SNAPSHOT:      "another process is writing to it for too long",
		lib.SQLITE_READONLY_DIRECTORY: "cannot be written: Artifice must be allowed",
	} {
		if got := remedy(code); !strings.Contains(got, want) {
			t.Errorf("code %d is %q, want %q", code, got, want)
		}
	}
	s := &Store{path: "artifice.db"}
	for _, err := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		told := s.explain(&fs.PathError{Op: "write", Path: "new.db", Err: err})
		if !errors.Is(told, err) || !strings.HasPrefix(told.Error(), "artifice.db: the disk is full") {
			t.Errorf("got error %v", told)
		}
	}
	if told := s.explain(&fs.PathError{Op: "open", Path: "artifice.db.bill.lock", Err: syscall.EROFS}); !errors.Is(told, syscall.EROFS) ||
		told.Error() != "artifice.db: open artifice.db.bill.lock: read-only file system: mount it to be written, or name a path that may be (a unit of systemd has ReadWritePaths=)" {
		t.Errorf("got error %v", told)
	}
	if told := s.explain(ledger.ErrStale); told != ledger.ErrStale {
		t.Errorf("got error %v", told)
	}
}
