package ceilometer

import (
	"io"
	"iter"

	"github.com/openstack-artifice/artifice/usage"
)

// A progress tells how many bytes of files were read, as they lie on the disk,
// compressed or not.
type progress struct {
	tell        func(done, total int64) // nil for nobody
	done, total int64
}

func newProgress(q usage.Query, files iter.Seq2[file, error]) *progress {
	p := &progress{tell: q.Progress}
	if p.tell == nil {
		return p
	}
	for f := range files {
		p.total += f.size
	}
	p.tell(0, p.total)
	return p
}

// of returns what a file's progress is told to, nil for nobody.
func (p *progress) of(f file) func(int64) {
	if p.tell == nil {
		return nil
	}
	return func(read int64) {
		done := p.done + min(read, f.size) // it may be growing
		p.total = max(p.total, done)
		p.tell(done, p.total)
	}
}

// read notes that a file was read, as far as it can be.
func (p *progress) read(f file) {
	if p.tell != nil {
		p.of(f)(f.size)
		p.done += f.size
	}
}

// A counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}
