package billing_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// What comes for a block that was billed and pruned is told by name; all else
// goes on.
func TestLateSamplesOfAPrunedBlock(t *testing.T) {
	counter := func(at string, n int64) usage.Sample {
		s := volume("a", "c1", at, "0")
		s.Meter, s.Kind, s.Unit, s.Volume = "network.incoming.bytes", usage.Cumulative, "B", decimal.NewFromInt(n)
		return s
	}
	july := []usage.Sample{
		volume("a", "v1", "2013-07-05T03:10:00Z", "2"), volume("a", "v1", "2013-07-05T05:10:00Z", "2"),
		counter("2013-07-05T03:10:00Z", 10), counter("2013-07-05T05:10:00Z", 30),
	}
	source := &samples{all: slices.Concat(july, []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), counter("2013-08-05T03:10:00Z", 100)})}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1", "network.incoming.bytes": "1"}))
	collect(t, e, august.End)
	if _, err := e.Bill(t.Context(), usage.Span{Start: august.Start.AddDate(0, -1, 0), End: august.Start}, nil); err != nil {
		t.Fatal(err)
	}
	if p, err := e.Store.(ledger.Pruner).Prune(t.Context(), august.Start); err != nil || p.Orders != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	before := entries(t, e)
	source.all = append(source.all,
		volume("a", "v1", "2013-07-05T03:20:00Z", "9"), // in a window that was pruned
		volume("a", "v1", "2013-07-05T04:20:00Z", "9"), // in none, between two that were
		counter("2013-07-05T05:20:00Z", 60),            // reaches beyond the block
		volume("a", "v2", "2013-08-05T03:20:00Z", "1"), // in time
	)
	c := collect(t, e, august.End)[0]
	var pruned []string
	for _, l := range c.Pruned {
		pruned = append(pruned, fmt.Sprint(l.Tenant, " ", l.Meter, " ", l.Resource, " ", l.Window.Start.Hour(), " ", l.Windows, " ", l.Samples))
	}
	want := []string{"a network.incoming.bytes c1 5 1 1", "a volume.size v1 3 2 2"}
	if diff := cmp.Diff(want, pruned); diff != "" {
		t.Errorf("pruned (-want +got):\n%s", diff)
	}
	if len(c.Late)+len(c.Gone) != 0 || c.Changed != 1 {
		t.Errorf("%+v", c)
	}
	wantEntries := append(slices.Clone(before), "a nz-1 v2 volume.size 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 1 GB hour 1")
	if diff := cmp.Diff(wantEntries, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if got := results(bill(t, e))["a"]; got != billing.Billed {
		t.Errorf("august: %s", got)
	}
}

// Digests of earlier releases say how many samples were counted: what is billed
// is left as it is, and what came late is found.
func TestDigestsOfEarlierReleases(t *testing.T) {
	all := []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T03:20:00Z", "3"), volume("a", "v1", "2013-08-05T04:10:00Z", "2")}
	all[1].ID = ""
	source := &samples{all: slices.Clone(all)}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, august.End)
	bill(t, e)
	series := ledger.Series{Source: "object", Meter: "volume.size", Resource: "v1"}
	folds, err := e.Store.Folds(t.Context(), series, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range folds {
		rule, _, _ := strings.Cut(folds[i].Digest, ":")
		folds[i].Digest = rule + ":.r2FjMnJmWgM"
	}
	if err := e.Store.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: series, Folds: folds}}}); err != nil {
		t.Fatal(err)
	}
	if c := collect(t, e, august.End)[0]; c.Changed != 0 || len(c.Gone) != 0 {
		t.Errorf("the same samples: %+v", c)
	}
	source.all = all[:1] // rotated away
	if c := collect(t, e, august.End)[0]; c.Changed != 0 || len(c.Gone) != 0 {
		t.Errorf("rotated away: %+v", c)
	}
	source.all = append(slices.Clone(all), volume("a", "v1", "2013-08-05T03:30:00Z", "7"))
	if c := collect(t, e, august.End)[0]; c.Changed != 1 || len(c.Late) != 1 {
		t.Errorf("late: %+v", c)
	}
}

// Where a run failed after it had written some series, the next one goes on
// with these, even if it is to collect less.
func TestCollectedBeyondTheMark(t *testing.T) {
	bad := volume("a", "v1", "2013-08-05T03:10:00Z", "1")
	bad.Kind = usage.Delta
	source := &samples{all: []usage.Sample{counted("03:10", 10), counted("04:10", 30), counted("05:10", 60), bad}}
	e := newEngine(source, nil)
	if _, err := e.Collect(t.Context(), august.End); err == nil {
		t.Fatal("a delta was taken for a gauge")
	}
	source.all = append(source.all[:3], counted("04:20", 40))
	collect(t, e, time.Date(2013, 8, 5, 5, 0, 0, 0, time.UTC))
	want := []string{
		"a nz-1 c1 network.incoming.bytes 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 0 B 1",
		"a nz-1 c1 network.incoming.bytes 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 30 B 2", // 40 - 10
		"a nz-1 c1 network.incoming.bytes 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 20 B 1", // 60 - 40
	}
	if diff := cmp.Diff(want, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// counted is a reading of a counter.
func counted(at string, n int64) usage.Sample {
	s := volume("a", "c1", "2013-08-05T"+at+":00Z", "0")
	s.Meter, s.Kind, s.Unit, s.Volume = "network.incoming.bytes", usage.Cumulative, "B", decimal.NewFromInt(n)
	return s
}

// After a window that is left alone, folding goes on from what that left.
func TestFoldingAroundWhatIsLeftAlone(t *testing.T) {
	source := &samples{all: []usage.Sample{counted("03:10", 10), counted("03:50", 20), counted("04:10", 30), counted("05:10", 40)}}
	e := newEngine(source, nil)
	collect(t, e, august.End)
	source.all = append(source.all, counted("03:30", 15), counted("05:05", 35))
	if c := collect(t, e, august.End)[0]; c.Changed != 2 {
		t.Errorf("%+v", c)
	}
	want := []string{
		"a nz-1 c1 network.incoming.bytes 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 10 B 3",
		"a nz-1 c1 network.incoming.bytes 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 10 B 1",
		"a nz-1 c1 network.incoming.bytes 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 10 B 2", // 35 - 30, and 40 - 35
	}
	if diff := cmp.Diff(want, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// What came late but changes nothing that was billed is not told.
func TestLateSamplesThatChangeNothing(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "5")}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, august.End)
	bill(t, e)
	source.all = append(source.all, volume("a", "v1", "2013-08-05T03:20:00Z", "4"))
	if c := collect(t, e, august.End)[0]; len(c.Late) != 0 || c.Changed != 1 {
		t.Errorf("%+v", c)
	}
	if got := adjustments(t, e); len(got) != 0 {
		t.Errorf("adjustments %q", got)
	}
}

// Everybody to whom a resource belonged is collected.
func TestMarksOfAResourceThatChangesHands(t *testing.T) {
	e := newEngine(&samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "5"), volume("b", "v1", "2013-08-05T03:20:00Z", "5"), volume("c", "v1", "2013-08-05T04:20:00Z", "5")}}, nil)
	if c := collect(t, e, august.End)[0]; !slices.Equal(c.Tenants, []string{"a", "b", "c"}) {
		t.Errorf("tenants %q", c.Tenants)
	}
}

// A tenant that is held back from before its mark on keeps the mark.
func TestHeldBeforeItsMark(t *testing.T) {
	source := &samples{all: []usage.Sample{counted("03:10", 10)}}
	e := newEngine(source, nil)
	end := time.Date(2013, 8, 5, 4, 0, 0, 0, time.UTC)
	collect(t, e, end)
	source.all = []usage.Sample{counted("01:10", 5)} // and the one of 3:10 is gone
	if c := collect(t, e, august.End)[0]; len(c.Gone) != 1 || c.Gone[0].Late.Start.Hour() != 1 {
		t.Errorf("%+v", c)
	}
	marks, err := e.Store.Marks(t.Context())
	if err != nil || len(marks) != 2 || marks[1].Tenant != "a" || !marks[1].Through.Equal(end) {
		t.Errorf("marks %+v, %v", marks, err)
	}
}

func TestMarks(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("b", "v2", "2013-08-06T03:10:00Z", "2")}}
	e := newEngine(source, nil)
	marks := func() []string {
		t.Helper()
		all, err := e.Store.Marks(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, m := range all {
			lines = append(lines, fmt.Sprintf("%s %s: %s", m.Tenant, m.Source, usage.Span{Start: m.From, End: m.Through}))
		}
		return lines
	}
	collect(t, e, time.Date(2013, 8, 6, 0, 0, 0, 0, time.UTC))
	want := []string{" object: 2013-08-05T03:00:00Z/2013-08-06T00:00:00Z", "a object: 2013-08-05T03:00:00Z/2013-08-06T00:00:00Z"}
	if diff := cmp.Diff(want, marks()); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
	// Files are rotated away, and older ones are found.
	source.all = []usage.Sample{volume("b", "v2", "2013-08-06T03:10:00Z", "2"), volume("b", "v2", "2013-08-02T03:10:00Z", "2")}
	collect(t, e, time.Date(2013, 8, 7, 0, 0, 0, 0, time.UTC))
	want = []string{" object: 2013-08-02T03:00:00Z/2013-08-07T00:00:00Z", "a object: 2013-08-02T03:00:00Z/2013-08-07T00:00:00Z", "b object: 2013-08-02T03:00:00Z/2013-08-07T00:00:00Z"}
	if diff := cmp.Diff(want, marks()); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}

// However many mistakes there are, a person is told of some.
func TestManyMistakes(t *testing.T) {
	source := &samples{}
	for i := range 130 {
		source.errs = append(source.errs, fmt.Errorf("one.json: sample %d: no resource", i))
	}
	_, err := newEngine(source, nil).Collect(t.Context(), august.End)
	if err == nil || !strings.Contains(err.Error(), "sample 99:") || strings.Contains(err.Error(), "sample 100:") || !strings.Contains(err.Error(), "and 30 more") {
		t.Errorf("error %v", err)
	}
	if err := errors.Unwrap(err); err != nil {
		t.Errorf("one error: %v", err)
	}
}

// A flavor that is called like the meter's service, and time of no flavor, are
// one entry.
func TestFlavorCalledLikeTheService(t *testing.T) {
	at := func(clock, flavor string) usage.Sample {
		s := volume("a", "i1", "2013-08-05T"+clock+":00Z", "1")
		s.Meter, s.Unit, s.Metadata = "instance", "instance", map[string]string{"flavor.name": flavor}
		return s
	}
	e := newEngine(&samples{all: []usage.Sample{at("03:00", ""), at("03:10", "instance"), at("03:59", "None")}}, nil)
	collect(t, e, time.Date(2013, 8, 5, 4, 0, 0, 0, time.UTC))
	want := []string{"a nz-1 i1 instance 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 3600 second 3"} // 600 + 3000
	if diff := cmp.Diff(want, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// full is a store that has no room for usage.
type full struct{ ledger.Store }

func (full) Record(context.Context, ledger.Batch) error { return errFull }

// What a collect recorded before it failed stays, and does not count as
// collected: that is said, and not that there is nothing.
func TestCollectingFailsHalfway(t *testing.T) {
	var all []usage.Sample
	for i := range 8 * 744 { // more than one batch holds
		at := august.Start.Add(time.Duration(i/8)*time.Hour + 10*time.Minute)
		all = append(all, volume("a", fmt.Sprint("v", i%8), at.Format(time.RFC3339), "2"))
	}
	e := newEngine(&samples{all: all}, nil)
	if err := e.Begun(t.Context()); err != billing.ErrNothingCollected {
		t.Errorf("at first: %v", err)
	}
	store := e.Store
	e.Store = &failing{Store: store, at: 2}
	const want = "the disk is full; what was recorded before that stays, and counts once artifice collect comes to its end"
	if _, err := e.Collect(t.Context(), august.End); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("collect: %v", err)
	}
	e.Store = store
	if marks, err := store.Marks(t.Context()); err != nil || len(marks) > 0 || len(entries(t, e)) == 0 {
		t.Errorf("%d marks and %d entries, %v", len(marks), len(entries(t, e)), err)
	}
	err := e.Begun(t.Context())
	if !errors.Is(err, billing.ErrNothingCollected) || !strings.HasPrefix(err.Error(), "collecting has begun, and has not come to its end: what is recorded stays") {
		t.Errorf("halfway: %v", err)
	}
	collect(t, e, august.End)
	if err := e.Begun(t.Context()); err != nil {
		t.Errorf("in the end: %v", err)
	}
}

// Whatever fails, collecting ends, with all that it began.
func TestCollectingFails(t *testing.T) {
	var all []usage.Sample
	for i := range 50 {
		all = append(all, volume("a", fmt.Sprint("v", i), "2013-08-05T03:10:00Z", "2"))
	}
	engine := func() *billing.Engine {
		e := newEngine(&samples{all: all}, nil)
		e.Workers, e.Buffer = 3, 1
		return e
	}
	e := engine()
	e.Store = full{e.Store}
	if _, err := e.Collect(t.Context(), august.End); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("a full store: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := engine().Collect(ctx, august.End); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	if _, err := engine().Collect(t.Context(), august.End); err == nil || !strings.Contains(err.Error(), "TMPDIR names the directory") {
		t.Errorf("without temporary files: %v", err)
	}
}
