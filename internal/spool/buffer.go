package spool

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/openstack-artifice/artifice/usage"
)

// maxBody is how long what a sample has of its own may be.
const maxBody = 1 << 24

// A buffer holds the samples of a part that were added last.
type buffer struct {
	wanted  map[string]bool // keys of metadata; nil for all
	entries []entry
	bodies  []byte // of the entries' records
	series  []bufferSeries
	index   map[seriesKey]uint32
	texts   int // about what series and settings take
}

// An entry is one sample in a buffer.
type entry struct {
	at              instant
	series, setting uint32
	start, end      uint32 // of its body
}

// entrySize is what an entry takes, and what sorting it takes.
const entrySize = 32 + 4

// A seriesKey names a series.
type seriesKey struct{ meter, resource string }

func (k seriesKey) compare(other seriesKey) int {
	if c := cmp.Compare(k.meter, other.meter); c != 0 {
		return c
	}
	return cmp.Compare(k.resource, other.resource)
}

type bufferSeries struct {
	seriesKey
	entries  uint32
	settings []*setting
}

// maxTried is how many of a series' settings a sample is compared with before
// it gets one of its own, which may be like one that is there.
const maxTried = 8

func newBuffer(wanted map[string]bool) *buffer {
	return &buffer{wanted: wanted, index: map[seriesKey]uint32{}}
}

// size is about what the buffer takes.
func (b *buffer) size() int { return len(b.entries)*entrySize + len(b.bodies) + b.texts }

// full reports whether the buffer takes no more: bodies are found by 32 bits.
func (b *buffer) full(limit int) bool {
	return b.size() >= limit || len(b.bodies) > math.MaxUint32-2*maxBody
}

func (b *buffer) add(s *usage.Sample) error {
	if e := s.Volume.Exponent(); e > maxExponent || e < -maxExponent || s.Volume.NumDigits() > maxExponent {
		return fmt.Errorf("%v: its volume is impossible: more than %d digits", s.Origin, maxExponent)
	}
	at, ok := b.index[seriesKey{s.Meter, s.Resource}]
	if !ok {
		at = uint32(len(b.series))
		k := seriesKey{s.Meter, s.Resource}
		b.index[k] = at
		b.series = append(b.series, bufferSeries{seriesKey: k})
		b.texts += overhead + len(s.Meter) + len(s.Resource)
	}
	series := &b.series[at]
	start := len(b.bodies)
	b.bodies = appendBody(b.bodies, s)
	if len(b.bodies)-start > maxBody {
		b.bodies = b.bodies[:start]
		return fmt.Errorf("%v: its id is too long", s.Origin)
	}
	series.entries++
	b.entries = append(b.entries, entry{instantOf(s.Time), at, b.setting(series, s), uint32(start), uint32(len(b.bodies))})
	return nil
}

// setting returns the place of a sample's setting in its series.
func (b *buffer) setting(series *bufferSeries, s *usage.Sample) uint32 {
	wanted := b.wanted
	if s.ID == "" {
		wanted = nil // nothing but its content tells such a sample from another
	}
	last := len(series.settings) - 1
	for i := last; i >= 0 && i > last-maxTried; i-- {
		if series.settings[i].has(s, wanted == nil) {
			return uint32(i)
		}
	}
	g, size := newSetting(s, wanted)
	series.settings = append(series.settings, g)
	b.texts += size
	return uint32(last + 1)
}

// write writes what the buffer holds as a run, and empties the buffer.
func (b *buffer) write(w *runWriter) error {
	order, sorted := b.bySeries()
	var x, y record
	body := func(r *record, e *entry) {
		r.at, r.setting = e.at, b.series[e.series].settings[e.setting]
		_ = r.parse(b.bodies[e.start:e.end]) // add wrote it
	}
	for _, at := range order {
		series := &b.series[at]
		places := sorted[:series.entries]
		sorted = sorted[series.entries:]
		slices.SortFunc(places, func(i, j uint32) int {
			if c := b.entries[i].at.compare(b.entries[j].at); c != 0 {
				return c
			}
			body(&x, &b.entries[i])
			body(&y, &b.entries[j])
			return x.compare(&y)
		})
		w.group(series.seriesKey, len(places))
		for _, i := range places {
			e := &b.entries[i]
			w.record(e.at, series.settings[e.setting], b.bodies[e.start:e.end])
		}
	}
	b.entries, b.bodies, b.texts = b.entries[:0], b.bodies[:0], 0
	clear(b.series)
	b.series = b.series[:0]
	clear(b.index)
	return w.end()
}

// bySeries returns the series in their order, and the places of the entries
// sorted by that.
func (b *buffer) bySeries() (order, sorted []uint32) {
	order = make([]uint32, len(b.series))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, j uint32) int { return b.series[i].compare(b.series[j].seriesKey) })
	next := make([]uint32, len(b.series)) // the next free place, by series
	free := uint32(0)
	for _, at := range order {
		next[at] = free
		free += b.series[at].entries
	}
	sorted = make([]uint32, len(b.entries))
	for i := range b.entries {
		at := b.entries[i].series
		sorted[next[at]] = uint32(i)
		next[at]++
	}
	return order, sorted
}
