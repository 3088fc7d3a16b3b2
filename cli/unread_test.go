package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// broken is an output that nobody reads any more.
type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) {
	b.writes++
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

// Whoever has read enough hears of no error, in whatever way results are
// written.
func TestUnread(t *testing.T) {
	for _, args := range [][]string{
		{"adapters"}, {"version", "--output", "json"}, {"adapters", "--output", "csv"}, {"bill", "--help"}, {"completion", "bash"}, {"--version"},
	} {
		var out broken
		var said bytes.Buffer
		if code := (&App{Stdout: &out, Stderr: &said}).Run(t.Context(), args...); code != ExitDone || said.Len() > 0 || out.writes == 0 {
			t.Errorf("%q ends with %d, after %d writes, and says %q", args, code, out.writes, &said)
		}
	}
}

// What breaks elsewhere is told.
func TestOnlyUnread(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errUnread, true},
		{fmt.Errorf("record 3: %w", errUnread), true},
		{errors.Join(nil, errUnread), true},
		{errors.Join(errUnread, errors.New("the store is gone")), false},
		{&os.PathError{Op: "write", Path: "tcp", Err: syscall.EPIPE}, false}, // of an ERP
	} {
		if got := onlyUnread(tc.err); got != tc.want {
			t.Errorf("%v: %t", tc.err, got)
		}
	}
}
