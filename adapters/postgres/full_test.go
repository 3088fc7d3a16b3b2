//go:build linux

package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openstack-artifice/artifice/internal/pgtest"
)

// TestDiskFull fills the disk that the tables are on: what does not fit is
// refused as a whole, says what to do, and fits when there is room.
func TestDiskFull(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{Settings: map[string]string{"work_mem": "64MB"}}) // what is read is sorted in memory
	disk := filepath.Join(c.Dir, "disk")
	must(t, os.Mkdir(disk, 0o700))
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("a small disk needs a superuser: %v", err)
	}
	t.Cleanup(func() {
		must(t, c.Kill())
		must(t, syscall.Unmount(disk, syscall.MNT_DETACH))
	})
	ballast := filepath.Join(disk, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 2<<20), 0o600))
	space := filepath.Join(disk, "space")
	must(t, os.Mkdir(space, 0o700))
	info, err := os.Stat(c.Dir)
	must(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	for _, dir := range []string{disk, space} {
		must(t, os.Chown(dir, int(owner.Uid), int(owner.Gid)))
	}
	db := c.Create(t)
	c.Exec(t, "postgres", "CREATE TABLESPACE small LOCATION '"+space+"'", "ALTER DATABASE "+db.Name+" SET TABLESPACE small")
	s := openStore(t, db)
	p := newProgress()
	b := biller{done: func(what string, step int) { p[what] = step }}
	const want = "the server's disk is full, and this was not written; what was before stays: make room and run it again"
	for range 2 { // again as full as before
		if err := b.run(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("got error %v, want one with %q", err, want)
		}
		p.check(t, s)
	}
	before := p["settled"]
	must(t, os.Remove(ballast))
	if err := b.run(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got error %v, want one with %q", err, want)
	}
	p.check(t, s)
	if p["settled"] <= before || before < 1 {
		t.Errorf("%d steps were done before there was more room, and %d in the end", before, p["settled"])
	}
}
