package cloud

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/files"
)

// The meters, as samples call them.
const (
	meterInstance = "instance"
	meterVolume   = "volume.size"
	meterIP       = "ip.floating"
	meterIncoming = "network.incoming.bytes"
	meterOutgoing = "network.outgoing.bytes"
)

// A reading is a sample before it has a shape.
type reading struct {
	*resource
	at       time.Time
	notified bool // at a change, rather than polled
	volume   int64
	metadata map[string]string // shared between readings
}

// A file is all of one meter's samples.
type file struct {
	meter, kind, unit string
	name              string
	shape             func(*file, reading, *dice) any
	lines             bool // one sample a line, oldest first; else a list, newest first
	gzip              bool
	readings          []reading
}

func (c *Cloud) files() []file {
	var incoming, outgoing []reading
	for _, in := range c.instances {
		incoming = append(incoming, in.incoming.readings...)
		outgoing = append(outgoing, in.outgoing.readings...)
	}
	return []file{
		{meterInstance, "gauge", "instance", "instance.json", older, false, false, c.instanceReadings()},
		{meterVolume, "gauge", "GB", "volume.size.jsonl", newer, true, false, c.holdingReadings(c.volumes)},
		{meterIP, "gauge", "ip", "ip.floating.json", newer, false, false, c.holdingReadings(c.ips)},
		{meterIncoming, "cumulative", "B", "network.incoming.bytes.json.gz", older, false, true, incoming},
		{meterOutgoing, "cumulative", "B", "network.outgoing.bytes.jsonl.gz", newer, true, true, outgoing},
	}
}

// WriteSamples writes one file of samples per meter into the directory, which
// it makes where there is none. A file of the same name is replaced as a whole;
// where writing fails it stays as it was.
func (c *Cloud) WriteSamples(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the directory of the samples: %w", err)
	}
	for i, f := range c.files() {
		// A stream of numbers for each file: ids do not hang on what was written before.
		ids := &dice{Rand: rand.New(rand.NewPCG(c.seed, uint64(i)+1)), month: c.month}
		if err := f.write(filepath.Join(dir, f.name), ids); err != nil {
			return fmt.Errorf("cannot write the samples of meter %s: %w", f.meter, err)
		}
	}
	return nil
}

// write makes the file: nobody reads half of it.
func (f *file) write(path string, ids *dice) error {
	return files.Replace(path, 0o644, func(w io.Writer) error { return f.compress(w, ids) })
}

func (f *file) compress(out io.Writer, ids *dice) error {
	if !f.gzip {
		return f.encode(out, ids)
	}
	z := gzip.NewWriter(out) // its header has neither a name nor a time
	if err := f.encode(z, ids); err != nil {
		return err
	}
	return z.Close()
}

func (f *file) encode(out io.Writer, ids *dice) error {
	slices.SortStableFunc(f.readings, func(a, b reading) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id))
	})
	opening, between, closing := "[\n", ",\n", "\n]\n"
	if f.lines {
		opening, between, closing = "", "\n", "\n"
	} else {
		slices.Reverse(f.readings)
	}
	w := bufio.NewWriterSize(out, 1<<16) // it remembers its first error until Flush
	w.WriteString(opening)
	for i, r := range f.readings {
		if i > 0 {
			w.WriteString(between)
		}
		text, err := json.Marshal(f.shape(f, r, ids))
		if err != nil {
			return err
		}
		w.Write(text)
	}
	w.WriteString(closing)
	return w.Flush()
}
