package billing_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
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

var september = usage.Span{Start: august.End, End: august.End.AddDate(0, 0, 20)}

// billedAugust has one volume, which was billed for August and goes on.
func billedAugust(t *testing.T) (*billing.Engine, *samples) {
	t.Helper()
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:10:00Z", "2")}}
	e := newEngine(source, searchable{newDesk(map[string]string{"volume.size": "1"})})
	collect(t, e, august.End)
	if o := bill(t, e)[0]; o.Result != billing.Billed || o.Order.Total.String() != "4" {
		t.Fatalf("August is %s, %s", o.Result, o.Order.Total)
	}
	source.all = append(source.all, volume("a", "v1", "2013-09-05T03:10:00Z", "2"))
	return e, source
}

// A source that was renamed brings all that it had once more: what was billed
// under its old name is left out.
func TestRenamedSourceOfABilledBlock(t *testing.T) {
	e, _ := billedAugust(t)
	order := orderOf(t, e, august)
	e.Sources[0].Name, e.SourceNames = "ceilo", []string{"ceilo"}
	c := collect(t, e, september.End)[0]
	if diff := cmp.Diff([]billing.Aside{{Meter: "volume.size", Tenant: "a", Order: order.Key, Windows: 2}}, c.Aside); diff != "" || len(c.Late) > 0 {
		t.Errorf("late %v, left out (-want +got):\n%s", c.Late, diff)
	}
	if c := collect(t, e, september.End)[0]; c.Changed > 0 {
		t.Errorf("collected again: %+v", c)
	}
	outcomes, err := e.Bill(t.Context(), september, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o := outcomes[0]; o.Result != billing.Billed || o.Order.Total.String() != "2" {
		t.Errorf("September is %s, %s: %s, %v", o.Result, o.Order.Total, o.Order.Reason, o.Err)
	}
}

// A meter that is new, or has another name, bills nothing of what was billed
// without it, and all of that once the order is void.
func TestNewMeterOfABilledBlock(t *testing.T) {
	e, source := billedAugust(t)
	order := orderOf(t, e, august)
	old := e.Meters
	e.Meters = slices.Clone(old)
	for i := range e.Meters {
		if m := &e.Meters[i]; m.Name == "volume.size" {
			m.Name, m.Service = "disk", "disk"
		}
	}
	e.ERP = searchable{newDesk(map[string]string{"volume.size": "1", "disk": "1"})}
	c := collect(t, e, september.End)[0]
	if diff := cmp.Diff([]billing.Aside{{Meter: "disk", Tenant: "a", Order: order.Key, Windows: 2}}, c.Aside); diff != "" || len(c.Late) > 0 {
		t.Errorf("late %v, left out (-want +got):\n%s", c.Late, diff)
	}
	// Late samples of what was left out are left out as well.
	source.all = append(source.all, volume("a", "v1", "2013-08-05T03:20:00Z", "9"))
	if c := collect(t, e, september.End)[0]; len(c.Late) > 0 || c.Changed != 1 {
		t.Errorf("late: %+v", c)
	}
	if got := adjustments(t, e); len(got) > 0 {
		t.Errorf("adjustments %v", got)
	}
	if err := e.Void(t.Context(), order.Key, "billed again with the new name"); err != nil {
		t.Fatal(err)
	}
	if c := collect(t, e, september.End)[0]; c.Changed != 2 || len(c.Aside) > 0 {
		t.Errorf("after void: %+v", c)
	}
	want := []string{
		"a nz-1 v1 disk 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 9 GB hour 2",
		"a nz-1 v1 disk 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 2 GB hour 1",
		"a nz-1 v1 disk 2013-09-05T03:00:00Z/2013-09-05T04:00:00Z 2 GB hour 1",
	}
	got := slices.DeleteFunc(entries(t, e), func(line string) bool { return !strings.Contains(line, " disk ") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// A meter that was out of the config while a block was billed leaves that block
// alone, and one that was in it all the time does not.
func TestMeterThatComesBack(t *testing.T) {
	e, source := billedAugust(t)
	with := e.Meters
	e.Meters = slices.DeleteFunc(slices.Clone(with), func(m usage.Meter) bool { return m.Name == "volume.size" })
	source.all = append(source.all, meterSample("a", "ip.floating", "ip1", "2013-09-05T03:10:00Z"))
	collect(t, e, september.End)
	e.ERP = searchable{newDesk(map[string]string{"volume.size": "1", "ip.floating": "1"})}
	if outcomes, err := e.Bill(t.Context(), september, nil); err != nil || outcomes[0].Result != billing.Billed {
		t.Fatalf("%+v, %v", outcomes, err)
	}
	e.Meters = with
	end := september.End.AddDate(0, 0, 3)
	source.all = append(source.all,
		volume("a", "v1", "2013-08-05T03:30:00Z", "7"), // late: August was collected with the meter
		volume("a", "v2", "2013-08-09T03:30:00Z", "1"), // of a resource that was not there
	)
	c := collect(t, e, end)[0]
	if len(c.Aside) != 1 || c.Aside[0].Order != orderOf(t, e, september).Key || c.Aside[0].Windows != 1 {
		t.Errorf("left out: %+v", c.Aside)
	}
	want := []string{"a nz-1 v1 volume.size 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 5 GB hour 1", "a nz-1 v2 volume.size 2013-08-09T03:00:00Z/2013-08-09T04:00:00Z 1 GB hour 1"} // 7 less 2
	if diff := cmp.Diff(want, adjustments(t, e)); diff != "" {
		t.Errorf("adjustments (-want +got):\n%s", diff)
	}
}

// What the config makes of samples changes nothing of what is billed, and all
// that is not billed yet.
func TestConfigOfABilledBlock(t *testing.T) {
	for name, change := range map[string]func(*billing.Engine, *samples){
		"datacenter": func(_ *billing.Engine, s *samples) {
			for i := range s.all {
				s.all[i].Datacenter = "nz-2"
			}
		},
		"keys of another meter": func(e *billing.Engine, _ *samples) {
			e.Meters = append(slices.Clone(e.Meters), usage.Meter{
				Name: "other", Meter: "other", Service: "other", Transformer: usage.StorageMax{TypeKeys: []string{"size_class"}}, Billed: true,
			})
		},
		"service": func(e *billing.Engine, _ *samples) {
			e.Meters = slices.Clone(e.Meters)
			for i := range e.Meters {
				if m := &e.Meters[i]; m.Name == "volume.size" {
					m.Service, m.Rule = "disk", "service = disk"
				}
			}
		},
	} {
		for _, ids := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, ids: %t", name, ids), func(t *testing.T) {
				source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:10:00Z", "2"), volume("a", "v1", "2013-09-05T03:10:00Z", "2")}}
				for i := range source.all {
					s := &source.all[i]
					s.Metadata = map[string]string{"size_class": fmt.Sprint(i)}
					if !ids {
						s.ID = ""
					}
				}
				e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
				collect(t, e, september.End)
				bill(t, e)
				change(e, source)
				c := collect(t, e, september.End)[0]
				if len(c.Late)+len(c.Gone)+len(c.Aside) > 0 || c.Changed > 1 {
					t.Errorf("%+v", c)
				}
				if got := adjustments(t, e); len(got) > 0 {
					t.Errorf("adjustments %v", got)
				}
				if c := collect(t, e, september.End)[0]; c.Changed > 0 {
					t.Errorf("collected again: %+v", c)
				}
				if name != "keys of another meter" && c.Changed != 1 {
					t.Error("what is not billed was left as it was")
				}
				// Late samples are found all the same.
				source.all = append(source.all, volume("a", "v1", "2013-08-05T03:30:00Z", "7"))
				if c := collect(t, e, september.End)[0]; len(c.Late) == 0 || c.Gone != nil {
					t.Errorf("late: %+v", c)
				}
			})
		}
	}
}

// Metadata that a meter looks at and that say something else now, under the
// same config, are another sample.
func TestOtherMetadataOfABilledBlock(t *testing.T) {
	at := func(clock, flavor string) usage.Sample {
		s := volume("a", "i1", "2013-08-05T"+clock+":00Z", "1")
		s.Meter, s.Unit, s.Metadata = "instance", "instance", map[string]string{"flavor.name": flavor, "status": "active"}
		return s
	}
	source := &samples{all: []usage.Sample{at("03:10", "small"), at("03:40", "small")}}
	e := newEngine(source, newDesk(map[string]string{"small": "1", "large": "2"}))
	collect(t, e, august.End)
	bill(t, e)
	source.all[1].Metadata = map[string]string{"flavor.name": "large", "status": "active", "host": "h2"}
	if c := collect(t, e, august.End)[0]; len(c.Late) == 0 {
		t.Errorf("%+v", c)
	}
}

// A block that is billed again, under another rule, changes nothing of the
// blocks after it that are billed.
func TestRuleOfAVoidBlockBeforeABilledOne(t *testing.T) {
	for _, empty := range []bool{false, true} {
		t.Run(fmt.Sprintf("nothing at its start: %t", empty), func(t *testing.T) { ruleOfAVoidBlock(t, empty) })
	}
}

func ruleOfAVoidBlock(t *testing.T, empty bool) {
	at := func(day, clock, flavor string) usage.Sample {
		s := volume("a", "i1", "2013-"+day+"T"+clock+":00Z", "1")
		s.Meter, s.Unit, s.Metadata = "instance", "instance", map[string]string{"flavor.name": flavor, "status": "active"}
		return s
	}
	source := &samples{all: []usage.Sample{at("08-31", "23:50", "small"), at("09-01", "00:20", "small"), at("09-01", "00:40", "small")}}
	if empty {
		source.all = []usage.Sample{at("08-31", "23:50", "small"), at("09-05", "00:20", "small")}
	}
	e := newEngine(source, searchable{newDesk(map[string]string{"small": "1"})})
	hold := func(d time.Duration) {
		e.Meters = slices.Clone(e.Meters)
		for i := range e.Meters {
			if m := &e.Meters[i]; m.Name == "instance" {
				m.Transformer, m.Rule = usage.Uptime{Hold: d}, "hold = "+d.String()
			}
		}
	}
	hold(5 * time.Minute)
	collect(t, e, september.End)
	bill(t, e)
	if _, err := e.Bill(t.Context(), september, nil); err != nil {
		t.Fatal(err)
	}
	if err := e.Void(t.Context(), orderOf(t, e, august).Key, "wrong"); err != nil {
		t.Fatal(err)
	}
	hold(7 * time.Hour) // reaches into hours of September that had no usage
	before := len(entries(t, e))
	c := collect(t, e, september.End)[0]
	if len(c.Late)+len(c.Gone) > 0 || c.Changed == 0 {
		t.Errorf("%+v", c)
	}
	if got := adjustments(t, e); len(got) > 0 {
		t.Errorf("adjustments %v", got)
	}
	if got := entries(t, e); len(got) != before {
		t.Errorf("entries %v", got)
	}
	if c := collect(t, e, september.End)[0]; c.Changed > 0 || len(c.Late) > 0 {
		t.Errorf("collected again: %+v", c)
	}
}

// One tenant that cannot be read stops no other, and nothing of its own is
// taken for whole.
func TestOneTenantCannotBeRead(t *testing.T) {
	source := &samples{
		all: []usage.Sample{
			volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("b", "v2", "2013-08-05T03:10:00Z", "3"),
			volume("a", "moved", "2013-08-05T03:10:00Z", "2"), volume("b", "moved", "2013-08-06T03:10:00Z", "3"),
			volume("c", "v3", "2013-08-05T03:10:00Z", "3"),
		},
		errs: []error{&usage.TenantError{Tenant: "a", Err: errors.New("half of it came")}, &usage.TenantError{Tenant: "new", Err: errors.New("nothing came")}},
	}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	collected, err := e.Collect(t.Context(), august.End)
	for _, want := range []string{"source object: tenant a: half of it came", "tenant new: nothing came", "the time of their tenants does not move on"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if len(collected) > 0 {
		t.Errorf("it is taken for whole: %+v", collected)
	}
	want := map[string]billing.Result{"a": billing.NotBilled, "b": billing.NotBilled, "c": billing.Billed, "new": billing.NotBilled}
	if diff := cmp.Diff(want, results(bill(t, e))); diff != "" {
		t.Errorf("billed (-want +got):\n%s", diff)
	}
	source.errs = nil
	collect(t, e, august.End)
	got := map[string]string{}
	for _, o := range bill(t, e) {
		got[o.Order.Tenant.ID] = o.Order.Total.String()
	}
	if diff := cmp.Diff(map[string]string{"a": "4", "b": "6", "c": "3", "new": "0"}, got); diff != "" {
		t.Errorf("billed, once it could be read (-want +got):\n%s", diff)
	}
}

// A tenant that cannot be read when a source is first collected, and gives no
// sample at all, is not billed as if there were none.
func TestNobodyCanBeRead(t *testing.T) {
	source := &samples{errs: []error{&usage.TenantError{Tenant: "a", Err: errors.New("no access")}}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	if _, err := e.Collect(t.Context(), august.End); err == nil {
		t.Fatal("collected")
	}
	if o := bill(t, e)[0]; o.Result != billing.NotBilled {
		t.Errorf("August is %s", o.Result)
	}
	source.all, source.errs = []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}, nil
	collect(t, e, august.End)
	if o := bill(t, e)[0]; o.Result != billing.Billed || o.Order.Total.String() != "2" {
		t.Errorf("August is %s, %s", o.Result, o.Order.Total)
	}
}

// Samples that are left out although they are no repetitions are told.
func TestClashingSamples(t *testing.T) {
	one := volume("a", "v1", "2013-08-05T03:10:00Z", "2")
	other := volume("a", "v1", "2013-08-05T03:10:00Z", "7")
	other.Origin = usage.Origin{Name: "b.json", Line: 3}
	c := collect(t, newEngine(&samples{all: []usage.Sample{one, other, one}}, nil), august.End)[0]
	if c.Clashes != 1 || c.Clash != other.Origin {
		t.Errorf("%d clashes, one at %v", c.Clashes, c.Clash)
	}
}

func orderOf(t *testing.T, e *billing.Engine, block usage.Span) ledger.Order {
	t.Helper()
	orders, err := e.Store.Orders(t.Context(), ledger.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orders {
		if o.Block.Start.Equal(block.Start) {
			return o
		}
	}
	t.Fatalf("no order of %v", block)
	return ledger.Order{}
}

func meterSample(tenant, meter, resource, at string) usage.Sample {
	s := volume(tenant, resource, at, "1")
	s.Meter, s.Unit = meter, "ip"
	return s
}

// Late usage in a unit that its block's item does not sum is priced, and not
// given away as something that was not billed then.
func TestLateUsageInAnotherUnit(t *testing.T) {
	e, _ := billedAugust(t)
	row := usage.Entry{Source: "object", Meter: "volume.size", Resource: "v2", Window: usage.WindowAt(august.Start), Volume: usage.Volume{
		Tenant: "a", Datacenter: "nz-1", Service: "volume.size", Volume: decimal.NewFromInt(2), Unit: "TB hour", Samples: 1,
	}}
	fold := ledger.SeriesFolds{
		Series: ledger.Series{Source: row.Source, Meter: row.Meter, Resource: row.Resource},
		Folds:  []ledger.Fold{{Window: row.Window, Samples: 1, Digest: "late", Entries: []usage.Entry{row}}},
	}
	if err := e.Store.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{fold}}); err != nil {
		t.Fatal(err)
	}
	collect(t, e, september.End)
	outcomes, err := e.Bill(t.Context(), september, nil)
	if err != nil {
		t.Fatal(err)
	}
	// 2 GB hour of September, and 2 TB hour of August at 1 each.
	if o := outcomes[0]; o.Result != billing.Billed || o.Order.Total.String() != "4" {
		t.Errorf("September is %s, %s: %s, %v", o.Result, o.Order.Total, o.Order.Reason, o.Err)
	}
}

// An adapter whose Commit is cut off by the lease may have saved the invoice,
// whatever it calls that: nothing is sent twice where nobody can look.
func TestCutOffIsAnUnknownOutcome(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	d := newDesk(map[string]string{"volume.size": "1"})
	e := newEngine(source, d)
	e.Lease = time.Nanosecond // over before the commit
	collect(t, e, august.End)
	d.commit = func() (bool, error) { return true, context.DeadlineExceeded }
	if o := bill(t, e)[0]; o.Result != billing.InDoubt {
		t.Fatalf("it is %s, %v", o.Result, o.Err)
	}
	d.commit = nil
	if o := bill(t, e)[0]; o.Result != billing.InDoubt || d.sent != 1 {
		t.Errorf("it is %s, sent %d times", o.Result, d.sent)
	}
}

// asked is a source that notes what it was told of earlier runs.
type asked struct {
	samples
	collected []map[string]time.Time
}

func (a *asked) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	a.collected = append(a.collected, maps.Clone(q.Collected))
	return a.samples.Samples(ctx, q)
}

// A source is told what was collected, so that it need not be read again; but
// not where a meter is new, of which nothing was.
func TestSourceIsToldWhatWasCollected(t *testing.T) {
	source := &asked{samples: samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}}
	e := newEngine(source, nil)
	with := e.Meters
	e.Meters = with[1:]
	for range 2 {
		collect(t, e, august.End)
	}
	e.Meters = with
	for range 2 {
		collect(t, e, august.End)
	}
	known, unknown := map[string]time.Time{"": august.End, "a": august.End}, map[string]time.Time{"": {}, "a": {}}
	if diff := cmp.Diff([]map[string]time.Time{{}, known, unknown, known}, source.collected); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// A meter that is new and whose rule does not fit is new again once it does,
// where the tenant's mark would hide it.
func TestNewMeterThatDoesNotFit(t *testing.T) {
	bad := volume("a", "v1", "2013-08-05T03:10:00Z", "2")
	bad.Kind = usage.Cumulative
	source := &asked{samples: samples{all: []usage.Sample{bad, meterSample("a", "ip.floating", "ip1", "2013-08-05T03:10:00Z")}}}
	e := newEngine(source, nil)
	with := e.Meters
	e.Meters = slices.DeleteFunc(slices.Clone(with), func(m usage.Meter) bool { return m.Name == "volume.size" })
	collect(t, e, august.End)
	e.Meters = with
	if _, err := e.Collect(t.Context(), august.End); err == nil {
		t.Fatal("a counter was taken for a gauge")
	}
	source.all[0].Kind = usage.Gauge
	for range 2 {
		collect(t, e, august.End)
	}
	var whole []bool
	for _, told := range source.collected {
		whole = append(whole, told[""].IsZero())
	}
	if want := []bool{true, true, true, false}; !slices.Equal(whole, want) {
		t.Errorf("all was read again: %v, want %v", whole, want)
	}
}

// A resource that cannot be computed holds its tenants back from the first
// window that is left out on, not only from that of the mistake, and also those
// of whom only what is recorded tells.
func TestMistakeAfterTheBlock(t *testing.T) {
	bad := volume("a", "v1", "2013-09-01T05:10:00Z", "2")
	bad.Kind = usage.Cumulative
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v2", "2013-08-05T03:10:00Z", "2"), bad}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	for range 2 {
		if _, err := e.Collect(t.Context(), september.End); err == nil {
			t.Fatal("a counter was taken for a gauge")
		}
		if o := bill(t, e)[0]; o.Result != billing.NotBilled {
			t.Errorf("August is %s, %s", o.Result, o.Order.Total)
		}
	}
	source.all[2].Kind = usage.Gauge
	collect(t, e, september.End)
	if o := bill(t, e)[0]; o.Result != billing.Billed || o.Order.Total.String() != "4" {
		t.Errorf("August is %s, %s", o.Result, o.Order.Total)
	}
	e = newEngine(source, newDesk(nil))
	collect(t, e, august.End)
	bad.Tenant = "b"
	source.all = []usage.Sample{bad} // of a only what is recorded tells
	if _, err := e.Collect(t.Context(), september.End); err == nil {
		t.Fatal("a counter was taken for a gauge")
	}
	marks, err := e.Store.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range marks {
		if m.Tenant == "a" && m.Through.After(bad.Time) {
			t.Errorf("tenant a is collected through %s", m.Through)
		}
	}
}

// A late sample of a month that was billed under another rule changes the
// window that it is in, and what it reaches into, and not all of the month.
func TestLateSampleUnderAnotherRule(t *testing.T) {
	hold := func(e *billing.Engine, d time.Duration) {
		e.Meters = slices.Clone(e.Meters)
		for i := range e.Meters {
			if m := &e.Meters[i]; m.Name == "instance" {
				m.Transformer, m.Rule = usage.Uptime{Hold: d}, "hold = "+d.String()
			}
		}
	}
	at := func(clock string) usage.Sample {
		s := volume("a", "i1", "2013-08-05T"+clock+":00Z", "1")
		s.Meter, s.Unit, s.Metadata = "instance", "instance", map[string]string{"flavor.name": "small", "status": "active"}
		return s
	}
	source := &samples{}
	for hour := 4; hour < 24; hour += 2 {
		source.all = append(source.all, at(fmt.Sprintf("%02d:00", hour)))
	}
	e := newEngine(source, newDesk(map[string]string{"small": "1"}))
	hold(e, time.Hour)
	collect(t, e, august.End)
	bill(t, e)
	hold(e, 2*time.Hour)
	collect(t, e, august.End)
	if got := adjustments(t, e); len(got) > 0 {
		t.Fatalf("adjustments %v", got)
	}
	source.all = append(source.all, at("03:30"))
	collect(t, e, august.End)
	if got := adjustments(t, e); len(got) == 0 || len(got) > 2 || got[0] != "a nz-1 i1 small 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 1800 second 1" {
		t.Errorf("adjustments %q", got)
	}
	if c := collect(t, e, august.End)[0]; c.Changed > 0 {
		t.Errorf("collected again: %+v", c)
	}
}

// What is said to be of a time before clouds is of a clock that was never set.
func TestClockThatWasNeverSet(t *testing.T) {
	_, err := newEngine(&samples{all: []usage.Sample{volume("a", "v1", "1971-01-01T00:10:00Z", "2")}}, nil).Collect(t.Context(), august.End)
	if err == nil || !strings.Contains(err.Error(), "look at the clock of the agent") {
		t.Errorf("error %v", err)
	}
}
