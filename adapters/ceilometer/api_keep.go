package ceilometer

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// A keep is a directory with the days of meters that were read whole, a file
// each: DIR/ENDPOINT-LOGIN-SHAPE/METER/2026-10-01.jsonl.gz. Another login may see
// other samples.
type keep struct{ dir string } // of the endpoint; "" for none

const (
	keptSuffix = ".jsonl.gz"
	dayFormat  = "2006-01-02"
)

func newKeep(dir string, endpoint *url.URL, login string) keep {
	if dir == "" {
		return keep{}
	}
	return keep{filepath.Join(dir, url.PathEscape(endpoint.Host+endpoint.Path)+"-"+login)}
}

// takes reports whether a span is kept once it is settled: a whole day.
func (k keep) takes(s span) bool {
	return k.dir != "" && s.from.Equal(s.from.Truncate(day)) && s.to.Equal(s.from.Add(day))
}

// path is where a day of a meter is. A meter may be called as it likes.
func (k keep) path(s span) string {
	return filepath.Join(k.dir, "meter-"+url.PathEscape(s.meter), s.from.Format(dayFormat)+keptSuffix)
}

func (k keep) has(s span) bool {
	if !k.takes(s) {
		return false
	}
	_, err := os.Stat(k.path(s))
	return err == nil
}

// readKept reads a day. One that is damaged gives errors, and is asked for again.
func (r *apiReader) readKept(ctx context.Context, s span) (c gathered) {
	d, err := open(r.kept.path(s))
	if err != nil {
		return gathered{errs: []error{err}}
	}
	defer d.close()
	r.gather(d, &c)
	if ctx.Err() != nil {
		return gathered{}
	}
	return c
}

// put keeps the answers of a day: lastingly, and all of them or none.
func (k keep) put(s span, bodies [][]byte) (err error) {
	path := k.path(s)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("it cannot be kept: %w", err)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return fmt.Errorf("it cannot be kept: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("it cannot be kept: %w", errors.Join(err, os.Remove(f.Name())))
		}
	}()
	z := gzip.NewWriter(f)
	_, err = z.Write(append(bytes.Join(bodies, []byte("\n")), '\n'))
	if err = errors.Join(err, z.Close()); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	// Where the name is lost in a crash the day is asked for again.
	return os.Rename(f.Name(), path)
}

// dropBefore removes days that no run reads any more. What cannot be removed is
// tried again by the next run.
func (k keep) dropBefore(from time.Time) {
	if k.dir == "" {
		return
	}
	days, err := filepath.Glob(filepath.Join(k.dir, "meter-*", "*"+keptSuffix))
	if err != nil {
		return
	}
	oldest := from.Truncate(day).Format(dayFormat) + keptSuffix
	for _, path := range days {
		if filepath.Base(path) < oldest {
			_ = os.Remove(path)
		}
	}
}

// checkKeep reports why days could not be kept in a directory.
func checkKeep(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: not there; make it, or set keep to another", dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: not a directory; set keep to one", dir)
	}
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return fmt.Errorf("%s: cannot be written: %w", dir, reason(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
