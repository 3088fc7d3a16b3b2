package gnocchi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// formOfSamples is one more whenever other samples are made of what Gnocchi has.
const formOfSamples = 1

// A bookmark is how far the metrics of a tenant were read: what cannot have
// changed since is not read again.
type bookmark struct {
	// Form stands for how samples are made, and of how long ago. Where it is
	// another, so may be all of them.
	Form string `json:"form"`
	// Read is when it was read: a resource that was revised later is read again.
	Read time.Time `json:"read"`
	// Settled are metrics by the hour before which nothing comes any more of what
	// was read of them: twelve bytes of each, keyOf and the count of its place.
	Settled map[string][]byte `json:"settled"`

	places map[uint64]place // the same, by metric
}

// entryLength is how long one of Settled is, in bytes.
const entryLength = 12

// parseBookmark reads one. What is none, or of another form, is nil: all is read
// again.
func parseBookmark(text, form string) *bookmark {
	b := &bookmark{places: map[uint64]place{}}
	if json.Unmarshal([]byte(text), b) != nil || b.Form != form {
		return nil
	}
	for at, entries := range b.Settled {
		settled, err := time.Parse(time.RFC3339, at)
		if err != nil || len(entries)%entryLength != 0 {
			return nil
		}
		for entry := range slices.Chunk(entries, entryLength) {
			b.places[binary.BigEndian.Uint64(entry)] = place{settled: settled, count: binary.BigEndian.Uint32(entry[8:])}
		}
	}
	return b
}

// add adds a metric, by its key.
func (b *bookmark) add(key uint64, p place) {
	at := p.settled.UTC().Format(time.RFC3339)
	entries := binary.BigEndian.AppendUint64(b.Settled[at], key)
	b.Settled[at] = binary.BigEndian.AppendUint32(entries, p.count)
}

// String is the bookmark as it is kept, the same for the same metrics.
func (b *bookmark) String() string {
	for at, entries := range b.Settled {
		b.Settled[at] = bytes.Join(slices.SortedFunc(slices.Chunk(entries, entryLength), bytes.Compare), nil)
	}
	text, _ := json.Marshal(b) // texts, bytes and a time of this year: it cannot fail
	return string(text)
}

// keyOf is what a metric goes by in bookmarks: of ids of 36 letters there would
// be too much to keep.
func keyOf(metric string) uint64 {
	sum := sha256.Sum256([]byte(metric))
	return binary.BigEndian.Uint64(sum[:])
}

// form stands for how a reading makes samples, and of how long ago.
func (r *reading) form() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %q %q %q %v %v\n", formOfSamples, r.datacenter, r.config.DatacenterKey, r.config.DatacenterHost, r.config.Since.UTC(), r.config.Lookback)
	for _, name := range slices.Sorted(maps.Keys(r.meters)) {
		fmt.Fprintf(h, "%q %+v\n", name, r.meters[name])
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:9])
}

// A place is how far a metric was read.
type place struct {
	start   time.Time // from when on it is read
	settled time.Time // nothing older comes of what was read; zero where it may
	count   uint32    // of measures from there on, that were read
}

// readBefore reports whether all that a resource was is in bookmarks, and up to
// when it was collected.
func (r *reading) readBefore(res *resource) (through time.Time, ok bool) {
	revised := res.revisions[len(res.revisions)-1].start
	for _, v := range res.revisions {
		if r.stranger(v.project) != "" {
			continue
		}
		b, mark := r.bookmarks[v.project], r.query.Collected[v.project]
		if b == nil || mark.IsZero() || mark.After(r.began) || !revised.Before(b.Read.Add(-minLookback)) {
			return through, false
		}
		through = earlier(through, mark)
	}
	return through, !through.IsZero()
}

// placeOf is how far a metric was read of a resource that is in bookmarks, and was
// collected through an instant. One that is in none was not read from from on.
func (r *reading) placeOf(res *resource, metric string, through, from time.Time) place {
	var all place
	for _, v := range res.revisions {
		if r.stranger(v.project) != "" {
			continue
		}
		p, known := r.bookmarks[v.project].places[keyOf(metric)]
		if !known {
			return place{start: from}
		}
		switch {
		case all.settled.IsZero(), p.settled.Before(all.settled):
			all = p
		case p.settled.Equal(all.settled) && p.count != all.count: // one was read later, and the other held back
			return place{start: from}
		}
	}
	all.start = earlier(all.settled, through).UTC().Add(-r.overlap()).Truncate(usage.WindowLength)
	all.start = later(all.start, from)
	return all
}

// earlier is the earlier of two instants, or the one that is not zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// bookmark tells how far all tenants were read.
func (f *fetcher) bookmark() {
	if f.query.Bookmark == nil || f.done || f.failed {
		return
	}
	tenants := map[string]*bookmark{}
	for metric, s := range f.seen {
		if s.settled.IsZero() || f.shared[s.resource] {
			continue
		}
		key := keyOf(metric)
		for _, project := range s.projects {
			if f.stranger(project) != "" {
				continue
			}
			if tenants[project] == nil {
				tenants[project] = &bookmark{Form: f.form(), Read: f.began, Settled: map[string][]byte{}}
			}
			tenants[project].add(key, s.place)
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(tenants)) {
		f.query.Bookmark(tenant, tenants[tenant].String())
	}
}
