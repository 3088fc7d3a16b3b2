package billing_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
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

// Wherever collecting stops and goes on, in whatever order samples come in,
// some of them late, the usage is that of collecting once at the end.
func TestCollectResumesAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(drawSample), 1, 40).Draw(t, "samples")
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, 5).Draw(t, "repeated") {
			all = append(all, all[i])
		}
		end := august.Start.Add(14 * time.Hour)
		dir, cleanup := tempDir(t)
		defer cleanup()
		var closers closers
		defer closers.close()

		once := newEngine(closers.on(t), filepath.Join(dir, "once"), &samples{all: all}, nil)
		if _, err := once.Collect(context.Background(), end); err != nil {
			t.Fatal(err)
		}
		source := &samples{}
		cut := newEngine(closers.on(t), filepath.Join(dir, "cut"), source, nil)
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
	e := newEngine(t, t.TempDir(), source, nil)
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
	e := newEngine(t, t.TempDir(), source, newDesk(map[string]string{"volume.size": "1"}))
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
	e := newEngine(t, t.TempDir(), source, erp)
	collect(t, e, august.End)
	source.all = append(source.all, volume("a", "v1", "2013-08-05T04:20:00Z", "5"))
	if c := collect(t, e, august.End)[0]; c.Changed != 1 {
		t.Errorf("%d windows changed, want 1", c.Changed)
	}
	if got := bill(t, e)[0].Order.Total.String(); got != "9" { // 2 + 5 + 2
		t.Errorf("total %s", got)
	}
	// Now the block is billed: what comes later is told, and changes nothing.
	source.all = append(source.all, volume("a", "v1", "2013-08-05T05:20:00Z", "8"))
	billed := entries(t, e)
	for range 2 {
		c := collect(t, e, august.End)[0]
		if len(c.Late) != 1 || c.Late[0].Window.Start.Hour() != 5 || c.Changed != 0 {
			t.Errorf("late %+v, changed %d", c.Late, c.Changed)
		}
	}
	if diff := cmp.Diff(billed, entries(t, e)); diff != "" {
		t.Errorf("billed usage changed:\n%s", diff)
	}
}

func TestLateSamplesAfterTheFilesAreGone(t *testing.T) {
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:40:00Z", "2"),
	}}
	e := newEngine(t, t.TempDir(), source, nil)
	collect(t, e, august.End)
	before := entries(t, e)
	source.all = source.all[:2] // one is rotated away: nothing is late
	if c := collect(t, e, august.End)[0]; len(c.Gone) != 0 || c.Changed != 0 {
		t.Errorf("%+v", c)
	}
	source.all = append(slices.Clone(source.all), volume("a", "v1", "2013-08-05T03:20:00Z", "5"))
	if c := collect(t, e, august.End)[0]; len(c.Gone) != 1 || c.Gone[0].Missing.Start.Hour() != 4 {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff(before, entries(t, e)); diff != "" {
		t.Errorf("usage changed:\n%s", diff)
	}
}
