package billing_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// sent is a sample of a counter.
func sent(tenant string, at time.Time, n string) usage.Sample {
	s := volume(tenant, "nic", at.Format(time.RFC3339), n)
	s.Meter, s.Kind, s.Unit = "network.incoming.bytes", usage.Cumulative, "B"
	return s
}

// A series that was given up in one step lacks what came before in the next: who
// has it by then is not billed for what another used.
func TestStuckInAStep(t *testing.T) {
	bad := sent("a", hour(2).Add(time.Minute), "100000")
	bad.Kind = usage.Gauge
	good := []usage.Sample{sent("a", hour(0), "0"), sent("a", hour(2).Add(9*time.Minute), "1000000"), sent("b", hour(5), "1000010"), sent("b", hour(6), "1000020")}
	all := append(hourly(12), good...)
	once := newEngine(&samples{all: all}, nil)
	collect(t, once, hour(12))

	source := &stepping{samples: samples{all: append(hourly(1), good[0])}, every: 4}
	e := newEngine(source, nil)
	collect(t, e, hour(1))
	source.all = append([]usage.Sample{bad}, all...)
	if _, err := e.Collect(t.Context(), hour(12)); err == nil || strings.Contains(err.Error(), "could not all be read") {
		t.Errorf("error %v", err)
	}
	for _, entry := range entries(t, e) {
		if strings.HasPrefix(entry, "b ") && strings.Contains(entry, "network") {
			t.Errorf("b has %s", entry)
		}
	}
	if a, b := marked(t, e, "a"), marked(t, e, "b"); a != 2 || b != 5 {
		t.Errorf("a is collected up to hour %d, b up to %d, want 2 and 5", a, b)
	}
	source.all = all
	collect(t, e, hour(12))
	if diff := cmp.Diff(entries(t, once), entries(t, e)); diff != "" {
		t.Errorf("collected once, and once it was mended (-once +mended):\n%s", diff)
	}
}

// A run that dies before it marks what it recorded leaves windows that a step may
// not take for what follows it: another sample may have come before them.
func TestStepWithinWhatWasRecorded(t *testing.T) {
	held := usage.Meter{Name: "held", Meter: "instance", Service: "held", Transformer: usage.Uptime{Hold: 50 * time.Hour}, Billed: true}
	all := append(hourly(12), ran("a", "i1", "00:30"), ran("a", "i1", "09:30"))
	for i := range all {
		if all[i].Resource == "i1" {
			all[i].Time = all[i].Time.Add(august.Start.Sub(fifth(0)))
		}
	}
	late := all[len(all)-2]
	late.ID, late.Time, late.Metadata = "late", hour(3).Add(30*time.Minute), map[string]string{"flavor.name": "large", "status": "active"}
	with := append(all[:len(all):len(all)], late)
	engine := func(source usage.Source) *billing.Engine {
		e := newEngine(source, nil)
		e.Meters = append(e.Meters, held)
		return e
	}
	once := engine(&samples{all: with})
	collect(t, once, hour(12))

	source := &stepping{samples: samples{all: all}, every: 1000}
	e := engine(source)
	store := &failing{Store: e.Store, at: 2} // with the marks
	e.Store = store
	if _, err := e.Collect(t.Context(), hour(12)); !errors.Is(err, errFull) || marked(t, e, "a") >= 0 || len(entries(t, e)) == 0 {
		t.Fatalf("error %v; a is collected up to %d, with %d entries", err, marked(t, e, "a"), len(entries(t, e)))
	}
	source.all, source.every = with, 4
	if c := collect(t, e, hour(12))[0]; len(c.Gone)+c.Clashes > 0 {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff(entries(t, once), entries(t, e)); diff != "" {
		t.Errorf("collected once, and again after one that died (-once +again):\n%s", diff)
	}
}

// Who could not be read when a source was collected first may have used anything,
// also before all that it had of others.
func TestUnreadAtFirst(t *testing.T) {
	for name, through := range map[string]time.Time{"as far as there is": {}, "through the month": august.End} {
		old := &samples{all: []usage.Sample{volume("b", "v1", "2013-08-05T03:10:00Z", "1"), volume("b", "v1", "2013-09-05T03:10:00Z", "1")}}
		e := newEngine(old, newDesk(map[string]string{"volume.size": "1"}))
		collect(t, e, through)
		young := &samples{
			all:  []usage.Sample{volume("a", "v2", "2013-09-02T03:10:00Z", "2"), volume("a", "v2", "2013-09-05T03:10:00Z", "2")},
			errs: []error{&usage.TenantError{Tenant: "b", Err: errUnread}},
		}
		e.Sources = append(e.Sources, billing.Source{Name: "young", Source: young})
		e.SourceNames = []string{"object", "young"}
		if _, err := e.Collect(t.Context(), through); !errors.Is(err, errUnread) {
			t.Errorf("%s: error %v", name, err)
		}
		lags, err := e.Behind(t.Context(), august, []string{"b"})
		if want := "tenant b, source young: never collected"; err != nil || len(lags) != 1 || lags[0].String() != want {
			t.Errorf("%s: behind are %v (%v), want %s", name, lags, err, want)
		}
		if outcomes, _ := e.Bill(t.Context(), august, []string{"b"}); len(outcomes) != 1 || outcomes[0].Result == billing.Billed {
			t.Errorf("%s: without what could not be read, bill came to %+v", name, outcomes)
		}
		young.errs = nil
		young.all = append(young.all, volume("b", "v3", "2013-08-05T03:10:00Z", "7"))
		for _, c := range collect(t, e, through) {
			if len(c.Aside)+len(c.Late) > 0 {
				t.Errorf("%s: aside %v, late %v", name, c.Aside, c.Late)
			}
		}
		outcomes, err := e.Bill(t.Context(), august, []string{"b"})
		if err != nil || len(outcomes) != 1 || outcomes[0].Result != billing.Billed || outcomes[0].Order.Total.String() != "8" {
			t.Errorf("%s: bill came to %+v (%v), want 8", name, outcomes, err)
		}
	}
}

// A source that has nothing any more is no failure.
func TestNothingAnyMore(t *testing.T) {
	source := &samples{all: hourly(12)}
	e := newEngine(source, nil)
	collect(t, e, hour(6))
	source.all = nil
	if c := collect(t, e, time.Time{})[0]; !c.From.Equal(hour(0)) || !c.Through.Equal(hour(6)) || c.Changed > 0 {
		t.Errorf("%+v", c)
	}
}

// A meter that comes back while a tenant is held has all that was measured without
// it, though the tenant's bookmark says that it was read.
func TestAMeterIsBackWhileATenantIsHeld(t *testing.T) {
	source := &giver{sparing: true, samples: samples{all: []usage.Sample{ran("b", "r2", "00:30"), ran("a", "r1", "00:10")}}}
	e := newEngine(source, nil)
	with := append(e.Meters, usage.Meter{Name: "held", Meter: "instance", Service: "held", Transformer: usage.Uptime{Hold: 20 * time.Minute}, Billed: true})
	e.Meters = with
	collect(t, e, fifth(2))
	source.all = append(source.all, ran("a", "r2", "01:30"))
	e.Meters = slices.DeleteFunc(slices.Clone(with), func(m usage.Meter) bool { return m.Name == "instance" })
	collect(t, e, fifth(2))
	e.Meters = with
	source.all = append(source.all, ran("c", "r3", "03:30"))
	source.hides, source.hidden = "b", 1
	if _, err := e.Collect(t.Context(), fifth(4)); !errors.Is(err, errUnread) {
		t.Fatalf("error %v", err)
	}
	source.hides = ""
	collect(t, e, fifth(5))

	once := newEngine(&samples{all: source.all}, nil)
	once.Meters = with
	collect(t, once, fifth(5))
	if diff := cmp.Diff(entries(t, once), entries(t, e)); diff != "" {
		t.Errorf("collected once, and with a meter that went and came (-once +came):\n%s", diff)
	}
}
