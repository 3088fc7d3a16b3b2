package ceilometer

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/receive"
	"github.com/openstack-artifice/artifice/usage"
)

var inBatch = medium{"batch", "send", "correct the sample, and send the batch again"}

// checkBatch parts a batch: a sample is good in which collecting would find no
// mistake, of whatever meter it is, for the meters are the caller's. Its error is
// why none is, or why the batch cannot be read to its end.
func (s *Source) checkBatch(batch []byte) (receive.Parts, error) {
	d := &document{medium: inBatch, name: "batch"}
	d.read(bytes.NewReader(batch))
	d.reserve = 1 // the line break that collect reads before it
	p := newParser(s.place, usage.Query{})
	p.remedy, p.trusted = inBatch.remedy, everybody
	latest := s.now().Add(maxAhead)
	var (
		parts     receive.Parts
		good, bad sampleList
		errs      []error
		whole     = true // it can be read to its end
		sample    usage.Sample
	)
	for v, err := range d.values() {
		whole = whole && v.json != nil
		if err == nil {
			_, err = p.parse(v, &sample)
		}
		if err == nil && sample.Time.After(latest) {
			err = fmt.Errorf("%v: timestamp %s lies in the future; look at the clock of its agent", v.origin, sample.Time.Format(time.RFC3339))
		}
		if err == nil {
			good.add(v.json)
			continue
		}
		bad.add(v.json)
		if len(errs) < maxMistakes || !whole {
			errs = append(errs, err)
		}
	}
	parts.Good, parts.Samples = batch, good.count
	if len(errs) == 0 {
		return parts, nil
	}
	parts.Why = errors.Join(errs...)
	if !whole || good.count == 0 {
		return receive.Parts{}, parts.Why
	}
	parts.Good, parts.Bad, parts.Failed = good.end(), bad.end(), bad.count
	return parts, nil
}

// A sampleList is a JSON list of samples that is being written.
type sampleList struct {
	text  []byte
	count int
}

func (l *sampleList) add(json []byte) {
	separator := ",\n"
	if l.count == 0 {
		separator = "["
	}
	l.text = append(append(l.text, separator...), json...)
	l.count++
}

func (l *sampleList) end() []byte { return append(l.text, ']') }
