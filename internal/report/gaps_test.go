package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// contains fails the test where a page has not all of these.
func contains(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("there is no %s in\n%s", text, page[:min(len(page), 4000)])
		}
	}
}

// A gap is as long as it is, also where it is part of many hours, or one of many
// in an hour.
func TestSilent(t *testing.T) {
	f := facts([]usage.Tenant{{ID: "a"}})
	at := day(time.April, 5)
	gap := func(resource string, from, to time.Duration) {
		f.Gaps = append(f.Gaps, ledger.Gap{Series: ledger.Series{Meter: "instance", Resource: resource}, Gap: usage.Gap{Tenant: "a", From: at.Add(from), To: at.Add(to)}})
	}
	gap("vm-1", 10*time.Minute, 10*time.Minute+10*time.Second) // 10 s of the first hour
	gap("vm-2", 10*time.Minute, 10*time.Minute+20*time.Second) // 20 s
	gap("vm-1", 23*time.Hour+59*time.Minute, 25*time.Hour)     // 60 s of the last, 3,600 s of the next day
	gap("vm-1", -200*time.Hour, -120*time.Hour-30*time.Minute) // of March alone
	r := make_(t, f, report.DefaultLimits())
	a := r.Tenants[0]
	// The month begins 96 hours before.
	for hour, want := range map[int]time.Duration{95: 0, 96: 30 * time.Second, 97: 0, 96 + 23: time.Minute, 96 + 24: time.Hour} {
		if got := a.Hours[hour]; got.Silent != want {
			t.Errorf("hour %d is %+v, want %v", hour, got, want)
		}
	}
	if want := 30*time.Second + 61*time.Minute; a.Silent != want {
		t.Errorf("it is silent for %v, want %v", a.Silent, want)
	}
	page := write(t, r)
	gaps := between(t, page, `<div class="gaps">`, "</details>")
	for _, want := range []string{
		`<li>2025-04-05 <b>1 min 30 s</b></li>`, `<li>2025-04-06 <b>1 h</b></li>`,
		`<tr><th scope="row">2025-04-05 00:10:00 &#43;13:00<td>2025-04-05 00:10:20 &#43;13:00<td class="n">20 s<td><bdi>instance</bdi><td><bdi>vm-2</bdi></tr>`,
	} {
		contains(t, gaps, want)
	}
	contains(t, page, `<td class="c g" title="silent for 30 s">g`)
	contains(t, between(t, page, `id="attention"`, `</section>`), "resources of 1 tenant were silent 3 times, for 1 h 1 min 30 s in all")
}

// Many short gaps are one line, with what would have covered them.
func TestShortGaps(t *testing.T) {
	attention := between(t, write(t, make_(t, eventful(), report.DefaultLimits())), `id="attention"`, `</section>`)
	// 5 + 6 + ... + 24 = 290 s
	contains(t, attention, "meter instance: 20 short gaps of 24 s at most, 4 min 50 s in all, of 1 tenant")
	contains(t, attention, "raise hold of [meter:instance] from 1h to 61m: that would have covered them")
	few := eventful()
	few.Gaps = few.Gaps[:6] // of which 4 are short
	if page := write(t, make_(t, few, report.DefaultLimits())); strings.Contains(page, "raise hold") {
		t.Error("4 short gaps are many")
	}
}
