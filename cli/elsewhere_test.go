package cli

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// Who may not write to a directory, be it root's or mounted read-only, is told
// how to name another; who cannot for another reason is not.
func TestElsewhere(t *testing.T) {
	for _, refused := range []error{syscall.EACCES, syscall.EPERM, syscall.EROFS} {
		err := elsewhere(&fs.PathError{Op: "open", Path: "etc/ledger.gz", Err: refused}, "etc/ledger.gz", "--export")
		said, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		if !errors.Is(err, refused) || said != "open etc/ledger.gz: "+refused.Error() || !strings.HasSuffix(hint, " /var/lib/artifice: --export DIR/ledger.gz") {
			t.Errorf("%v is told as\n%v", refused, err)
		}
	}
	if full := error(syscall.ENOSPC); elsewhere(full, "ledger.gz", "--export") != full {
		t.Error("a full disk is told as a directory of somebody else")
	}
	if err := elsewhere(nil, "ledger.gz", "--export"); err != nil {
		t.Error(err)
	}
}
