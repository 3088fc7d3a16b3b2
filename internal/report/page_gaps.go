package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

// gapsView is the silence of a tenant's resources: how long it was each day, and
// the longest gaps with their borders as they are.
type gapsView struct {
	Days    []silentDayView
	Longest []gapView
	More    int // shorter ones
}

type silentDayView struct{ Day, Silent string }

type gapView struct{ From, To, Length, Meter, Resource string }

// maxGaps is how many gaps of a tenant are shown.
const maxGaps = 12

// gapsOf tells of a tenant's gaps, given what became of its days.
func (r *Report) gapsOf(t Tenant, dates []time.Time, days []Hour) gapsView {
	v := gapsView{More: max(0, len(t.Gaps)-maxGaps)}
	for i, day := range days {
		if day.Silent > 0 {
			v.Days = append(v.Days, silentDayView{dates[i].Format(time.DateOnly), billing.DurationText(day.Silent)})
		}
	}
	longest := slices.SortedFunc(slices.Values(t.Gaps), func(a, b ledger.Gap) int {
		return cmp.Or(cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)), a.From.Compare(b.From), cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.Resource, b.Resource))
	})
	for _, g := range longest[:len(longest)-v.More] {
		v.Longest = append(v.Longest, gapView{r.second(g.From), r.second(g.To), billing.DurationText(g.To.Sub(g.From)), short(g.Meter), short(g.Resource)})
	}
	return v
}

// second is an instant for a person, to the second.
func (r *Report) second(t time.Time) string {
	return t.In(r.Facts.Location).Format("2006-01-02 15:04:05 -07:00")
}
