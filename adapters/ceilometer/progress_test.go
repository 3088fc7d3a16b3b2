package ceilometer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// Progress is told in bytes of the files as they lie there, now and then within
// one, and comes to all of them, also where some cannot be read.
func TestFilesProgress(t *testing.T) {
	many := strings.Repeat(plain(`"unit":`, `"pad":"`+strings.Repeat("p", 200)+`","unit":`)+"\n", 3000)
	dir := write(t, map[string]string{
		"a.jsonl": many, "b.jsonl.gz": many, "c/d.json": "[]", "e.json": "[" + plain() + ", broken" + many, "f.json": "", "g.txt": many,
	})
	var size int64
	for _, name := range []string{"a.jsonl", "b.jsonl.gz", "c/d.json", "e.json", "f.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	told, last := 0, int64(-1)
	_, mistakes := collect(t, Config{Path: config.Path(dir)}, usage.Query{Meters: []string{"other"}, Progress: func(done, total int64) {
		if done < last || done > total || total != size {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		told, last = told+1, done
	}})
	if last != size || told < 10+5 || told > 100 {
		t.Errorf("told %d times, at last %d of %d", told, last, size)
	}
	if len(mistakes) != 2 {
		t.Errorf("mistakes are %q", mistakes)
	}
	told = 0
	for range read(t, Config{Path: config.Path(filepath.Join(dir, "c/d.json"))}, usage.Query{Progress: func(done, total int64) {
		if told++; total != 2 {
			t.Errorf("%d of %d bytes", done, total)
		}
	}}) {
		t.Error("there is a sample")
	}
	if told < 2 {
		t.Errorf("told %d times", told)
	}
}
