package spool

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/internal/files"
)

// A Spool is a directory that batches are put into. Its methods may be called
// concurrently.
type Spool struct {
	dir  string
	o    Options
	lock *os.File
	adds chan *add

	closing   chan struct{} // closed when no more is taken
	closeOnce sync.Once
	done      chan struct{} // closed when the writer ended
	err       error         // of sealing the last file, once done
	refusing  sync.Mutex    // held while something is set aside
}

// An add is a batch that waits until it is durable.
type add struct {
	batch []byte
	done  chan error
}

// Open opens the spool in a directory that is there. No other process can have
// it at the same time. What an earlier one left is recovered.
func Open(ctx context.Context, dir string, o Options) (*Spool, error) {
	lock, err := acquire(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := recoverAll(dir, ""); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &Spool{
		dir:     dir,
		o:       o.orDefault(),
		lock:    lock,
		adds:    make(chan *add),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	go s.run()
	return s, nil
}

// Add keeps a batch, one JSON object or list without a line break. It returns
// nil once the batch is on the disk; after an error it may be there or not.
func (s *Spool) Add(ctx context.Context, batch []byte) error {
	a := &add{batch: batch, done: make(chan error, 1)}
	select {
	case s.adds <- a:
	case <-s.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	// The writer has it, and answers soon.
	return <-a.done
}

// Close gives the last file its name. Batches that are being added are kept or
// refused before.
func (s *Spool) Close() error {
	s.closeOnce.Do(func() { close(s.closing) })
	<-s.done
	return s.err
}

// run writes until the spool is closed.
func (s *Spool) run() {
	defer close(s.done)
	w := writer{Spool: s}
	tick := time.NewTicker(max(s.o.SealAfter/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case a := <-s.adds:
			w.commit(s.gather(a))
		case <-tick.C:
			w.sealOld()
		case <-s.closing:
			s.err = errors.Join(w.seal(), s.lock.Close())
			return
		}
	}
}

const maxGroup = 4 << 20 // bytes of batches that are written at once, about

// gather takes what waits beside the first: they share a wait for the disk.
func (s *Spool) gather(first *add) []*add {
	group := []*add{first}
	for size := len(first.batch); size < maxGroup; {
		select {
		case a := <-s.adds:
			group = append(group, a)
			size += len(a.batch)
		default:
			return group
		}
	}
	return group
}

// A writer writes the files of a spool. It belongs to one goroutine.
type writer struct {
	*Spool
	file  file      // nil for none
	path  string    // of the file
	size  int64     // of what is in it durably
	since time.Time // when it was made
	left  bool      // whether files were left hidden
	group []byte
}

// commit keeps batches and tells those who wait.
func (w *writer) commit(group []*add) {
	w.group = w.group[:0]
	for _, a := range group {
		w.group = append(append(w.group, a.batch...), '\n')
	}
	err := w.write(w.group)
	for _, a := range group {
		a.done <- err
	}
	if cap(w.group) > 2*maxGroup {
		w.group = nil
	}
	if w.size >= w.o.SealSize {
		w.sealOrLeave()
	}
}

func (w *writer) write(text []byte) error {
	if w.file == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	_, err := w.file.Write(text)
	if err == nil {
		if err = w.file.Sync(); err == nil {
			w.size += int64(len(text))
			return nil
		}
	}
	// What is durable stays, what is not is taken back. A file that failed is
	// not trusted with more.
	if w.file.Truncate(w.size) != nil || w.file.Sync() != nil {
		w.giveUp()
		return err
	}
	w.sealOrLeave()
	return err
}

// begin makes a new hidden file.
func (w *writer) begin() error {
	now := w.o.Now()
	path := hidden(w.dir, prefix+unique(now)+suffix)
	f, err := w.o.create(path)
	if err != nil {
		return err
	}
	if err := files.SyncDir(w.dir); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	w.file, w.path, w.size, w.since = f, path, 0, now
	return nil
}

// sealOld gives a file its name that is old enough, and tries again where that
// failed.
func (w *writer) sealOld() {
	if w.file != nil && w.o.Now().Sub(w.since) >= w.o.SealAfter {
		w.sealOrLeave()
	}
	if w.left {
		w.left = recoverAll(w.dir, w.path) != nil
	}
}

func (w *writer) sealOrLeave() {
	if w.file != nil && w.seal() != nil {
		w.left = true
	}
}

// seal gives the file its name. Where that fails the file is left hidden, and
// what is in it is durable.
func (w *writer) seal() error {
	if w.file == nil {
		return nil
	}
	f, path, size := w.file, w.path, w.size
	w.file, w.path, w.size = nil, "", 0
	if err := f.Close(); err != nil {
		return err
	}
	if size == 0 {
		return os.Remove(path)
	}
	return reveal(path)
}

// giveUp leaves a file whose end is not known to be right.
func (w *writer) giveUp() {
	_ = w.file.Close() // what is durable is so already
	w.file, w.path, w.size = nil, "", 0
	w.left = true
}
