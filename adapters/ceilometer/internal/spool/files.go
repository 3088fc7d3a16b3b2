package spool

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"time"

	"github.com/openstack-artifice/artifice/internal/files"
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
	return files.SyncDir(dir)
}
