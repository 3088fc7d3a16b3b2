package usagetest_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

// A Source has its samples in memory. It keeps every promise, and has every
// ability. A test that wants it faulty sets what it does instead.
type Source struct {
	samples  []usage.Sample
	stranger usage.Sample // not trusted
	damaged  bool         // the third cannot be right
	unread   string       // the tenant whose samples cannot be read

	takes    func(q usage.Query, s *usage.Sample) bool                         // whether a sample is yielded
	each     func(q usage.Query, s *usage.Sample)                              // what is made of it
	through  func(q usage.Query, at time.Time) time.Time                       // what is told of a border that was reached
	mistake  func(yield func(usage.Sample, error) bool, err error) (goOn bool) // what becomes of a mistake
	ended    func(yield func(usage.Sample, error) bool, err error) (goOn bool) // what becomes of a context's end
	bookmark func(q usage.Query)                                               // is called before a border is told, and at the end
	around   func(usage.Query, iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error]
}

var (
	_ usage.TenantLister  = (*Source)(nil)
	_ usage.Names         = (*Source)(nil)
	_ usage.HealthChecker = (*Source)(nil)
	_ usage.Identifier    = (*Source)(nil)
	_ usage.Receiver      = (*Source)(nil)
)

// Samples reads hour by hour, so that it can tell what was reached.
func (m *Source) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	listened := q
	if q.Progress == nil {
		q.Progress = func(int64, int64) {}
	}
	if q.Reached == nil {
		q.Reached = func(time.Time) {}
	}
	sequence := func(yield func(usage.Sample, error) bool) {
		if q.LeftOut != nil && m.stranger.ID != "" {
			q.LeftOut(m.stranger, "nobody knows who sent it")
		}
		mistakes := []error{}
		if m.unread != "" {
			mistakes = append(mistakes, &usage.TenantError{Tenant: m.unread, Err: errors.New("it has left")})
		}
		if m.damaged {
			mistakes = append(mistakes, errors.New("memory: sample 3: no resource; correct the sample"))
		}
		for _, err := range mistakes {
			if !m.mistake(yield, err) {
				return
			}
		}
		m.read(ctx, q, yield)
	}
	return m.around(listened, sequence)
}

func (m *Source) read(ctx context.Context, q usage.Query, yield func(usage.Sample, error) bool) {
	var window time.Time
	for i, s := range m.samples {
		if err := ctx.Err(); err != nil && !m.ended(yield, err) {
			return
		}
		if start := usage.WindowAt(s.Time).Start; start.After(window) {
			m.tell(q, start)
			window = start
		}
		if s.Tenant != m.unread && m.takes(q, &s) {
			if m.each(q, &s); !yield(s, nil) {
				return
			}
		}
		q.Progress(int64(i+1), int64(len(m.samples)))
	}
	m.tell(q, window.Add(usage.WindowLength))
	m.bookmark(q)
}

func (m *Source) tell(q usage.Query, at time.Time) {
	if at = m.through(q, at); !at.IsZero() {
		m.bookmark(q)
		q.Reached(at)
	}
}

// bookmarkAll says of each tenant that it was read.
func bookmarkAll(q usage.Query) {
	if q.Bookmark != nil {
		q.Bookmark(firstTenant, "read")
		q.Bookmark(secondTenant, "read")
	}
}

// afterMarks is at, or never where a mark is not before it.
func afterMarks(q usage.Query, at time.Time) time.Time {
	for _, mark := range q.Collected {
		if !at.After(mark) {
			return time.Time{}
		}
	}
	return at
}

// asked reports whether a query asks for a sample, and it was not collected.
func asked(q usage.Query, s *usage.Sample) bool {
	mark, ok := q.Collected[s.Tenant]
	if !ok {
		mark = q.Collected[""]
	}
	return askedIn(q, s, !s.Time.Before(mark))
}

// askedIn is asked where something else says what was not collected.
func askedIn(q usage.Query, s *usage.Sample, uncollected bool) bool {
	return uncollected && (len(q.Meters) == 0 || slices.Contains(q.Meters, s.Meter)) && (q.Before.IsZero() || s.Time.Before(q.Before)) &&
		(len(q.Resources) == 0 || slices.Contains(q.Resources, s.Resource))
}

// memory returns a source without faults, in the order of time.
func memory() *Source {
	m := &Source{samples: numbered(usagetest.Samples()), stranger: stranger(), takes: asked, through: afterMarks, bookmark: bookmarkAll}
	slices.SortStableFunc(m.samples, func(a, b usage.Sample) int { return a.Time.Compare(b.Time) })
	m.each = func(usage.Query, *usage.Sample) {}
	m.mistake = func(yield func(usage.Sample, error) bool, err error) bool { return yield(usage.Sample{}, err) }
	m.ended = func(yield func(usage.Sample, error) bool, err error) bool { yield(usage.Sample{}, err); return false }
	m.around = func(q usage.Query, sequence iter.Seq2[usage.Sample, error]) iter.Seq2[usage.Sample, error] {
		return sequence
	}
	return m
}

func (m *Source) Tenants(context.Context) iter.Seq2[usage.Tenant, error] {
	return sequenceOf(usage.Tenant{ID: "1", Name: "one"}, usage.Tenant{ID: "2"})
}

func (m *Source) Names(_ context.Context, of usage.NameKind) iter.Seq2[usage.Name, error] {
	if of == usage.FlavorNames {
		return sequenceOf(usage.Name{ID: "84", Name: "m1.small"})
	}
	return sequenceOf[usage.Name]()
}

func (m *Source) CheckHealth(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		_ = yield("memory", nil) && yield("durability", &usage.Warning{Err: errors.New("all is lost at the end")})
	}
}

func (m *Source) Receive(ctx context.Context, _ string, tell func(slog.Level, string)) error {
	tell(slog.LevelInfo, "listening")
	<-ctx.Done()
	return nil
}

func (m *Source) Identity(context.Context) (usage.Identity, error) {
	return usage.Identity{Place: "memory"}, nil
}

func (m *Source) Close() error { return nil }

func sequenceOf[T any](all ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// numbered are samples as they come from a place.
func numbered(samples []usage.Sample) []usage.Sample {
	for i := range samples {
		samples[i].Origin = usage.Origin{Name: "memory", Index: i + 1}
	}
	return samples
}

// stranger is a sample that is there, and left out.
func stranger() usage.Sample {
	s := usagetest.Samples()[0]
	s.ID, s.Resource = "strange", "strange"
	return s
}

const (
	firstTenant  = "00000000000000000000000000000001"
	secondTenant = "00000000000000000000000000000002"
)

// setup is that of a source that a test may make faulty.
func setup(spoil func(*Source) usage.Source) usagetest.SourceSetup {
	open := func(change func(*Source)) usage.Source {
		m := memory()
		change(m)
		return spoil(m)
	}
	return usagetest.SourceSetup{
		New:     func(testing.TB) usage.Source { return open(func(*Source) {}) },
		Samples: usagetest.Samples(),
		LeftOut: []usage.Sample{stranger()},
		Damaged: func(testing.TB) usage.Source { return open(func(m *Source) { m.damaged = true }) },
		Unread: func(testing.TB) (usage.Source, string) {
			return open(func(m *Source) { m.unread = secondTenant }), secondTenant
		},
		Tenants: []usage.Tenant{{ID: "1", Name: "one"}},
		Names:   map[usage.NameKind][]usage.Name{usage.FlavorNames: {{ID: "84", Name: "m1.small"}}},
	}
}

func TestSource(t *testing.T) {
	usagetest.RunSource(t, setup(func(m *Source) usage.Source { return m }))
}
