// Package ceilometer reads Ceilometer's samples: from files, from what its
// publishers send, and from its own API.
//
// A [Source] reads a file, or the files of a directory, as Ceilometer's API
// answered or its file publisher wrote them: JSON lists of samples, or samples
// one after the other, compressed or not, in both shapes that Ceilometer ever
// sent (counter_name and meter), or Python's dictionaries. Files are streamed:
// memory does not grow with their size, and a hostile file gives an error.
// [Source.Receive] puts what is sent over HTTP into such files.
//
// An [API] reads what a Ceilometer from before Gnocchi has stored.
//
// What cannot be right is never dropped in silence: each such sample, and each
// file that cannot be read to its end, comes out as an error that names the
// file, the line and the sample. A sample that is read twice, in one file or
// in two, is yielded twice; counting it once is the caller's work.
package ceilometer

import (
	"context"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A Source yields the samples of files. It holds nothing open between calls,
// and its methods may be called concurrently.
type Source struct {
	path    string
	place   placing
	trusted trust
	part    []string // of what is at path
	tenants string   // the file with their names, or ""
	receive ReceiveConfig
	now     func() time.Time
}

var (
	_ usage.Source        = (*Source)(nil)
	_ usage.TenantLister  = (*Source)(nil)
	_ usage.HealthChecker = (*Source)(nil)
	_ usage.Identifier    = (*Source)(nil)
)

// NewSource returns a Source for the files of config. It opens nothing: a path
// that does not exist comes out of Samples and CheckHealth.
func NewSource(_ context.Context, config Config) (*Source, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	place, err := newPlacing(config.Datacenter, config.Rules)
	if err != nil {
		return nil, err
	}
	trusted, err := newTrust(config.TrustSources)
	if err != nil {
		return nil, err
	}
	return &Source{
		path:    string(config.Path),
		place:   place,
		trusted: trusted,
		part:    partOf(config.TrustSources),
		tenants: string(config.Tenants),
		receive: config.Receive,
		now:     time.Now,
	}, nil
}

// Identity is the path with no symbolic links in it, and whom the source trusts.
func (s *Source) Identity(context.Context) (usage.Identity, error) {
	path, err := filepath.Abs(s.path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return usage.Identity{}, err
	}
	return usage.Identity{Place: path, Part: strings.Join(s.part, "\n")}, nil
}

// partOf says which part the samples of trusted senders are: all where nothing
// says whom to trust.
func partOf(trustSources []string) []string {
	var part []string
	for _, sender := range slices.Sorted(slices.Values(trustSources)) {
		part = append(part, "trust_sources = "+sender)
	}
	return part
}

// Samples yields the samples that q asks for, file by file in the order of
// their names. Mistakes come as errors in between: after a sample that cannot
// be right it goes on with the next one, after a file that cannot be read
// further with the next file. It ends after ctx's error. What a receiver has set
// aside is left out.
//
// Samples with the same metadata share one map, which must not be changed.
func (s *Source) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		p := newParser(s.place, q)
		p.trusted = s.trusted
		if err := s.recover(); err != nil && !yield(usage.Sample{}, err) {
			return
		}
		progress := newProgress(q, s.files())
		for f, err := range s.files() {
			if err == nil && ctx.Err() == nil {
				if !p.file(ctx, f.path, progress.of(f), yield) {
					return
				}
				progress.read(f)
			}
			if ctx.Err() != nil {
				yield(usage.Sample{}, ctx.Err())
				return
			}
			if err != nil && !yield(usage.Sample{}, err) {
				return
			}
		}
		if err := s.tellRefused(ctx, q); err != nil {
			yield(usage.Sample{}, err)
		}
	}
}

// file yields what a file holds, and reports whether more is wanted. It stops
// without a word when ctx ends.
func (p *parser) file(ctx context.Context, path string, progress func(int64), yield func(usage.Sample, error) bool) bool {
	d, err := open(path)
	if err != nil {
		return yield(usage.Sample{}, err)
	}
	defer d.close()
	d.progress = progress
	return p.samples(ctx, d, yield)
}

func (p *parser) samples(ctx context.Context, d *document, yield func(usage.Sample, error) bool) bool {
	var sample usage.Sample
	for v, err := range d.values() {
		wanted := true
		if err == nil {
			wanted, err = p.parse(v, &sample)
		}
		if ctx.Err() != nil {
			return true
		}
		switch {
		case err != nil:
			if !yield(usage.Sample{}, err) {
				return false
			}
		case wanted:
			if !yield(sample, nil) {
				return false
			}
		}
	}
	return true
}
