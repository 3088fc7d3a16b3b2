package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A file with a secret that everybody can read is warned of, with what mends it.
func TestCheckSecrets(t *testing.T) {
	dir := t.TempDir()
	for parent := dir; parent != filepath.Clean(os.TempDir()); parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for parent := os.TempDir(); parent != filepath.Dir(parent); parent = filepath.Dir(parent) {
		if info, err := os.Stat(parent); err != nil || info.Mode()&0o001 == 0 {
			t.Skipf("not everybody may enter %s, in which the files are made here", parent)
		}
	}
	write := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("s3cret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open, group, inside := write("open", 0o644), write("group", 0o640), write("closed/open", 0o644)
	path := filepath.Join(dir, "artifice.ini")
	text := "[a]\npassword = file:" + open + "\nagain = file:" + open + "\nurl = file://" + open + "\n[b]\npassword = file:" + group + "\ntoken = file:" + inside + "\nkey = file:" + filepath.Join(dir, "none") + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newChecks()
	checkSecrets(&c, path)
	want := [][]string{{"warning", "config", "secrets", open + ": its mode is 0644, and everybody on this machine can read the secret: chmod o= " + open}}
	if diff := cmp.Diff(want, c.grid.rows); diff != "" || c.failed > 0 {
		t.Errorf("%d failed (-want +got):\n%s", c.failed, diff)
	}
}
