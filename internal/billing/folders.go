package billing

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// folded is what came of one series of a source, for all meters that read it.
type folded struct {
	key       seriesKey
	meters    int
	samples   int // as the source gave them
	counted   int
	kept      int
	tenants   []string // seen before the end of collecting
	held      []heldBack
	series    []ledger.SeriesFolds
	resources []ledger.Resource
	late      []Late
	pruned    []Late
	gone      []Gone
	aside     []Aside
	clashes   int
	clash     usage.Origin
	gaps      []ledger.Gap
	mistakes  []error
	stuck     []ledger.Series // of which nothing could be brought up to date
	err       error           // ends collecting
}

// heldBack is a tenant whose usage could not be brought up to date.
type heldBack struct {
	tenant string
	from   time.Time
}

// foldAll folds every series of the parts, each part in its own goroutine
// where there are several, and writes what comes of them in the order of the
// series.
func (c *collector) foldAll(ctx context.Context, parts []*spool.Part, samples int) error {
	progress := c.begin(Step{Name: "fold", Of: c.source.Name, Unit: "samples", Total: int64(samples), Unmarked: true})
	defer progress.End()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	stuck := maps.Clone(c.stuck) // in the steps before
	heads := make([]*folded, 0, len(parts))
	next := make([]func() *folded, 0, len(parts))
	for _, part := range parts {
		p := &partFolder{collector: c, part: part, stuck: stuck}
		p.makeFolders()
		step := func() *folded { return p.next(ctx) }
		if len(parts) > 1 {
			step = ahead(ctx, &running, step)
		}
		next = append(next, step)
	}
	for _, step := range next {
		heads = append(heads, step())
	}
	for {
		least := -1
		for i, head := range heads {
			if head != nil && head.err != nil {
				return head.err
			}
			if head != nil && (least < 0 || head.key.compare(heads[least].key) < 0) {
				least = i
			}
		}
		if least < 0 {
			return ctx.Err()
		}
		if err := c.write(ctx, heads[least]); err != nil {
			return err
		}
		progress.Add(int64(heads[least].samples))
		heads[least] = next[least]()
	}
}

// ahead lets step work in a goroutine of its own, one result ahead. It returns
// nil after the last result, and when ctx ends.
func ahead(ctx context.Context, running *sync.WaitGroup, step func() *folded) func() *folded {
	results := make(chan *folded, 1)
	running.Go(func() {
		defer close(results)
		for r := step(); r != nil; r = step() {
			select {
			case results <- r:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() *folded { return <-results }
}

// A partFolder folds the series of one part.
type partFolder struct {
	*collector
	part    *spool.Part
	stuck   map[ledger.Series]bool // that lack what came before
	folders map[string][]*folder   // by what the source calls the meter
}

func (p *partFolder) makeFolders() {
	p.folders = map[string][]*folder{}
	for _, m := range p.meters {
		p.folders[m.Meter] = append(p.folders[m.Meter], p.newFolder(m))
	}
}

func (c *collector) newFolder(m usage.Meter) *folder {
	keys, ok := m.Keys()
	if !ok {
		keys = nil
	} else if keys == nil {
		keys = []string{}
	}
	return &folder{collector: c, meter: m, rule: ruleDigest(m), walker: usage.NewWalker(m.Transformer), dresser: spool.NewDresser(keys)}
}

// next folds the next series, and returns nil after the last.
func (p *partFolder) next(ctx context.Context) (r *folded) {
	defer func() {
		if err := panicked(recover()); err != nil {
			r = &folded{err: err}
		}
	}()
	series, err := p.part.Next()
	switch {
	case err == nil && ctx.Err() != nil:
		err = ctx.Err()
	case err == nil && series == nil:
		return nil
	}
	if err != nil {
		return &folded{err: err}
	}
	r = &folded{key: seriesKey{series.Meter, series.Resource}, samples: series.Records}
	r.err = p.fold(ctx, series, r)
	return r
}

func (p *partFolder) fold(ctx context.Context, series *spool.Series, r *folded) error {
	folders := p.folders[series.Meter]
	r.meters = len(folders)
	through := p.report.Through
	for first := true; ; first = false {
		w, err := series.Next()
		if err != nil {
			return err
		}
		if w == nil {
			break
		}
		if first {
			for _, f := range folders {
				if err := f.begin(ctx, series.Resource, w.Start); err != nil {
					return err
				}
				// A run that failed may have collected more than it marked.
				if f.through.After(through) {
					through = f.through
				}
			}
		}
		due := w.Start.Before(p.report.Through)
		if !due && p.rest != nil {
			if err := p.rest(w.Samples); err != nil {
				return err
			}
		}
		if !w.Start.Before(through) {
			if p.rest != nil {
				continue
			}
			break // the rest is not due
		}
		if due {
			r.counted += len(folders) * len(w.Samples)
			r.see(w.Samples)
		}
		for _, f := range folders {
			if p.stuck[f.id] || p.unreadable(w.Samples) {
				f.fail(w.Span, errUnread)
			}
			f.window(w)
		}
	}
	for _, f := range folders {
		f.finish(r)
	}
	if r.clashes = series.Clashes; r.clashes > 0 {
		r.clash = series.Clash.Origin
	}
	return nil
}

// errUnread gives up a series of which a tenant could not be read, or that was
// given up before.
var errUnread = errors.New("a tenant's samples could not all be read")

// unreadable reports whether some of the samples are of a tenant that could not
// be read wholly.
func (c *collector) unreadable(samples []usage.Sample) bool {
	return len(c.unread) > 0 && slices.ContainsFunc(samples, func(s usage.Sample) bool { return c.unread[s.Tenant] })
}

// see notes the tenants of samples.
func (r *folded) see(samples []usage.Sample) {
next:
	for i := range samples {
		tenant := samples[i].Tenant
		for _, seen := range r.tenants {
			if seen == tenant {
				continue next
			}
		}
		r.tenants = append(r.tenants, tenant)
	}
}
