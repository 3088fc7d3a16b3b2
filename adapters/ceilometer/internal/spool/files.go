package spool

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// unique is a part of a name that no other file has, and that sorts by time.
func unique(now time.Time) string {
	return now.UTC().Format("20060102T150405.000000Z-") + rand.Text()[:8]
}

// hidden is the path under which a file is written.
func hidden(dir, name string) string { return filepath.Join(dir, "."+name+openSuffix) }

// reveal gives a hidden file its name, lastingly.
func reveal(path string) error {
	dir := filepath.Dir(path)
	if err := os.Rename(path, filepath.Join(dir, sealed(filepath.Base(path)))); err != nil {
		return err
	}
	return syncDir(dir)
}

// replace puts other content into a file, all of it or nothing.
func replace(path string, text []byte) error {
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory last, where its file system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
