package billing_test

import (
	"errors"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// rename gives the source another name: what it says is new to the store.
func rename(e *billing.Engine, name string) {
	e.Sources[0].Name, e.SourceNames = name, []string{name}
}

// wantBilledOnce wants nothing of what was billed to wait for another order.
func wantBilledOnce(t *testing.T, e *billing.Engine) {
	t.Helper()
	if got := adjustments(t, e); len(got) > 0 {
		t.Errorf("billed twice: %q", got)
	}
}

// A tenant that is held back when a renamed source is first collected is billed
// nothing twice once it is not: what lies beyond its mark was billed before.
func TestRenamedSourceOfAHeldTenant(t *testing.T) {
	for name, ill := range map[string]func(s *samples, ill bool){
		"cannot be read": func(s *samples, ill bool) {
			if s.errs = nil; ill {
				s.errs = []error{&usage.TenantError{Tenant: "a", Err: errors.New("no access")}}
			}
		},
		"does not fit the rule": func(s *samples, ill bool) {
			if s.all[0].Kind = usage.Gauge; ill {
				s.all[0].Kind = usage.Cumulative
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, source := billedAugust(t)
			rename(e, "ceilo")
			ill(source, true)
			if _, err := e.Collect(t.Context(), september.End); err == nil {
				t.Fatal("collected")
			}
			ill(source, false)
			if c := collect(t, e, september.End)[0]; len(c.Aside) != 1 || c.Aside[0].Windows != 2 || len(c.Late) > 0 {
				t.Errorf("left out %+v, late %+v", c.Aside, c.Late)
			}
			wantBilledOnce(t, e)
		})
	}
}

// So it is wherever between the steps the tenant can not be read any more.
func TestReachedOfAHeldTenantOfABilledBlock(t *testing.T) {
	all := hourly(12)
	for dies := 2; dies < len(all); dies++ {
		e := newEngine(&samples{all: all}, newDesk(map[string]string{"volume.size": "1"}))
		collect(t, e, august.End)
		bill(t, e)
		source := &stepping{samples: samples{all: all}, every: 4, dies: dies, with: &usage.TenantError{Tenant: "a", Err: errors.New("no access")}}
		e.Sources[0].Source = source
		rename(e, "renamed")
		if _, err := e.Collect(t.Context(), august.End); err == nil {
			t.Fatalf("%d: collected", dies)
		}
		source.dies = 0
		collect(t, e, august.End)
		wantBilledOnce(t, e)
	}
}

// A tenant that lagged while its source was out of the config was billed without
// that source. What the source says of it, once it is back, is left out.
func TestLaggingTenantOfASourceThatWasAway(t *testing.T) {
	e, source := billedAugust(t)
	source.errs = []error{&usage.TenantError{Tenant: "a", Err: errors.New("no access")}}
	if _, err := e.Collect(t.Context(), september.End); err == nil {
		t.Fatal("collected")
	}
	source.errs = nil
	rename(e, "ceilo")
	collect(t, e, september.End)
	if outcomes, err := e.Bill(t.Context(), september, nil); err != nil || outcomes[0].Result != billing.Billed || outcomes[0].Order.Total.String() != "2" {
		t.Fatalf("%+v, %v", outcomes, err)
	}
	rename(e, "object")
	if c := collect(t, e, september.End)[0]; len(c.Aside) != 1 || c.Aside[0].Windows != 1 {
		t.Errorf("left out %+v", c.Aside)
	}
	wantBilledOnce(t, e)
}

// A renamed source bills nobody twice for a resource that changed hands within
// an hour whose only samples are of the one who was not billed.
func TestRenamedSourceOfAResourceThatChangesHands(t *testing.T) {
	e := newEngine(&samples{all: []usage.Sample{ran("a", "i1", "03:30"), ran("b", "i1", "04:10")}}, newDesk(map[string]string{"small": "1"}))
	collect(t, e, august.End)
	if _, err := e.Bill(t.Context(), august, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	rename(e, "ceilo")
	for range 2 {
		collect(t, e, august.End)
		wantBilledOnce(t, e)
	}
}

// A sample that a filter leaves out says nothing of whose usage reaches on.
func TestRenamedSourceOfSamplesThatAreFiltered(t *testing.T) {
	large, err := usage.ParseExpression("volume > `10`")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(&samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "20"), volume("b", "v1", "2013-08-05T03:20:00Z", "5")}}, newDesk(map[string]string{"large": "1"}))
	e.Meters = []usage.Meter{{Name: "large", Meter: "volume.size", Service: "large", Transformer: usage.Integral{Hold: 3 * time.Hour}, Filters: []*usage.Expression{large}, Billed: true}}
	collect(t, e, august.End)
	if _, err := e.Bill(t.Context(), august, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	rename(e, "ceilo")
	for range 2 {
		collect(t, e, august.End)
		wantBilledOnce(t, e)
	}
}
