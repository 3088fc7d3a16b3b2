package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A page replaces another at once, or leaves it as it is.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	says := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, writing := io.WriteString(w, text)
			return errors.Join(writing, err)
		}
	}
	check := func(want string, mode os.FileMode) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Fatalf("the file has %q, %v, want %q", got, err, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("the file is %v, want %v", info.Mode(), mode)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%d files are there", len(entries))
		}
	}
	if err := replace(path, 0o600, says("old", nil)); err != nil {
		t.Fatal(err)
	}
	check("old", 0o600)
	if err := replace(path, 0o600, says("half", errors.New("broken"))); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("error is %v", err)
	}
	check("old", 0o600)
	// Whoever may read the one that is there may read the next.
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, 0o600, says("new", nil)); err != nil {
		t.Fatal(err)
	}
	check("new", 0o644)
	if err := replace(dir, 0o600, says("x", nil)); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("error is %v", err)
	}
	none := filepath.Join(dir, "none")
	missing := filepath.Join(none, "page.html")
	want := missing + ": there is no directory " + none + ": make it first, or name another file"
	if err := replace(missing, 0o600, says("x", nil)); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
