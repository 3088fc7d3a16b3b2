package usagetest_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

// A sourceFault is what an author of a source gets wrong, with the check that
// must fall for it.
type sourceFault struct {
	name, check string
	spoil       func(*Source) usage.Source
}

// with is a fault of what the source itself does.
func with(spoil func(*Source)) func(*Source) usage.Source {
	return func(m *Source) usage.Source { spoil(m); return m }
}

// making is a fault in what is made of each sample.
func making(each func(q usage.Query, s *usage.Sample)) func(*Source) usage.Source {
	return with(func(m *Source) { m.each = each })
}

// taking is a fault in which samples are yielded.
func taking(takes func(q usage.Query, s *usage.Sample) bool) func(*Source) usage.Source {
	return with(func(m *Source) { m.takes = takes })
}

// telling is a fault in what is told to be reached.
func telling(through func(q usage.Query, at time.Time) time.Time) func(*Source) usage.Source {
	return with(func(m *Source) { m.through = through })
}

// given is a fault in what is made of the query.
func given(change func(*usage.Query)) func(*Source) usage.Source {
	return func(m *Source) usage.Source { return asking{m, change} }
}

// An asking source reads another query than it is asked.
type asking struct {
	*Source
	change func(*usage.Query)
}

func (a asking) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	a.change(&q)
	return a.Source.Samples(ctx, q)
}

// around is a fault in how the sequence is given.
func around(f func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error]) func(*Source) usage.Source {
	return with(func(m *Source) { m.around = f })
}

// remembering is a source that wants a text to be remembered.
func remembering(text func(usage.Query) string) func(*Source) usage.Source {
	return around(func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) {
			if q.Remember != nil {
				q.Remember(text(q))
			}
			sequence(yield)
		}
	})
}

var sourceFaults = []sourceFault{
	{"no sequence", "all is read", around(func(usage.Query, iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] { return nil })},
	{"the last sample is forgotten", "all is read", with(func(m *Source) { m.samples = m.samples[:len(m.samples)-1] })},
	{"volumes lose digits", "all is read", making(func(_ usage.Query, s *usage.Sample) { s.Volume = s.Volume.Truncate(9) })},
	{"a mistake where there is none", "all is read", with(func(m *Source) { m.damaged = true })},
	{"no keys of metadata are none", "all is read", making(func(q usage.Query, s *usage.Sample) {
		if q.Metadata == nil {
			s.Metadata = nil
		}
	})},
	{"a sample is read once in a life", "a second reading is the same", func(m *Source) usage.Source {
		var read atomic.Int64
		m.takes = func(q usage.Query, s *usage.Sample) bool {
			return asked(q, s) && (s.ID != m.samples[0].ID || read.Add(1) == 1)
		}
		return m
	}},
	{"times are of the machine's zone", "samples are well formed", making(func(_ usage.Query, s *usage.Sample) { s.Time = s.Time.In(time.FixedZone("NZST", 43200)) })},
	{"nobody knows where a sample is from", "samples are well formed", making(func(_ usage.Query, s *usage.Sample) { s.Origin = usage.Origin{} })},
	{"all samples are the first", "samples are well formed", making(func(_ usage.Query, s *usage.Sample) { s.Origin.Index = 1 })},
	{"a volume that is not there", "samples are well formed", making(func(_ usage.Query, s *usage.Sample) { s.HasVolume = false })},
	{"ids are of resources", "an id is one sample's", making(func(_ usage.Query, s *usage.Sample) { s.ID = s.Resource })},
	{"meters do not narrow", "meters narrow", given(func(q *usage.Query) { q.Meters = nil })},
	{"one meter is read", "meters narrow", given(func(q *usage.Query) { q.Meters = q.Meters[:min(1, len(q.Meters))] })},
	{"before is included", "before narrows", given(func(q *usage.Query) {
		if !q.Before.IsZero() {
			q.Before = q.Before.Add(time.Nanosecond)
		}
	})},
	{"before is what a clock on the wall shows", "before narrows", given(func(q *usage.Query) {
		b := q.Before
		q.Before = time.Date(b.Year(), b.Month(), b.Day(), b.Hour(), b.Minute(), b.Second(), b.Nanosecond(), time.UTC)
	})},
	{"before is cut to the second", "before narrows", given(func(q *usage.Query) { q.Before = q.Before.Truncate(time.Second) })},
	{"one key of metadata is read", "metadata that is asked for is there", making(func(q usage.Query, s *usage.Sample) {
		s.Metadata = maps.Clone(s.Metadata)
		maps.DeleteFunc(s.Metadata, func(key, _ string) bool { return q.Metadata != nil && (len(q.Metadata) == 0 || key != q.Metadata[0]) })
	})},
	{"one resource is read", "resources may narrow", given(func(q *usage.Query) { q.Resources = q.Resources[:min(1, len(q.Resources))] })},
	{"a part of a window is left out", "windows collected are left out whole", taking(func(q usage.Query, s *usage.Sample) bool {
		return asked(q, s) || askedIn(q, s, s.Time.Minute() < 10)
	})},
	{"the window of the mark is left out", "windows collected are left out whole", taking(func(q usage.Query, s *usage.Sample) bool {
		return askedIn(q, s, q.Collected[""].IsZero() || s.Time.After(q.Collected[""]))
	})},
	{"the source's mark is everybody's", "marks of tenants are their own", taking(func(q usage.Query, s *usage.Sample) bool {
		return askedIn(q, s, !s.Time.Before(q.Collected[""]))
	})},
	{"a mark of zero is a mark", "marks of zero leave nothing out", taking(func(q usage.Query, s *usage.Sample) bool {
		return asked(q, s) && (len(q.Collected) == 0 || !q.Collected[""].IsZero())
	})},
	{"what is left out is not told", "what is left out is told", given(func(q *usage.Query) { q.LeftOut = nil })},
	{"what is left out is told without a reason", "what is left out is told", given(func(q *usage.Query) {
		if told := q.LeftOut; told != nil {
			q.LeftOut = func(s usage.Sample, _ string) { told(s, "") }
		}
	})},
	{"everybody is told", "who does not ask is not told", around(func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) { q.LeftOut(stranger(), "strange"); sequence(yield) }
	})},
	{"what is remembered is another text each time", "what is remembered reads the same", remembering(func(q usage.Query) string { return q.Remembered + "." })},
	{"what is remembered is read otherwise", "what is remembered reads the same", func(m *Source) usage.Source {
		m.takes = func(q usage.Query, s *usage.Sample) bool {
			return asked(q, s) && (q.Remembered == "" || s.ID != m.samples[0].ID)
		}
		return remembering(func(usage.Query) string { return "finely" })(m)
	}},
	{"what is bookmarked hides what is new", "bookmarks read on", taking(func(q usage.Query, s *usage.Sample) bool {
		return asked(q, s) && (q.Bookmarks[s.Tenant] == "" || s.Time.After(q.Collected[s.Tenant]))
	})},
	{"a bookmark counts more than a mark of zero", "bookmarks read on", taking(func(q usage.Query, s *usage.Sample) bool {
		return asked(q, s) && (q.Bookmarks[s.Tenant] == "" || !q.Collected[s.Tenant].IsZero())
	})},
	{"a bookmark parts a window", "bookmarks read on", taking(func(q usage.Query, s *usage.Sample) bool {
		return asked(q, s) || q.Bookmarks[s.Tenant] != "" && askedIn(q, s, s.Time.Minute() < 10)
	})},
	{"bookmarks come with the samples", "all is read", making(func(q usage.Query, _ *usage.Sample) {
		if q.Bookmark != nil {
			q.Bookmark(firstTenant, "read")
		}
	})},
	{"a bookmark of nobody", "all is read", with(func(m *Source) {
		m.bookmark = func(q usage.Query) {
			if q.Bookmark != nil {
				q.Bookmark("", "read")
			}
		}
	})},
	{"everybody is bookmarked", "who does not ask is not told", with(func(m *Source) { m.bookmark = func(q usage.Query) { q.Bookmark(firstTenant, "read") } })},
	{"bookmarks are added to", "the query stays as it was", given(func(q *usage.Query) {
		if len(q.Bookmarks) > 0 {
			q.Bookmarks["all"] = "read"
		}
	})},
	{"it is idle before it is read", "all is read", around(func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) {
			if q.Idle != nil {
				q.Idle(usage.WindowAt(time.Now()).Start)
			}
			sequence(yield)
		}
	})},
	{"it is idle tomorrow", "all is read", around(func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) {
			sequence(yield)
			if q.Idle != nil {
				q.Idle(usage.WindowAt(time.Now().AddDate(0, 0, 1)).Start)
			}
		}
	})},
	{"it wants to be remembered once all is read", "all is read", around(func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) {
			sequence(yield)
			if q.Remember != nil {
				q.Remember("finely")
			}
		}
	})},
	{"progress begins anew", "progress only grows", given(func(q *usage.Query) {
		if told := q.Progress; told != nil {
			q.Progress = func(done, total int64) { told(done%10, total) }
		}
	})},
	{"more was read than there is", "progress only grows", given(func(q *usage.Query) {
		if told := q.Progress; told != nil {
			q.Progress = func(done, total int64) { told(done+1, total) }
		}
	})},
	{"progress is told while a sample is yielded", "progress only grows", around(func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) {
			sequence(func(s usage.Sample, err error) bool {
				if q.Progress == nil {
					return yield(s, err)
				}
				told := make(chan bool)
				go func() { q.Progress(0, 0); close(told) }()
				more := yield(s, err)
				<-told
				return more
			})
		}
	})},
	{"reached between borders", "what was reached is complete", telling(func(q usage.Query, at time.Time) time.Time { return at.Add(time.Minute) })},
	{"reached twice", "what was reached is complete", telling(func(_ usage.Query, at time.Time) time.Time { return at.Truncate(24 * time.Hour) })},
	{"reached before it was", "what was reached is complete", telling(func(q usage.Query, at time.Time) time.Time { return afterMarks(q, at.Add(time.Hour)) })},
	{"marks do not matter to what is reached", "reached with marks", telling(func(_ usage.Query, at time.Time) time.Time { return at })},
	{"some mark matters to what is reached", "reached with marks", telling(func(q usage.Query, at time.Time) time.Time {
		return afterMarks(usage.Query{Collected: map[string]time.Time{"": q.Collected[firstTenant]}}, at)
	})},
	{"the loop is not left", "a reading may be left", around(func(_ usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) {
			sequence(func(s usage.Sample, err error) bool { yield(s, err); return true })
		}
	})},
	{"progress is told after the loop was left", "a reading may be left", around(func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) { sequence(yield); q.Progress(1000, 1000) }
	})},
	{"a context that ended is of no matter", "a context that has ended reads nothing", with(func(m *Source) {
		m.ended = func(func(usage.Sample, error) bool, error) bool { return true }
	})},
	{"a deadline is a cancellation", "a context that has ended reads nothing", with(func(m *Source) {
		m.ended = func(yield func(usage.Sample, error) bool, _ error) bool {
			yield(usage.Sample{}, context.Canceled)
			return false
		}
	})},
	{"a context's end is told without its error", "a context that ends stops the reading", with(func(m *Source) {
		m.ended = func(yield func(usage.Sample, error) bool, err error) bool {
			yield(usage.Sample{}, errors.New(err.Error()))
			return false
		}
	})},
	{"a context's end is not told", "a context that ends stops the reading", with(func(m *Source) {
		m.ended = func(func(usage.Sample, error) bool, error) bool { return false }
	})},
	{"it goes on after the context's error", "a context that ends stops the reading", with(func(m *Source) {
		m.ended = func(yield func(usage.Sample, error) bool, err error) bool { return yield(usage.Sample{}, err) }
	})},
	{"a context's end is a tenant's error", "a context that ends stops the reading", with(func(m *Source) {
		m.ended = func(yield func(usage.Sample, error) bool, err error) bool {
			yield(usage.Sample{}, &usage.TenantError{Tenant: "1", Err: err})
			return false
		}
	})},
	{"who was reading waits for ever", "no goroutine stays", around(func(_ usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return func(yield func(usage.Sample, error) bool) {
			wait := make(chan bool)
			whole := true
			sequence(func(s usage.Sample, err error) bool { whole = whole && yield(s, err); return whole })
			if !whole {
				go func() { <-wait }()
			}
		}
	})},
	{"readings share what is asked", "readings side by side", func(m *Source) usage.Source {
		var mu sync.Mutex
		var last usage.Query
		m.takes = func(q usage.Query, s *usage.Sample) bool {
			mu.Lock()
			defer mu.Unlock()
			if s.ID == m.samples[0].ID {
				last = q
			}
			return asked(last, s)
		}
		return m
	}},
	{"all samples have one map", "what was yielded stays as it was", func(m *Source) usage.Source {
		var mu sync.Mutex
		shared := map[string]string{}
		m.each = func(_ usage.Query, s *usage.Sample) {
			mu.Lock()
			defer mu.Unlock()
			clear(shared)
			maps.Copy(shared, s.Metadata)
			s.Metadata = shared
		}
		return m
	}},
	{"meters are sorted in place", "the query stays as it was", given(func(q *usage.Query) { slices.Sort(q.Meters) })},
	{"marks are added to", "the query stays as it was", given(func(q *usage.Query) {
		if len(q.Collected) > 0 {
			q.Collected["all"] = q.Collected[""]
		}
	})},
	{"a mistake ends the reading", "a mistake is told and the rest is read", with(func(m *Source) {
		m.mistake = func(yield func(usage.Sample, error) bool, err error) bool { yield(usage.Sample{}, err); return false }
	})},
	{"a mistake is passed over", "a mistake is told and the rest is read", with(func(m *Source) {
		m.mistake = func(func(usage.Sample, error) bool, error) bool { return true }
	})},
	{"a mistake is not listened to", "a mistake is told and the rest is read", with(func(m *Source) {
		m.mistake = func(yield func(usage.Sample, error) bool, err error) bool { yield(usage.Sample{}, err); return true }
	})},
	{"a tenant is passed over", "a tenant that cannot be read is told", with(func(m *Source) {
		m.mistake = func(func(usage.Sample, error) bool, error) bool { return true }
	})},
	{"a tenant's error concerns all", "a tenant that cannot be read is told", with(func(m *Source) {
		m.mistake = func(yield func(usage.Sample, error) bool, err error) bool {
			return yield(usage.Sample{}, errors.New(err.Error()))
		}
	})},
	{"another tenant is told", "a tenant that cannot be read is told", with(func(m *Source) {
		m.mistake = func(yield func(usage.Sample, error) bool, err error) bool {
			return yield(usage.Sample{}, &usage.TenantError{Tenant: "other", Err: err})
		}
	})},
	{"a tenant's error comes after it was passed", "a tenant that cannot be read is told", func(m *Source) usage.Source {
		var late error
		m.mistake = func(_ func(usage.Sample, error) bool, err error) bool { late = err; return true }
		m.around = func(_ usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
			return func(yield func(usage.Sample, error) bool) { sequence(yield); yield(usage.Sample{}, late) }
		}
		return m
	}},
	{"a tenant twice", "tenants are listed", func(m *Source) usage.Source {
		return listing{m, []usage.Tenant{{ID: "1", Name: "one"}, {ID: "1", Name: "one"}}}
	}},
	{"a tenant without its name", "tenants are listed", func(m *Source) usage.Source { return listing{m, []usage.Tenant{{ID: "1"}}} }},
	{"names of what is not", "names are known", func(m *Source) usage.Source { return naming{m} }},
	{"a check without a name", "health is told without a change", func(m *Source) usage.Source { return sick{m} }},
	{"nowhere", "what is read has one identity", func(m *Source) usage.Source { return &placed{Source: m, places: []string{"", ""}} }},
	{"elsewhere when asked again", "what is read has one identity", func(m *Source) usage.Source { return &placed{Source: m, places: []string{"here", "there"}} }},
	{"receiving is over at once", "receiving ends with its context", func(m *Source) usage.Source { return deaf{Source: m} }},
	{"receiving fails as it is stopped", "receiving ends with its context", func(m *Source) usage.Source {
		return deaf{m, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	}},
	{"closed once only", "closed", func(m *Source) usage.Source { return &closing{Source: m} }},
}

type listing struct {
	*Source
	tenants []usage.Tenant
}

func (l listing) Tenants(context.Context) iter.Seq2[usage.Tenant, error] {
	return sequenceOf(l.tenants...)
}

type naming struct{ *Source }

func (naming) Names(context.Context, usage.NameKind) iter.Seq2[usage.Name, error] {
	return sequenceOf(usage.Name{ID: "84", Name: "m1.small"})
}

type sick struct{ *Source }

func (sick) CheckHealth(context.Context) iter.Seq2[string, error] { return sequenceOf("") }

// A placed source tells one place after the other.
type placed struct {
	*Source
	places []string
}

func (p *placed) Identity(context.Context) (usage.Identity, error) {
	place := p.places[0]
	p.places = p.places[1:]
	return usage.Identity{Place: place}, nil
}

// A deaf source does not receive.
type deaf struct {
	*Source
	receive func(context.Context) error
}

func (d deaf) Receive(ctx context.Context, _ string, tell func(slog.Level, string)) error {
	if d.receive == nil {
		return nil
	}
	tell(slog.LevelInfo, "listening")
	return d.receive(ctx)
}

type closing struct {
	*Source
	closed bool
}

func (c *closing) Close() error {
	if c.closed {
		return errors.New("closed already")
	}
	c.closed = true
	return nil
}

// TestSourceFaults: each fault makes the check fall that is about it.
func TestSourceFaults(t *testing.T) {
	for _, f := range sourceFaults {
		t.Run(f.name, func(t *testing.T) {
			failed, _ := usagetest.SourceFailures(t, setup(f.spoil), f.check)
			if failed[f.check] == "" {
				t.Errorf("the check %q holds", f.check)
			}
		})
	}
}

// A check that cannot be made is skipped, never passed in silence.
func TestSourceChecksThatCannotBeMade(t *testing.T) {
	m := memory()
	m.stranger = usage.Sample{}
	m.samples = m.samples[:1]
	m.samples[0].Metadata = nil
	m.through = func(usage.Query, time.Time) time.Time { return time.Time{} }
	m.bookmark = func(usage.Query) {}
	bare := struct{ usage.Source }{asking{m, func(q *usage.Query) { q.Progress = nil }}}
	failed, skipped := usagetest.SourceFailures(t, usagetest.SourceSetup{
		New: func(testing.TB) usage.Source { return bare }, Samples: m.samples, NamesMeters: true,
	}, "")
	want := []string{
		"meters narrow", "metadata that is asked for is there", "resources may narrow", "marks of tenants are their own", "what is left out is told",
		"progress only grows", "what is remembered reads the same", "bookmarks read on", "what was reached is complete", "reached with marks", "a context that ends stops the reading",
		"a mistake is told and the rest is read", "a tenant that cannot be read is told", "tenants are listed", "names are known",
		"health is told without a change", "what is read has one identity", "receiving ends with its context", "closed",
	}
	if len(failed) > 0 || !slices.Equal(skipped, want) {
		t.Errorf("failed %v, skipped\n%q, want\n%q", failed, skipped, want)
	}
}
