package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

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

// remedy says what is wrong where SQLite fails for a reason that a person can
// mend, and is "" elsewhere.
func remedy(code int) string {
	switch code & 0xff { // the rest says more about the same
	case lib.SQLITE_NOTADB:
		return "is not an SQLite database: name another path"
	case lib.SQLITE_CORRUPT:
		return "is damaged: restore it from a backup"
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return "cannot be written: Artifice must be allowed to write the file and its directory"
	case lib.SQLITE_FULL:
		return "the disk is full, and nothing of this step was kept: make room and run it again"
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
