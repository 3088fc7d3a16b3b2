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
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// entries is all usage, in the store's order.
func entries(t interface{ Fatal(...any) }, e *billing.Engine) []string {
	var all []string
	for entry, err := range e.Store.Entries(context.Background(), ledger.EntryFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s %s %s %s %s %s %d", entry.Tenant, entry.Datacenter, entry.Resource, entry.Service, entry.Window, entry.Volume.Volume, entry.Unit, entry.Samples))
	}
	return all
}

// adjustments is all that came too late, in the store's order.
func adjustments(t interface{ Fatal(...any) }, e *billing.Engine) []string {
	var all []string
	for a, err := range e.Store.Adjustments(context.Background(), ledger.AdjustmentFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s %s %s %s %s %s %d", a.Tenant, a.Datacenter, a.Resource, a.Service, a.Window, a.Volume.Volume, a.Unit, a.Samples))
	}
	return all
}

// Wherever collecting stops and goes on, in whatever order samples come in,
// some of them late, the usage is that of collecting once at the end.
func TestCollectResumesAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(drawSample), 1, 40).Draw(t, "samples")
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, 5).Draw(t, "repeated") {
			all = append(all, all[i])
		}
		end := august.Start.Add(14 * time.Hour)
		once := newEngine(&samples{all: all}, nil)
		if _, err := once.Collect(context.Background(), end); err != nil {
			t.Fatal(err)
		}
		source := &samples{}
		cut := newEngine(source, nil)
		cut.Workers = rapid.IntRange(0, 3).Draw(t, "workers")
		cut.Buffer = rapid.SampledFrom([]int{1, 3000, 0}).Draw(t, "buffer")
		arrival := rapid.Permutation(all).Draw(t, "arrival")
		for len(source.all) < len(all) {
			n := rapid.IntRange(1, len(all)-len(source.all)).Draw(t, "arrive")
			source.all = arrival[:len(source.all)+n]
			through := august.Start.Add(time.Duration(rapid.IntRange(0, 14).Draw(t, "through")) * time.Hour)
			if _, err := cut.Collect(context.Background(), through); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := cut.Collect(context.Background(), end); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entries(t, once), entries(t, cut)); diff != "" {
			t.Fatalf("collected once, and in pieces (-once +pieces):\n%s", diff)
		}
	})
}

func drawSample(t *rapid.T) usage.Sample {
	at := august.Start.Add(time.Duration(rapid.IntRange(0, 12*60).Draw(t, "minute")) * time.Minute)
	s := usage.Sample{
		Tenant:   rapid.SampledFrom([]string{"a", "b"}).Draw(t, "tenant"),
		Resource: rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "resource"), Datacenter: rapid.SampledFrom([]string{"nz-1", "nz-2"}).Draw(t, "datacenter"),
		Assumed: rapid.Bool().Draw(t, "assumed"),
		Volume:  decimal.NewFromInt(rapid.Int64Range(0, 50).Draw(t, "volume")), HasVolume: true, Time: at,
	}
	switch rapid.IntRange(0, 2).Draw(t, "meter") {
	case 0:
		s.Meter, s.Kind, s.Unit = "volume.size", usage.Gauge, "GB"
	case 1:
		s.Meter, s.Kind, s.Unit = "network.incoming.bytes", usage.Cumulative, "B"
	default:
		s.Meter, s.Kind, s.Unit = "instance", usage.Gauge, "instance"
		s.Metadata = map[string]string{}
		if state := rapid.SampledFrom([]string{"", "active", "shutoff", "deleted"}).Draw(t, "state"); state != "" {
			s.Metadata["state"] = state
		}
		if flavor := rapid.SampledFrom([]string{"", "small", "large"}).Draw(t, "flavor"); flavor != "" {
			s.Metadata["flavor.name"] = flavor
		}
	}
	// The same id is the same sample; without one, the same content is.
	if rapid.Bool().Draw(t, "has an id") {
		s.ID = fmt.Sprint(s)
	}
	return s
}

func TestCollectKeepsWhatIsThereWhenSamplesAreWrong(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	e := newEngine(source, nil)
	collect(t, e, august.End)
	before := entries(t, e)

	source.all = append(source.all, volume("a", "v1", "2013-09-05T03:10:00Z", "2"), volume("a", "v1", "2093-09-05T03:10:00Z", "2"))
	source.errs = []error{errors.New("one.json: sample 7: no resource"), errors.New("two.json: cut off")}
	_, err := e.Collect(t.Context(), october)
	for _, want := range []string{"one.json: sample 7", "two.json: cut off", "lies in the future"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if diff := cmp.Diff(before, entries(t, e)); diff != "" {
		t.Errorf("usage changed:\n%s", diff)
	}
}

// named is a source that knows tenants' names.
type named struct {
	samples
	names map[string]string
}

func (n *named) Tenants(context.Context) iter.Seq2[usage.Tenant, error] {
	return func(yield func(usage.Tenant, error) bool) {
		for id, name := range n.names {
			if !yield(usage.Tenant{ID: id, Name: name}, nil) {
				return
			}
		}
	}
}

func TestNamesOfTenants(t *testing.T) {
	source := &named{samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}, map[string]string{"a": "Acme", "z": "never seen"}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, august.End)
	if name := bill(t, e)[0].Order.Tenant.Name; name != "Acme" {
		t.Errorf("billed as %q", name)
	}
	// A rename changes only text: the order keeps what it was billed as, and
	// the tenant is the same.
	source.names["a"] = "Acme Ltd"
	collect(t, e, august.End)
	again := bill(t, e)
	if len(again) != 1 || again[0].Result != billing.AlreadyBilled || again[0].Order.Tenant.Name != "Acme" {
		t.Errorf("%+v", again)
	}
	tenants, err := e.Tenants(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]invoice.Tenant{{ID: "a", Name: "Acme Ltd"}}, tenants); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
}

func TestLateSamples(t *testing.T) {
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:10:00Z", "2"), volume("a", "v1", "2013-08-05T05:10:00Z", "2"),
	}}
	erp := newDesk(map[string]string{"volume.size": "1"})
	e := newEngine(source, erp)
	collect(t, e, august.End)
	source.all = append(source.all, volume("a", "v1", "2013-08-05T04:20:00Z", "5"))
	if c := collect(t, e, august.End)[0]; c.Changed != 1 {
		t.Errorf("%d windows changed, want 1", c.Changed)
	}
	if got := bill(t, e)[0].Order.Total.String(); got != "9" { // 2 + 5 + 2
		t.Errorf("total %s", got)
	}
	// Now the block is billed: what comes later changes nothing of that, and is
	// told, once.
	source.all = append(source.all, volume("a", "v1", "2013-08-05T05:20:00Z", "8"))
	billed := entries(t, e)
	c := collect(t, e, august.End)[0]
	if len(c.Late) != 1 || c.Late[0].Window.Start.Hour() != 5 || c.Late[0].Samples != 1 || c.Late[0].Tenant != "a" || c.Changed != 1 {
		t.Errorf("late %+v, changed %d", c.Late, c.Changed)
	}
	if c := collect(t, e, august.End)[0]; len(c.Late) != 0 || c.Changed != 0 {
		t.Errorf("again: late %+v, changed %d", c.Late, c.Changed)
	}
	if diff := cmp.Diff(billed, entries(t, e)); diff != "" {
		t.Errorf("billed usage changed:\n%s", diff)
	}
	want := []string{"a nz-1 v1 volume.size 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 6 GB hour 1"} // 8 - 2
	if diff := cmp.Diff(want, adjustments(t, e)); diff != "" {
		t.Errorf("adjustments (-want +got):\n%s", diff)
	}
}

func TestLateSamplesAfterTheFilesAreGone(t *testing.T) {
	hour := func(h int, ids ...string) (all []usage.Sample) {
		for i, id := range ids {
			s := volume("a", "v1", fmt.Sprintf("2013-08-05T%02d:%02d:00Z", h, 10+i), "2")
			s.ID = id
			all = append(all, s)
		}
		return all
	}
	counted := slices.Concat(hour(3, "1", "2", "3"), hour(4, "4", "5", "6"))
	tests := []struct {
		name string
		then []usage.Sample
		gone bool
	}{
		{"rotated away", nil, false},
		{"some rotated away", counted[:4], false},
		{"fewer, one of them late", hour(4, "7"), true},
		{"as many, all of them late", hour(4, "7", "8", "9"), true},
		{"more, all of them late", hour(4, "7", "8", "9", "x"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := &samples{all: slices.Clone(counted)}
			e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
			collect(t, e, august.Start.AddDate(0, 0, 10))
			before := entries(t, e)
			// An ordinary new sample of another tenant comes with it.
			source.all = append(test.then, volume("b", "v2", "2013-08-20T03:10:00Z", "2"))
			c := collect(t, e, august.End)[0]
			if gone := len(c.Gone) > 0; gone != test.gone {
				t.Errorf("gone: %+v", c.Gone)
			}
			after := entries(t, e)
			if diff := cmp.Diff(before, after[:len(before)]); diff != "" {
				t.Errorf("usage changed:\n%s", diff)
			}
			want := map[string]billing.Result{"a": billing.Billed, "b": billing.Billed}
			if test.gone {
				want["a"] = billing.NotBilled // its time did not move on
			}
			if diff := cmp.Diff(want, results(bill(t, e))); diff != "" {
				t.Errorf("billed (-want +got):\n%s", diff)
			}
			if !test.gone {
				return
			}
			// The files are put back: all is counted.
			source.all = slices.Concat(counted, source.all)
			if c := collect(t, e, august.End)[0]; len(c.Gone) > 0 || c.Changed == 0 {
				t.Errorf("with the files back: %+v", c)
			}
			if got := results(bill(t, e))["a"]; got != billing.Billed {
				t.Errorf("with the files back: %s", got)
			}
		})
	}
}

// A window that changes takes those after it along only as far as what it
// leaves behind changes them: what is gone there is missed only then.
func TestLateBeforeWhatIsGone(t *testing.T) {
	sample := func(meter string, kind usage.Kind, at string, n int64) usage.Sample {
		s := volume("a", "v1", "2013-08-05T"+at+":00Z", "0")
		s.ID, s.Meter, s.Kind, s.Volume = meter+at, meter, kind, decimal.NewFromInt(n)
		return s
	}
	for _, test := range []struct {
		meter   string
		kind    usage.Kind
		gone    bool
		entries []string // of hours 3 and 4
	}{
		// The largest volume of hour 3 is no matter to hour 4.
		{"volume.size", usage.Gauge, false, []string{"9", "2"}},
		// The increment of hour 4 is counted from the last reading of hour 3:
		// 20 - 10 would be 20 - 15, but of 20 nothing is left.
		{"network.incoming.bytes", usage.Cumulative, true, []string{"0", "10"}},
	} {
		t.Run(test.meter, func(t *testing.T) {
			first := sample(test.meter, test.kind, "03:10", 10)
			if test.kind == usage.Gauge {
				first.Volume = decimal.NewFromInt(1)
			}
			last := sample(test.meter, test.kind, "04:10", 20)
			if test.kind == usage.Gauge {
				last.Volume = decimal.NewFromInt(2)
			}
			source := &samples{all: []usage.Sample{first, last}}
			e := newEngine(source, nil)
			collect(t, e, august.Start.AddDate(0, 0, 10))
			late := sample(test.meter, test.kind, "03:20", 15)
			if test.kind == usage.Gauge {
				late.Volume = decimal.NewFromInt(9)
			}
			source.all = []usage.Sample{first, late}
			c := collect(t, e, august.End)[0]
			if gone := len(c.Gone) == 1; gone != test.gone {
				t.Errorf("gone: %+v", c.Gone)
			}
			if test.gone && (c.Gone[0].Late.Start.Hour() != 3 || c.Gone[0].Missing.Start.Hour() != 4) {
				t.Errorf("gone: %+v", c.Gone)
			}
			var got []string
			for entry, err := range e.Store.Entries(t.Context(), ledger.EntryFilter{}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, entry.Volume.Volume.String())
			}
			if diff := cmp.Diff(test.entries, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

// A window that cannot be computed again takes none along that could.
func TestLateAndNextToIt(t *testing.T) {
	counted := []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "1"), volume("a", "v1", "2013-08-05T04:10:00Z", "2"), volume("a", "v1", "2013-08-05T05:10:00Z", "3")}
	source := &samples{all: counted}
	e := newEngine(source, nil)
	collect(t, e, august.Start.AddDate(0, 0, 10))
	source.all = []usage.Sample{
		counted[0], volume("a", "v1", "2013-08-05T03:20:00Z", "7"),
		volume("a", "v1", "2013-08-05T04:20:00Z", "8"), // without the one that was counted
		counted[2], volume("a", "v1", "2013-08-05T05:20:00Z", "9"),
	}
	c := collect(t, e, august.End)[0]
	if len(c.Gone) != 1 || c.Gone[0].Late.Start.Hour() != 4 || c.Gone[0].Missing.Start.Hour() != 4 {
		t.Errorf("gone %+v", c.Gone)
	}
	want := []string{
		"a nz-1 v1 volume.size 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 7 GB hour 2",
		"a nz-1 v1 volume.size 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 2 GB hour 1",
		"a nz-1 v1 volume.size 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 9 GB hour 2",
	}
	if diff := cmp.Diff(want, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if marks, err := e.Store.Marks(t.Context()); err != nil || !marks[1].Through.Equal(august.Start.AddDate(0, 0, 10)) {
		t.Errorf("marks %+v, %v", marks, err)
	}
}

// What comes too late for a billed block changes what comes after it all the
// same: no time, and no byte, is counted twice or lost.
func TestLateSamplesReachBeyondABilledBlock(t *testing.T) {
	at := func(minutes int) time.Time { return august.End.Add(time.Duration(minutes) * time.Minute) }
	counter := func(minutes int, n int64) usage.Sample {
		return usage.Sample{ID: fmt.Sprint("c", minutes), Meter: "network.incoming.bytes", Kind: usage.Cumulative, Unit: "B", Tenant: "a", Resource: "r",
			Datacenter: "nz-1", Volume: decimal.NewFromInt(n), HasVolume: true, Time: at(minutes)}
	}
	state := func(minutes int, state string) usage.Sample {
		return usage.Sample{ID: fmt.Sprint("s", minutes), Meter: "instance", Kind: usage.Gauge, Unit: "instance", Tenant: "a", Resource: "r",
			Datacenter: "nz-1", Time: at(minutes), Metadata: map[string]string{"state": state, "flavor.name": "m1"}}
	}
	source := &samples{all: []usage.Sample{counter(-40, 100), counter(-10, 500), state(-10, "active")}}
	e := newEngine(source, newDesk(map[string]string{"network.incoming.bytes": "1", "m1": "1"}))
	collect(t, e, august.End)
	bill(t, e)
	source.all = append(source.all, counter(10, 1100))
	collect(t, e, august.End.Add(2*time.Hour))
	source.all = append(source.all, counter(-5, 1000), state(-5, "shutoff"))
	c := collect(t, e, august.End.Add(2*time.Hour))[0]
	if len(c.Late) != 2 || c.Late[0].Samples != 1 || c.Changed != 4 {
		t.Errorf("late %+v, changed %d", c.Late, c.Changed)
	}
	if c := collect(t, e, august.End.Add(2*time.Hour))[0]; len(c.Late) != 0 || c.Changed != 0 {
		t.Errorf("again: late %+v, changed %d", c.Late, c.Changed)
	}
	want := []string{
		// As billed: 10 minutes, and 500 - 100.
		"a nz-1 r m1 2013-08-31T23:00:00Z/2013-09-01T00:00:00Z 600 second 1",
		"a nz-1 r network.incoming.bytes 2013-08-31T23:00:00Z/2013-09-01T00:00:00Z 400 B 2",
		// 1100 - 1000, and no time any more.
		"a nz-1 r network.incoming.bytes 2013-09-01T00:00:00Z/2013-09-01T01:00:00Z 100 B 1",
	}
	if diff := cmp.Diff(want, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	want = []string{
		"a nz-1 r m1 2013-08-31T23:00:00Z/2013-09-01T00:00:00Z -300 second 1", // 5 minutes less
		"a nz-1 r network.incoming.bytes 2013-08-31T23:00:00Z/2013-09-01T00:00:00Z 500 B 1",
	}
	if diff := cmp.Diff(want, adjustments(t, e)); diff != "" {
		t.Errorf("adjustments (-want +got):\n%s", diff)
	}
}

// Another rule holds for all time that is not billed, so that no month is
// measured in two ways; what is billed stays.
func TestAnotherRule(t *testing.T) {
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-07-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-06T03:10:00Z", "3"),
	}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1", "volume": "1"}))
	collect(t, e, august.Start)
	july := usage.Span{Start: august.Start.AddDate(0, -1, 0), End: august.Start}
	if _, err := e.Bill(t.Context(), july, nil); err != nil {
		t.Fatal(err)
	}
	collect(t, e, august.Start.AddDate(0, 0, 5))
	i := slices.IndexFunc(e.Meters, func(m usage.Meter) bool { return m.Name == "volume.size" })
	e.Meters[i].Transformer, e.Meters[i].Service, e.Meters[i].Rule = usage.Sum{}, "volume", "transformer = sum"
	c := collect(t, e, august.End)[0]
	if len(c.Late) != 0 || c.Kept != 0 {
		t.Errorf("%+v", c)
	}
	want := []string{
		"a nz-1 v1 volume.size 2013-07-05T03:00:00Z/2013-07-05T04:00:00Z 2 GB hour 1",
		"a nz-1 v1 volume 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 2 GB 1",
		"a nz-1 v1 volume 2013-08-06T03:00:00Z/2013-08-06T04:00:00Z 3 GB 1",
	}
	if diff := cmp.Diff(want, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	// Windows whose samples are gone keep what they have.
	e.Meters[i].Rule = "transformer = sum\nservice = other"
	source.all = nil
	if c := collect(t, e, august.End)[0]; c.Changed != 0 {
		t.Errorf("%+v", c)
	}
}

// All series that cannot be folded are told of together; the others are
// collected, and only the time of the tenants concerned does not move on.
func TestRulesThatDoNotFit(t *testing.T) {
	bad := volume("a", "v2", "2013-08-05T03:10:00Z", "2")
	bad.Kind = usage.Cumulative
	other := bad
	other.Resource, other.ID = "v3", "x"
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), bad, other, volume("b", "v4", "2013-08-05T03:10:00Z", "5")}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	_, err := e.Collect(t.Context(), august.End)
	for _, want := range []string{"resource v2", "resource v3", "the time of their tenants does not move on"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if got := entries(t, e); len(got) != 2 {
		t.Errorf("entries %v", got)
	}
	want := map[string]billing.Result{"a": billing.NotBilled, "b": billing.Billed}
	if diff := cmp.Diff(want, results(bill(t, e))); diff != "" {
		t.Errorf("billed (-want +got):\n%s", diff)
	}
	source.all[1].Kind, source.all[2].Kind = usage.Gauge, usage.Gauge
	collect(t, e, august.End)
	want["a"] = billing.Billed
	want["b"] = billing.AlreadyBilled
	if diff := cmp.Diff(want, results(bill(t, e))); diff != "" {
		t.Errorf("billed, once mended (-want +got):\n%s", diff)
	}
}

// What is billed needs no samples any more, to fold what lies before it.
func TestLateBeforeABilledBlockThatWasRotatedAway(t *testing.T) {
	july := volume("a", "v1", "2013-07-05T03:10:00Z", "2")
	source := &samples{all: []usage.Sample{july, volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, august.End)
	bill(t, e)
	source.all = []usage.Sample{july, volume("a", "v1", "2013-07-05T03:20:00Z", "7")}
	if c := collect(t, e, august.End)[0]; len(c.Gone) != 0 || c.Changed != 1 {
		t.Errorf("%+v", c)
	}
	want := []string{
		"a nz-1 v1 volume.size 2013-07-05T03:00:00Z/2013-07-05T04:00:00Z 7 GB hour 2",
		"a nz-1 v1 volume.size 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 2 GB hour 1",
	}
	if diff := cmp.Diff(want, entries(t, e)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}
