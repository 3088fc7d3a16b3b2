package billing_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func running(tenant, resource, at, state string) usage.Sample {
	s := volume(tenant, resource, at, "1")
	s.Meter, s.Unit, s.Metadata = "instance", "instance", map[string]string{"state": state, "flavor.name": "m1"}
	return s
}

func gapLines(gaps iter.Seq2[ledger.Gap, error]) (lines []string, failed error) {
	for g, err := range gaps {
		failed = errors.Join(failed, err)
		to := "now"
		if !g.To.IsZero() {
			to = g.To.Format("15:04")
		}
		lines = append(lines, fmt.Sprintf("%s %s %s-%s", g.Tenant, g.Resource, g.From.Format("15:04"), to))
	}
	return lines, failed
}

// Silence beyond the hold is told when it is found, and when it ends, and is
// billed to nobody.
func TestGaps(t *testing.T) {
	source := &samples{all: []usage.Sample{
		running("a", "i1", "2013-08-05T03:10:00Z", "active"),
		running("a", "i1", "2013-08-05T06:30:00Z", "active"),
		running("a", "i2", "2013-08-05T03:10:00Z", "active"),
		running("b", "i3", "2013-08-05T03:10:00Z", "deleted"),
		running("b", "i4", "2013-08-05T03:00:00Z", "active"),
		running("b", "i5", "2013-08-05T03:10:00Z", "active"), running("b", "i5", "2013-08-05T04:10:00Z", "shutoff"),
	}}
	e := newEngine(source, nil)
	e.Workers = 3 // what is told is told in the order of the series all the same
	c := collect(t, e, time.Date(2013, 8, 5, 7, 0, 0, 0, time.UTC))[0]
	told := func(c billing.Collected) []string {
		t.Helper()
		lines, err := gapLines(func(yield func(ledger.Gap, error) bool) {
			for _, g := range c.Gaps {
				if !yield(g, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	kept := func() []string {
		t.Helper()
		lines, err := gapLines(e.Store.Gaps(t.Context(), ledger.EntryFilter{}))
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	// 3:10 + 1 h; the sample at 3:00 holds up to 4:00, where a window begins.
	want := []string{"a i1 04:10-06:30", "a i2 04:10-now", "b i4 04:00-now"}
	if diff := cmp.Diff(want, told(c)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, kept()); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if c := collect(t, e, time.Date(2013, 8, 5, 7, 0, 0, 0, time.UTC))[0]; c.Changed != 0 || len(c.Gaps) != 0 {
		t.Errorf("again: %+v", c)
	}
	// One ends, a late sample fills another.
	source.all = append(source.all, running("a", "i2", "2013-08-05T08:10:00Z", "active"),
		running("a", "i1", "2013-08-05T04:10:00Z", "active"), running("a", "i1", "2013-08-05T05:10:00Z", "active"))
	c = collect(t, e, time.Date(2013, 8, 5, 9, 0, 0, 0, time.UTC))[0]
	if diff := cmp.Diff([]string{"a i1 06:10-06:30", "a i1 07:30-now", "a i2 04:10-08:10"}, told(c)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a i1 06:10-06:30", "a i1 07:30-now", "a i2 04:10-08:10", "b i4 04:00-now"}, kept()); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// A gap that is known is not told again where its window is computed again.
func TestGapsAreToldOnce(t *testing.T) {
	e := newEngine(&samples{all: []usage.Sample{running("a", "i1", "2013-08-05T03:10:00Z", "active")}}, nil)
	for i, want := range []int{1, 0} {
		e.Meters[0].Rule = fmt.Sprint("hold = 1h ", strings.Repeat(" ", i))
		if c := collect(t, e, time.Date(2013, 8, 5, 7, 0, 0, 0, time.UTC))[0]; len(c.Gaps) != want || c.Changed != 2 {
			t.Errorf("%+v", c)
		}
	}
}

// Of many gaps some are told, and how many there are.
func TestManyGaps(t *testing.T) {
	source := &samples{}
	for i := range 14 {
		source.all = append(source.all, running("a", fmt.Sprintf("i%02d", i), "2013-08-05T03:10:00Z", "active"))
	}
	c := collect(t, newEngine(source, nil), time.Date(2013, 8, 5, 7, 0, 0, 0, time.UTC))[0]
	if len(c.Gaps) != 10 || c.MoreGaps != 4 {
		t.Errorf("%d gaps, and %d more", len(c.Gaps), c.MoreGaps)
	}
}

// knowing is a source that knows the names of flavors.
type knowing struct {
	samples
	names map[string]string
	err   error
	asked []usage.NameKind
}

func (k *knowing) Names(_ context.Context, of usage.NameKind) iter.Seq2[usage.Name, error] {
	k.asked = append(k.asked, of)
	return func(yield func(usage.Name, error) bool) {
		if k.err != nil && !yield(usage.Name{}, k.err) {
			return
		}
		for id, name := range k.names {
			if !yield(usage.Name{ID: id, Name: name}, nil) {
				return
			}
		}
	}
}

// A source's names are for ids that the config has none for. Where they change,
// so does what is not billed.
func TestNamesOfASource(t *testing.T) {
	at := func(resource, flavor string) usage.Sample {
		s := running("a", resource, "2013-08-05T03:00:00Z", "active")
		s.Metadata = map[string]string{"flavor.name": flavor}
		return s
	}
	source := &knowing{samples: samples{all: []usage.Sample{at("i1", "1"), at("i2", "2"), at("i3", "3")}}, names: map[string]string{"1": "one", "2": "two"}}
	e := newEngine(source, nil)
	e.Meters[0].Transformer = usage.Uptime{Names: map[string]string{"2": "deux"}}
	services := func() string {
		t.Helper()
		var all []string
		for entry, err := range e.Store.Entries(t.Context(), ledger.EntryFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, entry.Resource+" "+entry.Service)
		}
		return strings.Join(all, ", ")
	}
	collect(t, e, time.Date(2013, 8, 5, 4, 0, 0, 0, time.UTC))
	if got, want := services(), "i3 3, i2 deux, i1 one"; got != want {
		t.Errorf("services %s, want %s", got, want)
	}
	if diff := cmp.Diff([]usage.NameKind{usage.FlavorNames}, source.asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	source.names["3"] = "three"
	collect(t, e, time.Date(2013, 8, 5, 4, 0, 0, 0, time.UTC))
	if got, want := services(), "i2 deux, i1 one, i3 three"; got != want {
		t.Errorf("services %s, want %s", got, want)
	}
	source.err = errors.New("no answer")
	if _, err := e.Collect(t.Context(), time.Time{}); err == nil || !strings.Contains(err.Error(), "names of each flavor: no answer\nnothing of this source was collected") {
		t.Errorf("error %v", err)
	}
}
