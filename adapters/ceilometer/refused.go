package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/spool"
	"github.com/openstack-artifice/artifice/usage"
)

// tellRefused tells who asks of the samples that a receiver set aside, as far as
// they are asked for. A receiver does not know that; so what it sets aside may
// concern nobody.
func (s *Source) tellRefused(ctx context.Context, q usage.Query) error {
	if q.LeftOut == nil {
		return nil
	}
	if info, err := os.Stat(s.path); err != nil || !info.IsDir() {
		return nil // files tells of it
	}
	dir := filepath.Join(s.path, spool.Refused)
	why := fmt.Sprintf("%s: correct what is in %s and move it to %s as *.json, or remove it", refusedWhy, dir, s.path)
	tell := func(sample usage.Sample) { q.LeftOut(sample, why) }
	paths, err := spool.ListRefused(s.path)
	if err != nil {
		tell(usage.Sample{})
	}
	asked := q
	asked.LeftOut = nil // of what would be left out anyhow
	p := newParser(s.place, asked)
	p.trusted = s.trusted
	for _, path := range paths {
		if ctx.Err() != nil {
			break
		}
		p.refused(ctx, path, tell)
	}
	return ctx.Err()
}

const refusedWhy = "refused when it was received"

// refused tells of the samples of a file that the query asks for, or might if
// more of them could be read. What cannot be read at all is told as one: all of
// it was told when it came, and it keeps nobody from collecting.
func (p *parser) refused(ctx context.Context, path string, tell func(usage.Sample)) {
	d, err := open(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // else somebody has just tidied up
			tell(usage.Sample{})
		}
		return
	}
	defer d.close()
	for v, err := range d.values() {
		if ctx.Err() != nil {
			return
		}
		var sample usage.Sample
		wanted := true
		if err == nil {
			wanted, _ = p.parse(v, &sample)
		}
		if wanted {
			tell(sample)
		}
	}
}
