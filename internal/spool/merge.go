package spool

import (
	"errors"
	"io"
)

// A merge goes through the records of several runs in their order: series by
// series, and within each by time.
type merge struct {
	// waiting are the runs whose next group is of a later series, active those
	// that are at a record of the present one. Both are heaps.
	waiting, active heap
	seriesKey
}

func newMerge(runs []*runReader) (*merge, error) {
	m := &merge{
		waiting: heap{less: func(a, b *runReader) bool { return a.compare(b.seriesKey) < 0 }},
		active:  heap{less: func(a, b *runReader) bool { return a.record.compare(&b.record) < 0 }},
	}
	for _, r := range runs {
		if err := m.await(r); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// await lets a run wait for its next group to come, if it has one.
func (m *merge) await(r *runReader) error {
	err := r.nextGroup()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		m.waiting.push(r)
	}
	return err
}

// nextSeries goes to the first record of the next series, and reports whether
// there is one. All records of the one before were read.
func (m *merge) nextSeries() bool {
	if len(m.waiting.runs) == 0 {
		return false
	}
	m.seriesKey = m.waiting.runs[0].seriesKey
	for len(m.waiting.runs) > 0 && m.waiting.runs[0].seriesKey == m.seriesKey {
		m.active.push(m.waiting.pop())
	}
	return true
}

// record returns the record that the merge is at, nil at the end of the
// series. It is good until next.
func (m *merge) record() *record {
	if len(m.active.runs) == 0 {
		return nil
	}
	return &m.active.runs[0].record
}

// next goes to the next record of the series.
func (m *merge) next() error {
	r := m.active.runs[0]
	more, err := r.next()
	switch {
	case err != nil:
		return err
	case more:
		m.active.down(0)
		return nil
	}
	m.active.pop()
	return m.await(r)
}

// left is how many records the series has still.
func (m *merge) left() (n int) {
	for _, r := range m.active.runs {
		n += int(r.left)
	}
	return n
}

// write writes all that is left as one run.
func (m *merge) write(w *runWriter) error {
	for m.nextSeries() {
		w.group(m.seriesKey, m.left())
		for r := m.record(); r != nil; r = m.record() {
			w.record(r.at, r.setting, r.body)
			if err := m.next(); err != nil {
				return err
			}
		}
	}
	return w.end()
}

// A heap has the least of its runs first.
type heap struct {
	runs []*runReader
	less func(a, b *runReader) bool
}

func (h *heap) push(r *runReader) {
	h.runs = append(h.runs, r)
	for i := len(h.runs) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.less(h.runs[i], h.runs[parent]) {
			break
		}
		h.runs[i], h.runs[parent] = h.runs[parent], h.runs[i]
		i = parent
	}
}

func (h *heap) pop() *runReader {
	first, last := h.runs[0], len(h.runs)-1
	h.runs[0] = h.runs[last]
	h.runs = h.runs[:last]
	h.down(0)
	return first
}

func (h *heap) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.runs); child++ {
			if h.less(h.runs[child], h.runs[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.runs[i], h.runs[least] = h.runs[least], h.runs[i]
		i = least
	}
}
