package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// named returns the lines of all files that have their name, and how many such
// files there are.
func named(t testing.TB, dir string) (lines []string, files int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	noError(t, err)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		files++
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		noError(t, err)
		if len(text) == 0 || text[len(text)-1] != '\n' {
			t.Errorf("%s does not end in a line break: %q", e.Name(), text)
		}
		lines = slices.AppendSeq(lines, strings.Lines(string(text)))
	}
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\n")
	}
	return lines, files
}

func equal(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
}

// What was added is in a file with a name once the spool is closed, and a
// file that is large enough has one before.
func TestAdd(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{SealSize: 20})
	noError(t, err)
	noError(t, s.Add(t.Context(), []byte(`["a"]`)))
	if lines, files := named(t, dir); files != 0 {
		t.Errorf("a file that is being written is called %q", lines)
	}
	noError(t, s.Add(t.Context(), []byte(`["the second, large"]`)))
	noError(t, s.Add(t.Context(), []byte(`["c"]`))) // the file before it was named by now
	if _, files := named(t, dir); files != 1 {
		t.Errorf("%d files, want the first", files)
	}
	noError(t, s.Close())
	noError(t, s.Close())
	lines, files := named(t, dir)
	equal(t, lines, `["a"]`, `["the second, large"]`, `["c"]`)
	if files != 2 {
		t.Errorf("%d files, want 2", files)
	}
	if err := s.Add(t.Context(), []byte("[]")); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed spool says %v", err)
	}
}

// Those who add at the same time each get their answer, and each batch is there
// once.
func TestTogether(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{SealSize: 1000})
	noError(t, err)
	var want []string
	var wait sync.WaitGroup
	for i := range 300 {
		batch := fmt.Sprintf("[%d]", i)
		want = append(want, batch)
		wait.Go(func() {
			if err := s.Add(context.Background(), []byte(batch)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	noError(t, s.Close())
	lines, _ := named(t, dir)
	slices.Sort(lines)
	slices.Sort(want)
	equal(t, lines, want...)
}

// A file is named when it is old.
func TestOld(t *testing.T) {
	dir := t.TempDir()
	var later atomic.Int64
	began := time.Now()
	s, err := Open(t.Context(), dir, Options{
		SealAfter: time.Hour,
		Now:       func() time.Time { return began.Add(time.Duration(later.Load())) },
	})
	noError(t, err)
	w := writer{Spool: s}
	w.commit([]*add{{[]byte("[1]"), make(chan error, 1)}})
	w.sealOld()
	if _, files := named(t, dir); files != 0 {
		t.Error("it was named when it was new")
	}
	later.Store(int64(time.Hour))
	w.sealOld()
	if _, files := named(t, dir); files != 1 {
		t.Error("it was not named when it was old")
	}
	noError(t, s.Close())
}

// What a process left is named by the next one, or by who reads: every batch
// that is whole. What is not whole is set aside.
func TestRecover(t *testing.T) {
	for _, test := range []struct{ name, left, want, broken string }{
		{"whole", "[1]\n{\"a\":2}\n", `[1]|{"a":2}`, ""},
		{"nothing", "", "", ""},
		{"half a batch", "[1]\n[2,", "[1]", "[2,\n"},
		{"half the only batch", "[1", "", "[1\n"},
		{"no line break yet", "[1]\n[2]", "[1]|[2]", ""},
		{"zeros", "[1]\n\x00\x00\x00", "[1]", ""},
		{"a hole", "[1]\n[2,\x00\x00]\n[3]\n", "[1]|[3]", "[2,\x00\x00]\n"},
		{"no batch", "[1]\n12\n", "[1]", "12\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, how := range []string{"reader", "receiver"} {
				dir := t.TempDir()
				noError(t, os.WriteFile(hidden(dir, "received-x.jsonl"), []byte(test.left), 0o600))
				if how == "reader" {
					noError(t, Recover(dir))
				} else {
					s, err := Open(t.Context(), dir, Options{})
					noError(t, err)
					noError(t, s.Close())
				}
				lines, _ := named(t, dir)
				if got := strings.Join(lines, "|"); got != test.want {
					t.Errorf("%s: there is %q, want %q", how, got, test.want)
				}
				if left, err := openFiles(dir); err != nil || len(left) > 0 {
					t.Errorf("%s: %q are left, %v", how, left, err)
				}
				broken, _ := os.ReadFile(filepath.Join(dir, Refused, "received-x.jsonl.broken"))
				if string(broken) != test.broken {
					t.Errorf("%s: set aside is %q, want %q", how, broken, test.broken)
				}
			}
		})
	}
}

// Two processes do not write to one spool, and a reader leaves alone what a
// living one has.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	noError(t, s.Add(t.Context(), []byte("[1]")))
	noError(t, Recover(dir))
	if lines, _ := named(t, dir); len(lines) > 0 {
		t.Errorf("a reader took %q away from a receiver", lines)
	}
	if _, err := tryLock(filepath.Join(dir, lockName)); !errors.Is(err, ErrBusy) {
		t.Errorf("a second one may write, too: %v", err)
	}
	noError(t, s.Close())
	s, err = Open(t.Context(), dir, Options{})
	noError(t, err)
	noError(t, s.Close())
}

// A disk has room for so many bytes; what it takes may be durable or not.
type disk struct {
	mu     sync.Mutex
	room   int
	fsync  error
	refuse error // of truncating
}

type diskFile struct {
	*os.File
	disk *disk
}

func (d *disk) create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	return &diskFile{f, d}, err
}

func (f *diskFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := min(len(p), f.disk.room)
	f.disk.room -= n
	if n, err := f.File.Write(p[:n]); err != nil || n == len(p) {
		return n, err
	}
	return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
}

func (f *diskFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.fsync; err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *diskFile) Truncate(size int64) error {
	if f.disk.refuse != nil {
		return f.disk.refuse
	}
	return f.File.Truncate(size)
}

// Whatever a disk does, what was acknowledged is there and nothing is there by
// halves. It goes on once the disk does.
func TestDisk(t *testing.T) {
	for _, test := range []struct {
		name  string
		broke func(*disk)
		full  bool
	}{
		{"full", func(d *disk) { d.room = 3 }, true},
		{"full, and cannot be cut", func(d *disk) { d.room, d.refuse = 3, syscall.EIO }, true},
		{"not durable", func(d *disk) { d.fsync = syscall.EIO }, false},
		{"not durable, and cannot be cut", func(d *disk) { d.fsync, d.refuse = syscall.EIO, syscall.EIO }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			d := &disk{room: 1 << 20}
			s, err := Open(t.Context(), dir, Options{create: d.create})
			noError(t, err)
			noError(t, s.Add(t.Context(), []byte("[1]")))
			d.mu.Lock()
			test.broke(d)
			d.mu.Unlock()
			for range 2 {
				if err := s.Add(t.Context(), []byte("[2,2,2]")); err == nil || IsFull(err) != test.full {
					t.Errorf("it says %v", err)
				}
			}
			d.mu.Lock()
			d.room, d.fsync, d.refuse = 1<<20, nil, nil
			d.mu.Unlock()
			noError(t, s.Add(t.Context(), []byte("[3]")))
			noError(t, s.Close())
			noError(t, Recover(dir))
			lines, _ := named(t, dir)
			slices.Sort(lines)
			lines = slices.DeleteFunc(lines, func(line string) bool { return line == "[2,2,2]" }) // unknown outcome
			equal(t, lines, "[1]", "[3]")
		})
	}
}

func TestRefuse(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{MaxRefused: 2})
	noError(t, err)
	for i := range 3 {
		path, err := s.Refuse([]byte("[bad"))
		noError(t, err)
		if (path == "") != (i == 2) {
			t.Errorf("text %d is at %q", i, path)
		}
		if path == "" {
			continue
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "[bad" {
			t.Errorf("%s holds %q, %v", path, text, err)
		}
	}
	if n, err := CountRefused(dir); err != nil || n != 2 {
		t.Errorf("%d are counted, %v", n, err)
	}
	noError(t, s.Close())
}

// Recovering is right whatever was left: every line that is whole JSON is kept,
// once, in order, and nothing else comes to be read.
func FuzzRecover(f *testing.F) {
	f.Add([]byte("[1]\n{\"a\":[]}\n[2"))
	f.Add([]byte("\x00\x00[1]\n\n[\x00]\n{}\x00\n"))
	f.Fuzz(func(t *testing.T, left []byte) {
		dir := t.TempDir()
		noError(t, os.WriteFile(hidden(dir, "received-x.jsonl"), left, 0o600))
		noError(t, Recover(dir))
		lines, _ := named(t, dir)
		again, broken := split([]byte(strings.Join(lines, "\n")))
		if len(broken) > 0 || strings.TrimSuffix(string(again), "\n") != strings.Join(lines, "\n") {
			t.Errorf("what was recovered is not whole: %q", lines)
		}
		for line := range strings.Lines(string(left)) {
			if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") && !strings.Contains(line, "\x00") {
				if whole, _ := split([]byte(line)); len(whole) > 0 && !slices.Contains(lines, line) {
					t.Errorf("%q is gone", line)
				}
			}
		}
	})
}
