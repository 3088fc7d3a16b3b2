package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/cli"
)

// A disk is a small file system of its own.
type disk struct {
	t    testing.TB
	dir  string
	size int64 // bytes
}

// page is what a disk has room in.
const page = 4096

func newDisk(t testing.TB) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount the small disk that is filled here")
	}
	d := &disk{t: t, dir: t.TempDir(), size: 16 * page}
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", 0, d.option()); err != nil {
		t.Skipf("the small disk that is filled here cannot be mounted: %v", err)
	}
	t.Cleanup(func() { noError(t, syscall.Unmount(d.dir, 0)) })
	return d
}

func (d *disk) option() string { return "size=" + strconv.FormatInt(d.size, 10) }

// resize makes the disk larger, or smaller, but not smaller than what is on it.
func (d *disk) resize(size int64) {
	d.t.Helper()
	d.size = size
	noError(d.t, syscall.Mount("tmpfs", d.dir, "tmpfs", syscall.MS_REMOUNT, d.option()))
}

func (d *disk) used() int64 {
	d.t.Helper()
	var stat syscall.Statfs_t
	noError(d.t, syscall.Statfs(d.dir, &stat))
	return int64(stat.Blocks-stat.Bfree) * stat.Bsize
}

// A disk that is full at any point, that of the database and of the invoices,
// stops a command with exit code 1 and the reason. With more room it goes on,
// and bills what was used, once.
func TestDiskFull(t *testing.T) {
	samples := newCrashSamples(t, 1)
	k := kind{"sqlite", "csv"}
	disk := newDisk(t)
	calm := t.TempDir()
	want := deploy(t, k, calm, csvFiles(filepath.Join(calm, "invoices")), "", samples).undisturbed()

	d := deploy(t, k, t.TempDir(), csvFiles(filepath.Join(disk.dir, "invoices")), "[store:object]\npath = "+filepath.Join(disk.dir, "artifice.db")+"\n", samples)
	for _, s := range steps {
		d.begin(s)
		full := d.withoutRoom(disk, s.collect())
		billing := d.withoutRoom(disk, s.bill())
		t.Logf("the disk was full %d times while collecting and %d times while billing, at most %d KiB", full, billing, disk.size>>10)
		if full == 0 || billing == 0 {
			t.Error("the disk was never full")
		}
	}
	disk.resize(disk.size + 1<<20)
	if diff := cmp.Diff(want.state, d.check()); diff != "" {
		t.Errorf("what there is (-calm +full):\n%s", diff)
	}
}

// withoutRoom runs a command on a disk that is full, and again with a page more
// room, two more, three more, until it is done: a run that fails may take the
// room that it was given. It returns how often it was not.
func (d *deployment) withoutRoom(disk *disk, args []string) (failed int) {
	d.t.Helper()
	disk.resize(max(page, disk.used())) // without a limit there would be no end
	for ; failed < maxRuns; failed++ {
		p := d.start(0, neverKilled, args...)
		switch code := p.wait(); {
		case code == cli.ExitDone:
			return failed
		case code != cli.ExitFailed || !strings.Contains(p.stderr.String(), "full") && !strings.Contains(p.stderr.String(), "no space"):
			d.t.Fatalf("artifice %v on a full disk: exit code %d\n%s", args, code, &p.stderr)
		}
		disk.resize(disk.size + int64(failed+1)*page)
	}
	d.t.Fatalf("artifice %v is not done with a disk of %d bytes", args, disk.size)
	return failed
}
