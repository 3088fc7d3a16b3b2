package shown_test

import (
	"testing"

	"github.com/openstack-artifice/artifice/internal/shown"
)

func TestOf(t *testing.T) {
	for _, tc := range []struct {
		shown, said string
		want        bool
	}{
		{"a\nb", "a\nb\n", true},
		{"a\nb", "a \nb\n", true}, // blanks at the end of a line are not seen
		{"a\nb", "a\nb\nc\n", false},
		{"a\n...", "a\nb\nc\n", true},
		{"a\n...", "a\n", true},
		{"a\n...", "b\n", false},
		{"...\nc\n...", "a\nb\nc\nd\n", true},
		{"...\nx\n...", "a\nb\nc\nd\n", false},
		{"ok ...", "ok \tpackage\t0.1s\n", true},
		{"ok ...", "ok \nmore\n", false},
		{"a.c", "abc\n", false},
	} {
		if got := shown.Of(tc.shown, tc.said); got != tc.want {
			t.Errorf("Of(%q, %q) = %v", tc.shown, tc.said, got)
		}
	}
}
