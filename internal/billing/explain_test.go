package billing_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// choosy is a source that does not trust a sample, and says so.
type choosy struct {
	samples
	mistrusted usage.Sample
}

func (c *choosy) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	if q.LeftOut != nil {
		q.LeftOut(c.mistrusted, "its sender is not trusted")
	}
	return c.samples.Samples(ctx, q)
}

// explained renders an explanation.
func explained(x billing.Explanation) []string {
	lines := []string{fmt.Sprintf("%s before %s", x.Meter, x.Before.Data)}
	for _, r := range x.Readings {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %v %s", r.Time.Format("15:04"), r.Metadata["state"], r.Counted, r.Why)))
	}
	entry := func(what string, e usage.Entry) {
		lines = append(lines, fmt.Sprintf("%s: %s %s %s %s", what, e.Tenant, e.Service, e.Volume.Volume, e.Unit))
	}
	for _, e := range x.Volumes {
		entry("volume", e)
	}
	for _, e := range x.Entries {
		entry("entry", e)
	}
	for _, a := range x.Adjustments {
		entry("adjustment", a.Entry)
	}
	for _, g := range x.Gaps {
		lines = append(lines, fmt.Sprintf("gap from %s", g.From.Format("15:04")))
	}
	return append(lines, x.Differences...)
}

func TestExplain(t *testing.T) {
	filter, err := usage.ParseExpression("metadata.state != 'error'")
	if err != nil {
		t.Fatal(err)
	}
	source := &choosy{mistrusted: running("a", "i1", "2013-08-31T22:05:00Z", "stopped")}
	source.all = []usage.Sample{
		running("a", "i1", "2013-08-31T20:50:00Z", "active"), running("a", "i1", "2013-08-31T21:50:00Z", "active"),
		running("a", "i1", "2013-08-31T22:20:00Z", "shutoff"), running("a", "i1", "2013-08-31T22:30:00Z", "error"), running("a", "i1", "2013-08-31T22:20:00Z", "shutoff"),
		running("a", "i1", "2013-08-31T23:10:00Z", "active"), running("a", "other", "2013-08-31T22:10:00Z", "active"),
	}
	e := newEngine(source, newDesk(map[string]string{"m1": "1"}))
	i := slices.IndexFunc(e.Meters, func(m usage.Meter) bool { return m.Name == "instance" })
	e.Meters[i].Filters, e.Meters[i].Rule = []*usage.Expression{filter}, "transformer = uptime"
	collect(t, e, august.End)
	bill(t, e)
	window := usage.WindowAt(time.Date(2013, 8, 31, 22, 0, 0, 0, time.UTC))
	explain := func() []string {
		t.Helper()
		all, err := e.Explain(t.Context(), "a", "i1", window)
		if err != nil || len(all) != 1 || all[0].Rule != "transformer = uptime" {
			t.Fatal(all, err)
		}
		return explained(all[0])
	}
	const before = `instance before {"dc":"nz-1","data":{"since":"2013-08-31T21:50:00Z","state":"active","flavor":"m1","tenant":"a","datacenter":"nz-1"}}`
	want := []string{
		before,
		"21:50 active false before the window: what it said is remembered",
		"22:05 stopped false its sender is not trusted",
		"22:20 shutoff true",
		"22:20 shutoff false repeated: it was counted before",
		"22:30 error false a filter of the meter leaves it out",
		"23:10 active false after the window",
		"volume: a m1 1200 second", // up to 22:20
		"entry: a m1 1200 second",
	}
	if diff := cmp.Diff(want, explain()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// One comes late: the store lags behind, and then has an adjustment.
	source.all = append(source.all, running("a", "i1", "2013-08-31T22:10:00Z", "shutoff"))
	late := explain()
	if got := late[len(late)-2:]; !slices.Equal(got, []string{"1 of its samples came since it was collected", "the usage that is recorded is not what the samples come to"}) {
		t.Errorf("before it is collected: %q", got)
	}
	collect(t, e, august.End)
	late = explain()
	if got, want := late[len(late)-3:], []string{"volume: a m1 600 second", "entry: a m1 1200 second", "adjustment: a m1 -600 second"}; !slices.Equal(got, want) {
		t.Errorf("billed: %q, want %q", got, want)
	}
	// Another rule is for what is not billed.
	e.Meters[i].Rule = "transformer = uptime\nhold = 2h"
	all, err := e.Explain(t.Context(), "a", "i1", window)
	if err != nil || !slices.Contains(all[0].Differences, "it was collected under another config of the meter") {
		t.Errorf("another rule: %+v, %v", all, err)
	}
	e.Meters[i].Rule = "transformer = uptime"
	// Its samples are gone: what is recorded is there.
	source.all = []usage.Sample{running("a", "i1", "2013-08-31T23:10:00Z", "active")}
	late = explain()
	if got := strings.Join(late, "\n"); !strings.Contains(got, "3 of its samples that were counted are no longer in the source") {
		t.Errorf("gone: %s", got)
	}
	source.all = nil
	if all, err := e.Explain(t.Context(), "a", "i1", window); err != nil || len(all) != 1 || len(all[0].Entries) != 1 {
		t.Errorf("all gone: %+v, %v", all, err)
	}
	if all, err := e.Explain(t.Context(), "a", "i2", window); err != nil || len(all) != 0 {
		t.Errorf("nothing to explain: %+v, %v", all, err)
	}
}

// Time that is held from before, and samples that cannot be right.
func TestExplainWithoutSamples(t *testing.T) {
	source := &samples{all: []usage.Sample{running("a", "i1", "2013-08-31T20:50:00Z", "active")}, errs: []error{errors.New("one.json: sample 7: no resource")}}
	e := newEngine(source, nil)
	all, err := e.Explain(t.Context(), "a", "i1", usage.WindowAt(time.Date(2013, 8, 31, 21, 0, 0, 0, time.UTC)))
	if err == nil || !strings.Contains(err.Error(), "one.json: sample 7") || len(all) != 1 {
		t.Fatal(all, err)
	}
	want := []string{
		`instance before {"dc":"nz-1","data":{"since":"2013-08-31T20:50:00Z","state":"active","flavor":"m1","tenant":"a","datacenter":"nz-1"}}`,
		"20:50 active false before the window: what it said is remembered",
		"volume: a m1 3000 second", // up to 21:50
		"gap from 21:50",
		"the window is not collected yet",
	}
	if diff := cmp.Diff(want, explained(all[0])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExplainItem(t *testing.T) {
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:10:00Z", "2"), volume("a", "v2", "2013-08-05T04:10:00Z", "5"),
		running("a", "i1", "2013-08-05T04:10:00Z", "active"), volume("a", "v1", "2013-09-05T03:10:00Z", "1"),
	}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "0.5", "m1": "1"}))
	collect(t, e, october)
	order := bill(t, e)[0].Order
	order, err := e.Store.Order(t.Context(), order.Key)
	if err != nil {
		t.Fatal(err)
	}
	at := 1 + slices.IndexFunc(order.Items, func(i ledger.Item) bool { return i.Name == "volume.size" })
	x, err := e.ExplainItem(t.Context(), order, at)
	if err != nil {
		t.Fatal(err)
	}
	shares := func(x billing.ItemExplanation) (lines []string) {
		for _, s := range x.Shares {
			lines = append(lines, fmt.Sprint(s.Meter, " ", s.Resource, " ", s.Volume, " in ", len(s.Entries)))
		}
		return lines
	}
	if diff := cmp.Diff([]string{"volume.size v1 4 in 2", "volume.size v2 5 in 1"}, shares(x)); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
	if x.Sum.String() != "9" || x.Billed.String() != "9" || !x.BilledBefore.IsZero() || x.Item.Amount.String() != "4.5" { // 2 + 2 + 5, x 0.5
		t.Errorf("sum %s, billed %s after %s, amount %s", x.Sum, x.Billed, x.BilledBefore, x.Item.Amount)
	}
	for _, line := range []int{0, len(order.Items) + 1} {
		if _, err := e.ExplainItem(t.Context(), order, line); err == nil || !strings.Contains(err.Error(), "it has 2") {
			t.Errorf("item %d: %v", line, err)
		}
	}

	// A late sample becomes an item of the next order, another of the one after
	// that: each says what it carries.
	second := october.Add(-48 * time.Hour)
	for _, next := range []struct {
		size, sum, before, billed string
		block                     usage.Span
	}{
		{"7", "2", "9", "11", usage.Span{Start: august.End, End: second}},                   // 7 - 5
		{"10", "3", "11", "14", usage.Span{Start: second, End: second.Add(24 * time.Hour)}}, // 10 - 7
	} {
		source.all = append(source.all, volume("a", "v2", "2013-08-05T04:"+next.sum+"0:00Z", next.size))
		collect(t, e, october)
		outcomes, err := e.Bill(t.Context(), next.block, nil)
		if err != nil || len(outcomes) != 1 {
			t.Fatal(outcomes, err)
		}
		order, err := e.Store.Order(t.Context(), outcomes[0].Order.Key)
		if err != nil {
			t.Fatal(err)
		}
		at = 1 + slices.IndexFunc(order.Items, func(i ledger.Item) bool { return !i.Adjusts.IsZero() })
		x, err := e.ExplainItem(t.Context(), order, at)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"volume.size v2 " + next.sum + " in 1"}, shares(x)); diff != "" {
			t.Errorf("shares of the adjustment (-want +got):\n%s", diff)
		}
		if x.Sum.String() != next.sum || x.BilledBefore.String() != next.before || x.Billed.String() != next.billed {
			t.Errorf("adjustment of %s: %s after %s", x.Sum, x.Billed, x.BilledBefore)
		}
	}
}

// A sample that has the id of another, and says something else, is not called
// the same.
func TestExplainAnotherContent(t *testing.T) {
	one, other := volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T03:10:00Z", "9")
	one.Origin, other.Origin = usage.Origin{Name: "one", Index: 1}, usage.Origin{Name: "other", Index: 1}
	e := newEngine(&samples{all: []usage.Sample{one, other, one}}, nil)
	all, err := e.Explain(t.Context(), "a", "v1", usage.WindowAt(one.Time))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	whys := map[string]int{}
	for _, r := range all[0].Readings {
		whys[r.Why]++
	}
	said := 0 // whichever is counted, the other says so
	for _, counted := range []usage.Sample{one, other} {
		said += whys[fmt.Sprintf("repeated with another content: the one of this id that is counted is %v", counted.Origin)]
	}
	if said == 0 {
		t.Errorf("%v", whys)
	}
}
