package spool

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"

	"github.com/openstack-artifice/artifice/usage"
)

// Options are how a spool works. None of them changes what it yields.
type Options struct {
	Dir    string // for temporary files; "" for that of the system, TMPDIR
	Parts  int    // how many parts can be read at the same time; at least 1
	Buffer int    // bytes of memory for samples that are not in a file; 0 for DefaultBuffer
	// Metadata are the keys of metadata to keep of samples that have an id, nil
	// for all. Of those without one all are kept: nothing but its content tells
	// such a sample from another.
	Metadata []string

	read int // bytes of each run that are read at a time; 0 for readBuffer
}

// DefaultBuffer is how much memory a spool takes for samples, in bytes.
const DefaultBuffer = 8 << 20

// A Spool sorts samples. It is for one goroutine; the parts that it gives may
// be read concurrently.
type Spool struct {
	parts []*part
	seed  maphash.Seed
	limit int // of each part's buffer
}

// A part holds the samples of some of the series: all of each.
type part struct {
	dir    string
	read   int
	buffer *buffer
	levels []*level
	last   *bytes.Buffer // the last run
}

// New returns an empty spool.
func New(o Options) *Spool {
	o.Parts = max(1, o.Parts)
	if o.Buffer == 0 {
		o.Buffer = DefaultBuffer
	}
	var wanted map[string]bool
	if o.Metadata != nil {
		wanted = make(map[string]bool, len(o.Metadata))
		for _, key := range o.Metadata {
			wanted[key] = true
		}
	}
	s := &Spool{limit: o.Buffer / o.Parts, seed: maphash.MakeSeed()}
	for range o.Parts {
		s.parts = append(s.parts, &part{dir: o.Dir, read: cmp.Or(o.read, readBuffer), buffer: newBuffer(wanted)})
	}
	return s
}

// Add takes a sample in. The spool keeps its metadata until it is closed: they
// must not be changed any more. An error says that there is no room for a
// temporary file, or that the sample cannot be kept.
func (s *Spool) Add(sample *usage.Sample) error {
	at := 0
	if len(s.parts) > 1 {
		at = int(maphash.String(s.seed, sample.Resource) % uint64(len(s.parts)))
	}
	p := s.parts[at]
	if p.buffer.full(s.limit) {
		if err := p.spill(); err != nil {
			return err
		}
	}
	return p.buffer.add(sample)
}

// spill writes the buffer to a file.
func (p *part) spill() error {
	if len(p.levels) == 0 {
		first, err := newLevel(p.dir)
		if err != nil {
			return err
		}
		p.levels = append(p.levels, first)
	}
	if err := p.levels[0].append(p.buffer.write); err != nil {
		return err
	}
	return p.compact()
}

// compact merges the runs of levels that have many of them, so that a merge
// reads a few runs at a time however many there were.
func (p *part) compact() error {
	for i := 0; i < len(p.levels) && len(p.levels[i].runs) >= maxRuns; i++ {
		if i+1 == len(p.levels) {
			above, err := newLevel(p.dir)
			if err != nil {
				return err
			}
			p.levels = append(p.levels, above)
		}
		m, err := newMerge(p.levels[i].readers(p.read))
		if err != nil {
			return err
		}
		if err := p.levels[i+1].append(m.write); err != nil {
			return err
		}
		if err := p.levels[i].reset(); err != nil {
			return err
		}
	}
	return nil
}

// Parts ends adding, and returns the parts. Every series is in one of them.
func (s *Spool) Parts() ([]*Part, error) {
	var parts []*Part
	for _, p := range s.parts {
		p.last = &bytes.Buffer{}
		if err := p.buffer.write(newRunWriter(p.last)); err != nil {
			return nil, err
		}
		p.buffer = nil
		var readers []*runReader
		for _, l := range p.levels {
			readers = append(readers, l.readers(p.read)...)
		}
		last := &runReader{in: input{buf: p.last.Bytes(), end: p.last.Len()}}
		m, err := newMerge(append(readers, last))
		if err != nil {
			return nil, err
		}
		parts = append(parts, &Part{merge: m})
	}
	return parts, nil
}

// Close removes the temporary files. The parts cannot be read any more.
func (s *Spool) Close() error {
	var errs []error
	for _, p := range s.parts {
		for _, l := range p.levels {
			errs = append(errs, l.close())
		}
		p.levels, p.buffer, p.last = nil, nil, nil
	}
	return errors.Join(errs...)
}

const (
	maxRuns    = 64       // of a level, before they are merged into one of the next
	readBuffer = 32 << 10 // bytes, of each run
)

// A level is a file of runs of about the same length.
type level struct {
	file    *os.File
	removed bool // the file has no name any more
	size    int64
	runs    []*io.SectionReader
}

func newLevel(dir string) (*level, error) {
	file, err := os.CreateTemp(dir, "artifice-*.samples")
	if err != nil {
		return nil, fmt.Errorf("samples cannot be sorted in a temporary file: %w (TMPDIR names the directory)", err)
	}
	// Where an open file can be removed, nothing is left behind by a crash.
	return &level{file: file, removed: os.Remove(file.Name()) == nil}, nil
}

// append lets write add a run.
func (l *level) append(write func(*runWriter) error) error {
	w := newRunWriter(io.NewOffsetWriter(l.file, l.size))
	if err := write(w); err != nil {
		return err
	}
	l.runs = append(l.runs, io.NewSectionReader(l.file, l.size, w.written))
	l.size += w.written
	return nil
}

func (l *level) readers(buffer int) []*runReader {
	var readers []*runReader
	for _, run := range l.runs {
		readers = append(readers, newRunReader(run, buffer))
	}
	return readers
}

// reset forgets the runs, and gives their room back.
func (l *level) reset() error {
	l.size, l.runs = 0, nil
	return l.file.Truncate(0)
}

func (l *level) close() error {
	err := l.file.Close()
	if !l.removed {
		err = errors.Join(err, os.Remove(l.file.Name()))
	}
	return err
}
