package spool

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/openstack-artifice/artifice/usage"
)

// A Part yields series. It is for one goroutine.
type Part struct {
	merge *merge
	// Repeated makes windows tell which samples were repetitions.
	Repeated bool

	numbers  numbers
	seen     keySet
	series   *Series
	nameless record // that was counted last, where it has no id
	isLast   bool   // whether it was the last that was counted
	window   Window
	ids      []byte // of the window's samples
	ends     []int  // where each id ends in ids
	digest   []byte
	encoded  []byte
}

// A Series is the samples of one resource for one meter, as the source calls
// it.
type Series struct {
	Meter, Resource string
	// Records are how many samples there are, repetitions among them.
	Records int
	// Clashes are how many samples were left out until now although they are no
	// repetitions: their id was counted before, with another content. The first
	// of them is Clash.
	Clashes int
	Clash   usage.Sample
	part    *Part
}

// A Window is the samples of one series within one window. It is good until
// the next one is asked for.
type Window struct {
	usage.Span
	Samples []usage.Sample // in the order of usage.Sort, each once
	// Digest is of the samples, "" for none; see CompareDigests. It does not
	// depend on what the source is configured to say of them beside what was
	// measured: see Dress.
	Digest string
	// Repeated are those that were left out, for they had been counted before,
	// if they were asked for.
	Repeated []usage.Sample
}

// Next returns the next series, by meter and resource, and nil after the last.
// What was not read of the one before is passed over.
func (p *Part) Next() (*Series, error) {
	for p.merge.record() != nil {
		if err := p.merge.next(); err != nil {
			return nil, err
		}
	}
	if !p.merge.nextSeries() {
		return nil, nil
	}
	p.seen.clear()
	p.isLast = false
	p.series = &Series{Meter: p.merge.meter, Resource: p.merge.resource, Records: p.merge.left(), part: p}
	return p.series, nil
}

// Next returns the next window that has samples, and nil after the last. Where
// repetitions are asked for there may be a window of nothing else.
func (s *Series) Next() (*Window, error) {
	p := s.part
	for r := p.merge.record(); r != nil; r = p.merge.record() {
		w, err := p.gather(r)
		if err != nil {
			return nil, err
		}
		if len(w.Samples)+len(w.Repeated) > 0 {
			return w, nil
		}
	}
	return nil, nil
}

// gather reads the window of r, which the merge is at.
func (p *Part) gather(r *record) (*Window, error) {
	w := &p.window
	w.Span = usage.WindowAt(r.at.time())
	w.Samples, w.Repeated = w.Samples[:0], nil
	p.ids, p.ends, p.digest = p.ids[:0], p.ends[:0], p.digest[:0]
	for end := w.End.Unix(); r != nil && r.at.sec < end; r = p.merge.record() {
		p.take(r)
		if err := p.merge.next(); err != nil {
			return nil, err
		}
	}
	all := string(p.ids)
	start := 0
	for i, end := range p.ends {
		w.Samples[i].ID = all[start:end]
		start = end
	}
	w.Digest = ""
	if len(p.digest) > 0 {
		p.encoded = append(p.encoded[:0], digestMark)
		p.encoded = base64.RawURLEncoding.AppendEncode(p.encoded, p.digest)
		w.Digest = string(p.encoded)
	}
	return w, nil
}

// take counts a record, unless it is a repetition.
func (p *Part) take(r *record) {
	w := &p.window
	var id key
	if r.id != nil {
		id = keyOf(r.id)
	}
	identity, content := r.fingerprint(id)
	if r.id != nil {
		counted, known := p.seen.add(id, content)
		if known {
			if counted != content {
				p.clash(r)
			}
			p.repeat(r)
			return
		}
		p.isLast = false
	} else {
		// Sorted by all of their content, identical records are neighbours.
		if p.isLast && p.nameless.at == r.at && p.nameless.compareContent(r) == 0 {
			p.repeat(r)
			return
		}
		p.nameless, p.isLast = *r, true
	}
	w.Samples = append(w.Samples, usage.Sample{})
	r.sample(&w.Samples[len(w.Samples)-1], &p.numbers)
	p.ids = append(p.ids, r.id...)
	p.ends = append(p.ends, len(p.ids))
	p.digest = binary.BigEndian.AppendUint32(p.digest, identity)
	p.digest = binary.BigEndian.AppendUint32(p.digest, content)
}

// clash notes a record that has the id of another.
func (p *Part) clash(r *record) {
	if p.series.Clashes++; p.series.Clashes == 1 {
		r.sample(&p.series.Clash, &p.numbers)
		p.series.Clash.ID = string(r.id)
	}
}

func (p *Part) repeat(r *record) {
	if !p.Repeated {
		return
	}
	var s usage.Sample
	r.sample(&s, &p.numbers)
	s.ID = string(r.id)
	p.window.Repeated = append(p.window.Repeated, s)
}
