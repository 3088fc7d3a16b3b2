package usage

import (
	"fmt"
	"time"
)

// WindowLength is the length of a window: usage is kept per whole UTC hour.
const WindowLength = time.Hour

// A Span is the time from Start up to, and without, End. A window is a span of
// one UTC hour; a block is a span that one invoice covers.
type Span struct {
	Start, End time.Time
}

// WindowAt returns the window that t belongs to.
func WindowAt(t time.Time) Span {
	start := t.UTC().Truncate(WindowLength)
	return Span{Start: start, End: start.Add(WindowLength)}
}

// OnBorder reports whether t lies on a border between two windows.
func OnBorder(t time.Time) bool { return t.Equal(t.Truncate(WindowLength)) }

// Contains reports whether t lies within the span.
func (s Span) Contains(t time.Time) bool { return !t.Before(s.Start) && t.Before(s.End) }

// Covers reports whether all of other lies within the span.
func (s Span) Covers(other Span) bool {
	return !other.Start.Before(s.Start) && !other.End.After(s.End)
}

// Overlaps reports whether the two spans share any time.
func (s Span) Overlaps(other Span) bool {
	return s.Start.Before(other.End) && other.Start.Before(s.End)
}

// Duration is how long the span lasts.
func (s Span) Duration() time.Duration { return s.End.Sub(s.Start) }

// Next is the span of the same length that follows.
func (s Span) Next() Span { return Span{Start: s.End, End: s.End.Add(s.Duration())} }

// IsZero reports whether the span is the zero Span.
func (s Span) IsZero() bool { return s.Start.IsZero() && s.End.IsZero() }

func (s Span) String() string {
	return fmt.Sprintf("%s/%s", s.Start.Format(time.RFC3339Nano), s.End.Format(time.RFC3339Nano))
}
