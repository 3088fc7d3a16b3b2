package ledgertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// wantUsage compares what a store has of a tenant with lines: first the
// entries, such as "4 vm-1 c1.small 10" for the window from hour 4, then the
// adjustments, such as "4 vm-1 c1.small +2 pending" and "4 vm-1 c1.small -1 in bb".
// A sum is of two hours: "3-7 vm-1 c1.small 40". A datacenter that is not wlg
// and a unit that is not second follow the service. Entries of 0 are left out:
// whether there is one matters to nobody once usage has changed.
func wantUsage(t *testing.T, store ledger.Store, tenant string, want ...string) {
	t.Helper()
	same(t, "what "+tenant+" used", usageOf(t, store, tenant, usage.Span{}), want)
}

// wantAt is wantUsage for one hour.
func wantAt(t *testing.T, store ledger.Store, tenant string, n int, want ...string) {
	t.Helper()
	same(t, fmt.Sprintf("what %s used in hour %d", tenant, n), usageOf(t, store, tenant, hours(n, n+1)), want)
}

func usageOf(t *testing.T, store ledger.Store, tenant string, within usage.Span) (lines []string) {
	t.Helper()
	for _, e := range collect(t, store.Entries(t.Context(), ledger.EntryFilter{Tenant: tenant, Within: within})) {
		if !e.Volume.Volume.IsZero() {
			lines = append(lines, entryLine(e)+e.Volume.Volume.String())
		}
	}
	for _, a := range collect(t, store.Adjustments(t.Context(), ledger.AdjustmentFilter{Tenant: tenant, Within: within})) {
		lines = append(lines, adjustmentLine(a))
	}
	return lines
}

func entryLine(e usage.Entry) string {
	start := fmt.Sprintf("%d", int(e.Window.Start.Sub(midnight).Hours()))
	if e.Window.Duration() != usage.WindowLength {
		start += fmt.Sprintf("-%d", int(e.Window.End.Sub(midnight).Hours()))
	}
	line := fmt.Sprintf("%s %s %s ", start, e.Resource, e.Service)
	if e.Datacenter != "wlg" {
		line += e.Datacenter + " "
	}
	if e.Unit != "second" {
		line += e.Unit + " "
	}
	return line
}

func adjustmentLine(a ledger.Adjustment) string {
	volume := a.Volume.Volume.String()
	if !strings.HasPrefix(volume, "-") {
		volume = "+" + volume
	}
	by := "pending"
	if a.Order != "" {
		by = "in " + a.Order
	}
	return entryLine(a.Entry) + volume + " " + by
}

// wantTold compares the volumes of a series' folds, as they were recorded, with
// lines such as "4 acme c1.small 12".
func wantTold(t *testing.T, store ledger.Store, series ledger.Series, n int, want ...string) {
	t.Helper()
	var got []string
	for _, f := range foldsOf(t, store, series) {
		if !f.Window.Start.Equal(hour(n)) {
			continue
		}
		for _, e := range f.Entries {
			if !e.Volume.Volume.IsZero() {
				got = append(got, fmt.Sprintf("%d %s %s %s", n, e.Tenant, e.Service, e.Volume.Volume))
			}
		}
	}
	slices.Sort(got)
	same(t, fmt.Sprintf("the fold of hour %d", n), got, want)
}
