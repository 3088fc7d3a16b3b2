package ceilometer

import (
	"fmt"
	"sync"
	"time"
)

// A span is the samples of a meter within some time; of every meter for "".
type span struct {
	meter    string
	from, to time.Time
}

// shortest is how short a span is that is not asked for in halves any more.
const shortest = time.Second

func (s span) length() time.Duration { return s.to.Sub(s.from) }

func (s span) has(at time.Time) bool { return !at.Before(s.from) && at.Before(s.to) }

func (s span) String() string {
	meter := "all meters"
	if s.meter != "" {
		meter = "meter " + s.meter
	}
	return fmt.Sprintf("%s, %s to %s", meter, s.from.Format(time.RFC3339Nano), s.to.Format(time.RFC3339Nano))
}

// spans are those that are still to be read. Workers take from them, and put back
// what is too much for one request.
type spans struct {
	mu     sync.Mutex
	change *sync.Cond // is told of what next waits for
	left   []span     // the next one last
	taken  int        // by workers, who may put some back
}

// newSpans returns the days of each meter within some time.
func newSpans(meters []string, from, to time.Time) *spans {
	s := &spans{}
	s.change = sync.NewCond(&s.mu)
	for to.After(from) {
		begin := to.Add(-1).Truncate(day)
		if begin.Before(from) {
			begin = from
		}
		for i := range meters {
			s.left = append(s.left, span{meters[len(meters)-1-i], begin, to})
		}
		to = begin
	}
	return s
}

// next takes a span, and waits where others may put some back. It reports false
// once all are read. Who took one calls finished.
func (s *spans) next() (span, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.left) == 0 && s.taken > 0 {
		s.change.Wait()
	}
	if len(s.left) == 0 {
		return span{}, false
	}
	last := len(s.left) - 1
	next := s.left[last]
	s.left = s.left[:last]
	s.taken++
	return next, true
}

func (s *spans) finished() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken--; s.taken == 0 {
		s.change.Broadcast()
	}
}

// putHalf puts the later half of a span back, and returns the other.
func (s *spans) putHalf(whole span) span {
	s.mu.Lock()
	defer s.mu.Unlock()
	middle := whole.from.Add((whole.length() / 2).Round(time.Microsecond)) // as the API tells time
	s.left = append(s.left, span{whole.meter, middle, whole.to})
	s.change.Signal()
	return span{whole.meter, whole.from, middle}
}

// end leaves what is not taken.
func (s *spans) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = nil
}

// apiMeters is what is known of each meter, so far. The zero value knows nothing.
type apiMeters struct {
	mu    sync.Mutex
	known map[string]apiMeter
}

type apiMeter struct {
	failed bool          // something of it cannot be read
	count  int           // samples that came,
	within time.Duration // within this time
}

// change changes what is known of a meter.
func (a *apiMeters) change(meter string, change func(*apiMeter)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = make(map[string]apiMeter)
	}
	m := a.known[meter]
	change(&m)
	a.known[meter] = m
}

// note learns from a span that was read. What was long ago counts less.
func (a *apiMeters) note(s span, count int) {
	a.change(s.meter, func(m *apiMeter) {
		m.count += count
		m.within += s.length()
		if m.within > day {
			m.count, m.within = m.count/2, m.within/2
		}
	})
}

// expected is how many samples a span may have, 0 where nothing is known.
func (a *apiMeters) expected(s span) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.known[s.meter]
	if m.within == 0 {
		return 0
	}
	return int(int64(m.count) * s.length().Milliseconds() / max(1, m.within.Milliseconds()))
}

// fail notes that something of a meter cannot be read, and reports whether it is
// the first time.
func (a *apiMeters) fail(meter string) (first bool) {
	a.change(meter, func(m *apiMeter) { first, m.failed = !m.failed, true })
	return first
}

func (a *apiMeters) hasFailed(meter string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known[meter].failed
}

func (a *apiMeters) anyFailed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.known {
		if m.failed {
			return true
		}
	}
	return false
}
