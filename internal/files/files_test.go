package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// content is what a file holds, "-" for none.
func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alone checks that a directory has nothing but these names.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("there are %q, want %q", got, names)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	broken := errors.New("broken")
	err := Replace(path, 0o640, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) || content(t, path) != "-" {
		t.Errorf("a new file that fails: %v, there is %q", err, content(t, path))
	}
	alone(t, dir)

	if err := Replace(path, 0o640, Text("old")); err != nil || content(t, path) != "old" {
		t.Errorf("a new file: %v, there is %q", err, content(t, path))
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	err = Replace(path, 0o640, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		if now := content(t, path); now != "old" {
			t.Errorf("while another is written there is %q", now)
		}
		return broken
	})
	if !errors.Is(err, broken) || content(t, path) != "old" {
		t.Errorf("another one that fails: %v, there is %q", err, content(t, path))
	}
	if err := Replace(path, 0o600, Text([]byte("new"))); err != nil || content(t, path) != "new" {
		t.Errorf("another one: %v, there is %q", err, content(t, path))
	}
	alone(t, dir, "f")
}

// What is in the way stays, and nothing else is left.
func TestReplaceFails(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(taken, 0o600, Text("x")); err == nil {
		t.Error("a directory was replaced")
	}
	alone(t, dir, "taken")
	missing := filepath.Join(dir, "none", "f")
	if err := Replace(missing, 0o600, Text("x")); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), missing+" cannot be written: ") {
		t.Errorf("in a directory that is not there: %v", err)
	}
}

func TestSyncDir(t *testing.T) {
	dir := t.TempDir()
	if err := SyncDir(dir); err != nil {
		t.Error(err)
	}
	if err := SyncDir(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of one that is not there: %v", err)
	}
}
