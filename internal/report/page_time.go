package report

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// A look is how a state is told: by a class, which gives it a colour and a
// pattern, by a sign, and by a word.
type look struct{ class, sign, word string }

var looks = [states]look{
	Outside:   {"a", "", "outside"},
	Billed:    {"b", "b", "billed"},
	Collected: {"c", "c", "collected, not billed"},
	Claimed:   {"k", "…", "claimed"},
	Missing:   {"m", "×", "missing"},
	Parked:    {"p", "!", "parked"},
	InDoubt:   {"d", "?", "in doubt"},
}

// gapSign and gapClass are the look of a gap in time that is billed.
const gapSign, gapClass = "g", "b g"

// cells are the cells of the calendar, by state.
var cells = func() (all [states]template.HTML) {
	for state, l := range looks {
		all[state] = template.HTML(fmt.Sprintf(`<td class="%s">%s`, l.class, l.sign))
	}
	return all
}()

// noHour is the cell of an hour that the clocks leave out.
const noHour template.HTML = `<td>`

// cell is the cell of an hour, or of several. One with gaps says how long they
// are.
func cell(h Hour) template.HTML {
	if h.Silent == 0 {
		return cells[h.State]
	}
	sign := looks[h.State].sign
	if h.State == Billed || h.State == Collected {
		sign = gapSign
	}
	return template.HTML(fmt.Sprintf(`<td class="%s g" title="silent for %s">%s`, looks[h.State].class, billing.DurationText(h.Silent), sign))
}

func word(h Hour) string {
	if h.Silent > 0 {
		return looks[h.State].word + ", with gaps"
	}
	return looks[h.State].word
}

// silence is how long resources were silent, "" for never.
func silence(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return billing.DurationText(d)
}

// timeView is the calendar: a row of days for each tenant, and for some tenants
// every hour.
type timeView struct {
	Legend []legendView
	Days   []dayView
	Rows   []tenantView
	More   int // tenants that are not shown
	// Daily says that hours are not shown, as there are too many tenants.
	Daily bool
}

type legendView struct {
	Cell        template.HTML
	Word, Means string
}

type dayView struct {
	Day     int
	Weekday string // its first letter
	Name    string // for who cannot see the column
	Weekend bool
}

type tenantView struct {
	Who             who
	Days            []template.HTML
	Billed, Missing int
	Silent          string // how long its resources were, in all; "" for never
	Open            bool   // whether there is anything to be seen in its hours
	Gaps            gapsView
	Hours           []hourView
	Runs            []runView
	MoreRuns        int
}

// hourView is one hour of all days.
type hourView struct {
	Hour  string
	Cells []template.HTML
}

// runView is some time of which the same is to be said.
type runView struct {
	Cell           template.HTML
	Word, From, To string
	Length, Silent string
}

// maxRuns is how many spells are told in words.
const maxRuns = 12

func (r *Report) time() timeView {
	v := timeView{Legend: legend(), Daily: len(r.Tenants) > r.Limits.Hours}
	days, at := r.days()
	for _, d := range days {
		v.Days = append(v.Days, dayView{d.Day(), d.Weekday().String()[:1], d.Format("2 January, Monday"), d.Weekday() == time.Saturday || d.Weekday() == time.Sunday})
	}
	for _, t := range r.Tenants {
		if !t.shown {
			v.More++
			continue
		}
		v.Rows = append(v.Rows, r.tenantTime(t, days, at, v.Daily))
	}
	return v
}

// days returns the days of the month, and for each window the number of its day
// and the hour of its clock.
func (r *Report) days() (days []time.Time, at [][2]int) {
	f := &r.Facts
	for i := range f.index(f.Month.End) {
		local := f.window(i).Start.In(f.Location)
		if len(days) == 0 || days[len(days)-1].YearDay() != local.YearDay() {
			days = append(days, local)
		}
		at = append(at, [2]int{len(days) - 1, local.Hour()})
	}
	return days, at
}

func (r *Report) tenantTime(t Tenant, dates []time.Time, at [][2]int, daily bool) tenantView {
	days := len(dates)
	v := tenantView{Who: whoIs(t.Tenant), Billed: t.Counted[Billed], Missing: t.Counted[Missing], Silent: silence(t.Silent), Open: len(r.Tenants) == 1}
	byDay, byHour, clock := make([]Hour, days), make([]Hour, days*24), make([]bool, days*24)
	for i, h := range t.Hours {
		day, hour := at[i][0], at[i][1]
		byDay[day] = worst(byDay[day], h)
		// An hour that the clocks show twice has one cell.
		byHour[hour*days+day] = worst(byHour[hour*days+day], h)
		clock[hour*days+day] = true
	}
	for _, h := range byDay {
		v.Days = append(v.Days, cell(h))
	}
	if daily {
		return v
	}
	for hour := range 24 {
		row := hourView{Hour: fmt.Sprintf("%02d", hour)}
		for i := hour * days; i < (hour+1)*days; i++ {
			if clock[i] {
				row.Cells = append(row.Cells, cell(byHour[i]))
			} else {
				row.Cells = append(row.Cells, noHour)
			}
		}
		v.Hours = append(v.Hours, row)
	}
	v.Gaps = r.gapsOf(t, dates, byDay)
	all := runs(t.Hours)
	v.MoreRuns = max(0, len(all)-maxRuns)
	for _, s := range all[:len(all)-v.MoreRuns] {
		v.Runs = append(v.Runs, runView{cell(s.hour), word(s.hour), r.instant(r.Facts.window(s.from).Start), r.instant(r.Facts.window(s.to).Start), billing.DurationText(time.Duration(s.to-s.from) * usage.WindowLength), silence(s.hour.Silent)})
	}
	return v
}

func legend() []legendView {
	var all []legendView
	for _, m := range []struct {
		state State
		means string
	}{
		{Billed, "the invoice is saved, or there was nothing to bill"},
		{Collected, "usage is known; no order bills it yet"},
		{Claimed, "an order bills it; its invoice may not be saved yet"},
		{Parked, "its order waits until a cause is mended"},
		{InDoubt, "nobody can tell whether the ERP has its invoice"},
		{Missing, "has passed, and is not collected"},
		{Outside, "still to come, or before the first sample"},
	} {
		all = append(all, legendView{cells[m.state], looks[m.state].word, m.means})
	}
	gap := template.HTML(fmt.Sprintf(`<td class="%s">%s`, gapClass, gapSign))
	return slices.Insert(all, len(all)-1, legendView{gap, "with a gap", "a resource sent nothing for some of it: that is billed to nobody; the cell says how long"})
}
