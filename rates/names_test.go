package rates

import (
	"os"
	"path/filepath"
	"testing"
)

// A mistake in a file of ids is told in its own words.
func TestReadNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tn.txt")
	for _, tc := range []struct{ text, want string }{
		{"t1 | Acme", ""},
		{"t1", file + ":1: has 1 field, not 2 (id | name)"},
		{" | Acme", file + ":1: the id is empty"},
		{"", file + `: is empty: write a line "id | name" for each name`},
	} {
		if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		names, err := ReadNames(file)
		switch {
		case tc.want == "" && (err != nil || names["t1"] != "Acme"):
			t.Errorf("%q: %v, %v", tc.text, names, err)
		case tc.want != "" && (err == nil || err.Error() != tc.want):
			t.Errorf("%q: %v, want %s", tc.text, err, tc.want)
		}
	}
}
