package report

import (
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A State is what became of a window of a tenant. A later one matters more: of
// several windows in one cell the greatest state is shown.
type State uint8

// The states of a window.
const (
	Outside   State = iota // has not passed yet, or was before the first sample
	Billed                 // by an order that is settled
	Collected              // and not billed yet
	Claimed                // by an order whose invoice may not be saved yet
	Missing                // has passed, and is not collected
	Parked                 // its order waits for a cause to be mended
	InDoubt                // nobody can tell whether the ERP has its invoice
	states
)

// An Hour is one window of a tenant.
type Hour struct {
	State State
	// Silent is for how much of it resources sent nothing that were heard of
	// again, all together. A silence that lasts is none: such a resource may be
	// gone.
	Silent time.Duration
}

// hourStates says which state an order gives to the windows of its block.
var hourStates = map[ledger.Status]State{
	ledger.Settled: Billed, ledger.Claimed: Claimed, ledger.InDoubt: InDoubt, ledger.Parked: Parked,
}

// hours returns the state of every window of the month. The orders, marks and
// gaps are the tenant's.
func (f *Facts) hours(marks []ledger.Mark, orders []ledger.Order, gaps []ledger.Gap) []Hour {
	all := make([]Hour, f.index(f.Month.End))
	collected, first := f.collected(marks), f.first(marks)
	for i := range all {
		switch {
		case collected[i]:
			all[i].State = Collected
		case i < first || f.window(i).End.After(f.Now):
			all[i].State = Outside
		default:
			all[i].State = Missing
		}
	}
	// What reserves its block has the last word.
	for _, reserves := range []bool{false, true} {
		for _, o := range orders {
			state, known := hourStates[o.Status]
			if !known || o.Reserves != reserves {
				continue
			}
			for i, end := f.index(o.Block.Start), f.index(o.Block.End); i < end; i++ {
				all[i].State = state
			}
		}
	}
	for _, gap := range gaps {
		for i := f.index(gap.From); i < len(all) && f.window(i).Start.Before(gap.To); i++ {
			all[i].Silent += earlier(f.window(i).End, gap.To).Sub(later(f.window(i).Start, gap.From))
		}
	}
	return all
}

// gaps returns the gaps that have a part in the month, by tenant. One that lasts
// has no end, and is none.
func (f *Facts) gaps() map[string][]ledger.Gap {
	gaps := map[string][]ledger.Gap{}
	for _, g := range f.Gaps {
		if g.From.Before(f.Month.End) && g.To.After(f.Month.Start) {
			gaps[g.Tenant] = append(gaps[g.Tenant], g)
		}
	}
	return gaps
}

// index is the number of the window of the month that t lies in, the nearest
// for a time outside of it.
func (f *Facts) index(t time.Time) int {
	if t.After(f.Month.End) {
		t = f.Month.End
	}
	return max(0, int(t.Sub(f.Month.Start)/usage.WindowLength))
}

// window is the window of the month with this number.
func (f *Facts) window(i int) usage.Span {
	start := f.Month.Start.Add(time.Duration(i) * usage.WindowLength)
	return usage.Span{Start: start, End: start.Add(usage.WindowLength)}
}

// collected tells of each window whether a tenant with these marks is collected
// then: by some source, and by none of the deployment's too short.
func (f *Facts) collected(marks []ledger.Mark) []bool {
	all := make([]bool, f.index(f.Month.End))
	if len(marks) == 0 {
		return all
	}
	first, through := f.first(marks), f.Month.End
	every := slices.Concat(marks, f.whole)
	for _, source := range f.Sources {
		of := func(m ledger.Mark) bool { return m.Source == source }
		if !slices.ContainsFunc(f.whole, of) {
			return all // it never was
		}
		for _, m := range every {
			if of(m) {
				through = earlier(through, m.Through)
			}
		}
	}
	for _, m := range every {
		for i, end := max(first, f.index(m.From)), f.index(earlier(m.Through, through)); i < end; i++ {
			all[i] = true
		}
	}
	return all
}

// first is the number of the first window that a tenant with these marks is
// collected in: before it there was nothing to collect.
func (f *Facts) first(marks []ledger.Mark) int {
	if len(marks) == 0 {
		return 0
	}
	from := f.Month.End
	for _, m := range marks {
		from = earlier(from, m.From)
	}
	return f.index(from)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// A run is hours, one after the other, of which the same is to be said.
type run struct {
	hour     Hour
	from, to int // numbers of windows, without to
}

func runs(hours []Hour) []run {
	var all []run
	for i, h := range hours {
		if n := len(all); n > 0 && all[n-1].hour.State == h.State && (all[n-1].hour.Silent > 0) == (h.Silent > 0) {
			all[n-1].to = i + 1
			all[n-1].hour.Silent += h.Silent
			continue
		}
		all = append(all, run{h, i, i + 1})
	}
	return all
}

// worst is what a cell shows that stands for several windows.
func worst(a, b Hour) Hour {
	return Hour{State: max(a.State, b.State), Silent: a.Silent + b.Silent}
}
