package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMountedAlone: a file that a container has without its directory is not
// used, for its journal would end with the container, and what was billed last
// with that.
func TestMountedAlone(t *testing.T) {
	s := populated(t)
	must(t, s.Close())
	file := filepath.Join(t.TempDir(), "a file", `in\a container.db`)
	must(t, os.Mkdir(filepath.Dir(file), 0o700))
	must(t, os.WriteFile(file, nil, 0o600))
	if err := syscall.Mount(s.path, file, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("a mount needs a superuser: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(file, syscall.MNT_DETACH)) })
	mounted := newStore(t, file)
	_, use := mounted.Marks(t.Context())
	_, probe := mounted.Probe(t.Context())
	_, check := checks(t, mounted)
	for what, err := range map[string]error{"use": use, "probe": probe, "check": check} {
		if err == nil || !strings.HasPrefix(err.Error(), file+": is mounted alone") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := newStore(t, s.path).Marks(t.Context())
	must(t, err)
}
