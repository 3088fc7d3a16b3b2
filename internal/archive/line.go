package archive

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A line is a record as it is written.
type line struct {
	Tenant     *tenant     `json:"tenant,omitempty"`
	Mark       *mark       `json:"mark,omitempty"`
	Meter      *meter      `json:"meter,omitempty"`
	Resource   *resource   `json:"resource,omitempty"`
	Fold       *fold       `json:"fold,omitempty"`
	Order      *order      `json:"order,omitempty"`
	Adjustment *adjustment `json:"adjustment,omitempty"`
	Sum        *sum        `json:"sum,omitempty"`
}

type tenant struct {
	ID    string            `json:"id"`
	Name  string            `json:"name,omitempty"`
	Extra map[string]string `json:"extra,omitempty"`
}

type mark struct {
	Tenant  string    `json:"tenant,omitempty"` // none for the source as a whole
	Source  string    `json:"source"`
	From    time.Time `json:"from"`
	Through time.Time `json:"through"`
}

type meter struct {
	Source  string    `json:"source"`
	Meter   string    `json:"meter"`
	Through time.Time `json:"through"`
	Rule    string    `json:"rule,omitempty"`
}

type resource struct {
	Tenant string            `json:"tenant"`
	ID     string            `json:"id"`
	Meter  string            `json:"meter"`
	Type   string            `json:"type,omitempty"`
	Info   map[string]string `json:"info,omitempty"`
	Seen   time.Time         `json:"seen,omitzero"`
}

type series struct {
	Source   string `json:"source"`
	Meter    string `json:"meter"`
	Resource string `json:"resource"`
}

// volume is what a tenant used, in whatever window.
type volume struct {
	Tenant     string `json:"tenant"`
	Datacenter string `json:"datacenter,omitempty"`
	Service    string `json:"service,omitempty"`
	Volume     figure `json:"volume"`
	Unit       string `json:"unit,omitempty"`
	Samples    int    `json:"samples,omitempty"`
}

type fold struct {
	series
	Window  time.Time `json:"window"` // its start
	Samples int       `json:"samples,omitempty"`
	Digest  string    `json:"digest,omitempty"`
	State   string    `json:"state,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Entries []volume  `json:"entries,omitempty"`
	Gaps    []gap     `json:"gaps,omitempty"`
	Pruned  bool      `json:"pruned,omitempty"`
}

type gap struct {
	Tenant string    `json:"tenant"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"`
}

type adjustment struct {
	series
	volume
	Window time.Time `json:"window"`
	Order  string    `json:"order,omitempty"` // none while it is pending
}

type sum struct {
	series
	volume
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Order   string    `json:"order"`
	Entries int       `json:"entries"`
}

func encode(r ledger.Record) (line, error) {
	var l line
	set := 0
	is := func(there bool) bool {
		if there {
			set++
		}
		return there
	}
	if is(r.Tenant != nil) {
		l.Tenant = &tenant{r.Tenant.ID, r.Tenant.Name, r.Tenant.Extra}
	}
	if is(r.Mark != nil) {
		l.Mark = &mark{r.Mark.Tenant, r.Mark.Source, r.Mark.From.UTC(), r.Mark.Through.UTC()}
	}
	if is(r.Meter != nil) {
		l.Meter = &meter{r.Meter.Source, r.Meter.Meter, r.Meter.Through.UTC(), r.Meter.Rule}
	}
	if is(r.Resource != nil) {
		l.Resource = &resource{r.Resource.Tenant, r.Resource.ID, r.Resource.Meter, r.Resource.Type, r.Resource.Info, utc(r.Resource.Seen)}
	}
	if is(r.Fold != nil) {
		l.Fold = encodeFold(r.Fold)
		if !utf8.ValidString(l.Fold.Digest) || !utf8.ValidString(l.Fold.State) {
			return line{}, errors.New("a fold's digest or state is not UTF-8")
		}
	}
	if is(r.Order != nil) {
		l.Order = encodeOrder(r.Order)
	}
	if is(r.Adjustment != nil) {
		a := r.Adjustment
		l.Adjustment = &adjustment{seriesOf(a.Entry), volumeOf(a.Volume), a.Window.Start.UTC(), a.Order}
	}
	if is(r.Sum != nil) {
		s := r.Sum
		l.Sum = &sum{seriesOf(s.Entry), volumeOf(s.Volume), s.Window.Start.UTC(), s.Window.End.UTC(), s.Order, s.Entries}
	}
	if set != 1 {
		return line{}, fmt.Errorf("a record of %d kinds", set)
	}
	return l, nil
}

func encodeFold(f *ledger.SeriesFold) *fold {
	out := &fold{
		series: series{f.Source, f.Meter, f.Resource},
		Window: f.Window.Start.UTC(), Samples: f.Samples, Digest: f.Digest,
		State: f.State.Data, Until: utc(f.State.Until), Pruned: f.Pruned,
	}
	for _, e := range f.Entries {
		out.Entries = append(out.Entries, volumeOf(e.Volume))
	}
	for _, g := range f.Gaps {
		out.Gaps = append(out.Gaps, gap{g.Tenant, g.From.UTC(), utc(g.To)})
	}
	return out
}

func decode(text []byte) (ledger.Record, error) {
	var l line
	if err := strict(text, &l); err != nil {
		return ledger.Record{}, err
	}
	var r ledger.Record
	set := 0
	if t := l.Tenant; t != nil {
		set++
		r.Tenant = &usage.Tenant{ID: t.ID, Name: t.Name, Extra: t.Extra}
	}
	if m := l.Mark; m != nil {
		set++
		r.Mark = &ledger.Mark{Tenant: m.Tenant, Source: m.Source, From: m.From, Through: m.Through}
	}
	if m := l.Meter; m != nil {
		set++
		r.Meter = &ledger.MeterMark{Source: m.Source, Meter: m.Meter, Through: m.Through, Rule: m.Rule}
	}
	if o := l.Resource; o != nil {
		set++
		r.Resource = &ledger.Resource{Tenant: o.Tenant, ID: o.ID, Meter: o.Meter, Type: o.Type, Info: o.Info, Seen: o.Seen}
	}
	if f := l.Fold; f != nil {
		set++
		r.Fold = f.record()
	}
	if o := l.Order; o != nil {
		set++
		var err error
		if r.Order, err = o.record(); err != nil {
			return ledger.Record{}, err
		}
	}
	if a := l.Adjustment; a != nil {
		set++
		r.Adjustment = &ledger.Adjustment{Entry: entry(a.series, a.volume, window(a.Window)), Order: a.Order}
	}
	if s := l.Sum; s != nil {
		set++
		r.Sum = &ledger.Sum{Entry: entry(s.series, s.volume, usage.Span{Start: s.Start, End: s.End}), Order: s.Order, Entries: s.Entries}
	}
	if set != 1 {
		return ledger.Record{}, fmt.Errorf("a record of %d kinds, not of one", set)
	}
	return r, nil
}

func (f *fold) record() *ledger.SeriesFold {
	at := window(f.Window)
	out := &ledger.SeriesFold{
		Series: ledger.Series{Source: f.Source, Meter: f.Meter, Resource: f.Resource},
		Fold: ledger.Fold{
			Window: at, Samples: f.Samples, Digest: f.Digest, Pruned: f.Pruned,
			State: usage.State{Data: f.State, Until: f.Until},
		},
	}
	for _, v := range f.Entries {
		out.Entries = append(out.Entries, entry(f.series, v, at))
	}
	for _, g := range f.Gaps {
		out.Gaps = append(out.Gaps, usage.Gap{Tenant: g.Tenant, From: g.From, To: g.To})
	}
	return out
}

func seriesOf(e usage.Entry) series { return series{e.Source, e.Meter, e.Resource} }

func volumeOf(v usage.Volume) volume {
	return volume{v.Tenant, v.Datacenter, v.Service, figure{v.Volume}, v.Unit, v.Samples}
}

func entry(s series, v volume, window usage.Span) usage.Entry {
	return usage.Entry{
		Source: s.Source, Meter: s.Meter, Resource: s.Resource, Window: window,
		Volume: usage.Volume{Tenant: v.Tenant, Datacenter: v.Datacenter, Service: v.Service, Volume: v.Volume.Decimal, Unit: v.Unit, Samples: v.Samples},
	}
}

func window(start time.Time) usage.Span {
	return usage.Span{Start: start, End: start.Add(usage.WindowLength)}
}

// utc leaves the zero time as it is: left out where it is written.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// local puts an instant into an order's time zone.
func local(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.In(zone)
}

type item struct {
	Datacenter  string    `json:"datacenter"`
	Name        string    `json:"name"`
	Value       figure    `json:"value"`
	Unit        string    `json:"unit,omitempty"`
	Resource    string    `json:"resource,omitempty"`
	Description string    `json:"description,omitempty"`
	Cost        figure    `json:"cost"`
	Amount      figure    `json:"amount"`
	AdjustsFrom time.Time `json:"adjusts_from,omitzero"`
	AdjustsTo   time.Time `json:"adjusts_to,omitzero"`
	Volume      figure    `json:"volume"`
	Measured    string    `json:"measured,omitempty"`
	Meters      []string  `json:"meters,omitempty"`
	Begun       string    `json:"begun,omitempty"`
	Before      figure    `json:"before"`
}

func encodeItem(i ledger.Item) item {
	return item{
		i.Datacenter, i.Name, figure{i.Value}, i.Unit, i.Resource, i.Description, figure{i.Cost}, figure{i.Amount},
		utc(i.Adjusts.Start), utc(i.Adjusts.End),
		figure{i.Volume}, i.Measured, i.Meters, i.Begun, figure{i.Before},
	}
}

func (i item) record() ledger.Item {
	return ledger.Item{
		Item: invoice.Item{
			Datacenter: i.Datacenter, Name: i.Name, Value: i.Value.Decimal, Unit: i.Unit, Resource: i.Resource, Description: i.Description,
			Cost: i.Cost.Decimal, Amount: i.Amount.Decimal, Adjusts: usage.Span{Start: i.AdjustsFrom, End: i.AdjustsTo},
		},
		Volume: i.Volume.Decimal, Measured: i.Measured, Meters: i.Meters, Begun: i.Begun, Before: i.Before.Decimal,
	}
}
