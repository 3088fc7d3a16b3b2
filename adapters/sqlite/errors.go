package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/openstack-artifice/artifice/ledger"
)

// explain says which file an error is about, and what may be done. Errors of
// the contract are about an order or usage, and stay as they are.
func (s *Store) explain(err error) error {
	if err == nil || isContract(err) {
		return err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w: Artifice must be allowed to write the file and its directory", s.path, err)
	}
	if errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%s: %w: %s", s.path, err, readOnlyText)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%s: %s (%w)", s.path, fullText, err)
	}
	if failure, ok := errors.AsType[*sqlite.Error](err); ok {
		if failure.Code() == lib.SQLITE_CONSTRAINT_TRIGGER {
			return fromTrigger(err)
		}
		if text := remedy(failure.Code()); text != "" {
			return fmt.Errorf("%s: %s (%w)", s.path, text, err)
		}
	}
	return fmt.Errorf("%s: %w", s.path, err)
}

func isContract(err error) bool {
	for _, known := range []error{ledger.ErrNoOrder, ledger.ErrNotClaimed, ledger.ErrLost, ledger.ErrStale} {
		if errors.Is(err, known) {
			return true
		}
	}
	var (
		overlap *ledger.OverlapError
		held    *ledger.HeldError
		pruned  *ledger.PrunedError
	)
	return errors.As(err, &overlap) || errors.As(err, &held) || errors.As(err, &pruned)
}

// readOnlyText is what is said of a file system that takes no writes.
const readOnlyText = "mount it to be written, or name a path that may be (a unit of systemd has ReadWritePaths=)"

// fullText is what is said of a disk without room.
const fullText = "the disk is full, and this was not written; what was before stays: make room and run it again"

// remedy says what is wrong where SQLite fails for a reason that a person can
// mend, and is "" elsewhere.
func remedy(code int) string {
	switch code {
	case lib.SQLITE_IOERR_SHMSIZE:
		// The index of the journal cannot grow: SQLite has no other word for
		// the lack of room there.
		return fullText
	case lib.SQLITE_IOERR_READ, lib.SQLITE_IOERR_SHORT_READ, lib.SQLITE_IOERR_DATA, lib.SQLITE_IOERR_CORRUPTFS:
		return "the disk cannot be read: look into the machine's log, and restore the file from a backup"
	}
	switch code & 0xff { // the rest says more about the same
	case lib.SQLITE_NOTADB:
		return "is not an SQLite database: name another path"
	case lib.SQLITE_CORRUPT:
		return "is damaged: restore it from a backup"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return "cannot be written: Artifice must be allowed to write the file and its directory"
	case lib.SQLITE_CANTOPEN: // or a journal beside it, which a full disk does not take
		return "cannot be opened: Artifice must be allowed to write the file and its directory, and the disk must have room"
	case lib.SQLITE_FULL:
		return fullText
	case lib.SQLITE_IOERR:
		return "the disk is full, or cannot be written: make room, or look into the machine's log, and run it again, which changes nothing where this step was kept"
	case lib.SQLITE_NOMEM:
		return "there is no memory left, and this was not written; what was before stays: run it again when there is more"
	case lib.SQLITE_BUSY:
		return "another process is writing to it for too long: try again when that one is done"
	}
	return ""
}

// fromTrigger turns what a trigger refused into the contract's errors. It is
// the last defence: whatever comes here was not seen by the code that looks
// first, so that nothing more is known.
func fromTrigger(err error) error {
	_, text, _ := strings.Cut(err.Error(), "artifice: ")
	code, _, _ := strings.Cut(text, ",")
	switch code {
	case "overlap":
		return fmt.Errorf("%w (%w)", &ledger.OverlapError{}, err)
	case "frozen", "pending", "carried":
		return fmt.Errorf("%w (%w)", ledger.ErrStale, err)
	case "settled":
		return fmt.Errorf("%w (%w)", ledger.ErrNotClaimed, err)
	case "fence":
		return fmt.Errorf("%w (%w)", ledger.ErrLost, err)
	}
	return err
}
