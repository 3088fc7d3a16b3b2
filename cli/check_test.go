package cli

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A mistake that fails several checks of an adapter is written once.
func TestChecksRepeat(t *testing.T) {
	c := newChecks()
	unset := errors.New("the environment variable KEY is not set")
	c.add("invoice", "login", unset)
	c.add("invoice", "journal", unset)
	c.add("invoice", "taxes", errors.Join(unset, errors.New("no tax")))
	c.add("store", "open", unset)
	c.add("store", "size", nil)
	want := [][]string{
		{"FAILED", "invoice", "login", "the environment variable KEY is not set"},
		{"FAILED", "invoice", "journal", "as above"},
		{"FAILED", "invoice", "taxes", "no tax"},
		{"FAILED", "store", "open", "the environment variable KEY is not set"},
		{"ok", "store", "size", ""},
	}
	if diff := cmp.Diff(want, c.grid.rows); diff != "" || c.failed != 4 {
		t.Errorf("%d failed (-want +got)\n%s", c.failed, diff)
	}
}
