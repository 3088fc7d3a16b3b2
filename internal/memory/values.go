package memory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// hourOf is the number of the window that t lies in.
func hourOf(t time.Time) int64 {
	seconds := t.Unix()
	if seconds < 0 {
		seconds -= 3599 // dividing cuts toward zero
	}
	return seconds / 3600
}

// utc is an instant as it is kept: without a zone, and without a reading of
// this process's clock. No time stays no time.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

func utcSpan(s usage.Span) usage.Span { return usage.Span{Start: utc(s.Start), End: utc(s.End)} }

// checkInstant reports an instant that a database could not keep: one whose
// nanoseconds since 1970 do not fit into 64 bits. No time is fine.
func checkInstant(t time.Time) error {
	if y := t.Year(); !t.IsZero() && (y < 1678 || y > 2261) {
		return fmt.Errorf("%s is too far away to be kept", t.Format(time.RFC3339))
	}
	return nil
}

// checkBlock reports a block that is none.
func checkBlock(s usage.Span) error {
	if !s.End.After(s.Start) || s.Start.IsZero() {
		return fmt.Errorf("%v does not end after its start", s)
	}
	return cmp.Or(checkInstant(s.Start), checkInstant(s.End))
}

// checkWindow reports a window that is not one whole hour.
func checkWindow(s usage.Span) error {
	w := usage.WindowAt(s.Start)
	if s.IsZero() || !w.Start.Equal(s.Start) || !w.End.Equal(s.End) {
		return fmt.Errorf("%v is not one whole hour of UTC", s)
	}
	return cmp.Or(checkInstant(s.Start), checkInstant(s.End))
}

func checkFold(series ledger.Series, f ledger.Fold) error {
	if err := cmp.Or(checkWindow(f.Window), checkInstant(f.State.Until)); err != nil {
		return err
	}
	seen := make(map[kind]bool, len(f.Entries))
	for _, e := range f.Entries {
		if seriesOf(e) != series || !e.Window.Start.Equal(f.Window.Start) || !e.Window.End.Equal(f.Window.End) {
			return fmt.Errorf("an entry of %s for %v is not its fold's", seriesOf(e), e.Window)
		}
		if seen[kindOf(e)] {
			return fmt.Errorf("the entry of tenant %s for %q in %q and %q is there twice", e.Tenant, e.Service, e.Datacenter, e.Unit)
		}
		seen[kindOf(e)] = true
	}
	return nil
}

func checkBorder(t time.Time) error {
	if t.IsZero() || !usage.OnBorder(t) {
		return fmt.Errorf("%s is no border between windows", t.Format(time.RFC3339Nano))
	}
	return checkInstant(t)
}

func checkMark(m ledger.Mark) error {
	for _, t := range []time.Time{m.From, m.Through} {
		if err := checkBorder(t); err != nil {
			return err
		}
	}
	if m.From.After(m.Through) {
		return fmt.Errorf("from %s lies after through %s", m.From.Format(time.RFC3339), m.Through.Format(time.RFC3339))
	}
	return nil
}

func checkOrder(o ledger.Order) error {
	if o.Key == "" || o.Tenant.ID == "" {
		return errors.New("an order needs a key and a tenant")
	}
	err := cmp.Or(checkBlock(o.Block), checkInstant(o.Date), checkInstant(o.Claimed), checkInstant(o.Changed))
	for _, item := range o.Items {
		if err == nil && !item.Adjusts.IsZero() {
			err = checkBlock(item.Adjusts)
		}
	}
	if err != nil {
		return fmt.Errorf("order %s: %w", o.Key, err)
	}
	return nil
}

// A kind tells the entries of a window of a series apart.
type kind struct{ tenant, datacenter, service, unit string }

func kindOf(e usage.Entry) kind { return kind{e.Tenant, e.Datacenter, e.Service, e.Unit} }

func seriesOf(e usage.Entry) ledger.Series {
	return ledger.Series{Source: e.Source, Meter: e.Meter, Resource: e.Resource}
}

func keyOf(e usage.Entry) windowKey { return windowKey{seriesOf(e), hourOf(e.Window.Start)} }

// add returns an entry with the volume and samples of another more.
func add(e, more usage.Entry) usage.Entry {
	e.Volume.Volume = e.Volume.Volume.Add(more.Volume.Volume)
	e.Samples += more.Samples
	return e
}

// subtract returns an entry with the volume and samples of another less.
func subtract(e, less usage.Entry) usage.Entry {
	e.Volume.Volume = e.Volume.Volume.Sub(less.Volume.Volume)
	e.Samples -= less.Samples
	return e
}

// nothing is an entry like e whose volume and samples are 0.
func nothing(e usage.Entry) usage.Entry { return subtract(e, e) }

// sameEntry reports whether two entries of a window and kind agree.
func sameEntry(a, b usage.Entry) bool {
	return kindOf(a) == kindOf(b) && a.Samples == b.Samples && a.Volume.Volume.Equal(b.Volume.Volume)
}

func sameAdjustment(a, b ledger.Adjustment) bool {
	return a.Order == b.Order && sameEntry(a.Entry, b.Entry)
}

// compareEntries is the order in which entries are yielded.
func compareEntries(a, b usage.Entry) int {
	return cmp.Or(
		strings.Compare(a.Tenant, b.Tenant),
		a.Window.Start.Compare(b.Window.Start),
		strings.Compare(a.Datacenter, b.Datacenter),
		strings.Compare(a.Service, b.Service),
		strings.Compare(a.Meter, b.Meter),
		strings.Compare(a.Resource, b.Resource),
		strings.Compare(a.Source, b.Source),
		strings.Compare(a.Unit, b.Unit),
	)
}

func compareAdjustments(a, b ledger.Adjustment) int {
	return cmp.Or(compareEntries(a.Entry, b.Entry), strings.Compare(a.Order, b.Order))
}

func compareSums(a, b ledger.Sum) int {
	return cmp.Or(compareEntries(a.Entry, b.Entry), strings.Compare(a.Order, b.Order))
}

func compareOrders(a, b ledger.Order) int {
	return cmp.Or(
		a.Block.Start.Compare(b.Block.Start),
		strings.Compare(a.Tenant.ID, b.Tenant.ID),
		cmp.Compare(a.Attempt, b.Attempt),
		strings.Compare(a.Key, b.Key),
	)
}

func compareSeries(a, b ledger.Series) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Meter, b.Meter), strings.Compare(a.Resource, b.Resource))
}

// The functions below copy what a caller might change, and bring times into the
// shape in which they are kept.

func copyTenant(t usage.Tenant) usage.Tenant {
	t.Extra = maps.Clone(t.Extra)
	return t
}

func copyResource(r ledger.Resource) ledger.Resource {
	r.Info, r.Seen = maps.Clone(r.Info), utc(r.Seen)
	return r
}

func copyNote(n ledger.Note) ledger.Note {
	n.At = utc(n.At)
	return n
}

func copyItems(items []ledger.Item) []ledger.Item {
	items = slices.Clone(items)
	for i := range items {
		items[i].Meters = slices.Clone(items[i].Meters)
		items[i].Adjusts = utcSpan(items[i].Adjusts)
	}
	return items
}

// copyOrder brings the times that a person reads into the block's zone.
func copyOrder(o ledger.Order) ledger.Order {
	zone := o.Block.Start.Location()
	o.Block = usage.Span{Start: o.Block.Start.Round(0), End: o.Block.End.In(zone).Round(0)}
	if !o.Date.IsZero() {
		o.Date = o.Date.In(zone).Round(0)
	}
	o.Tenant = copyTenant(o.Tenant)
	o.Claimed, o.Changed, o.HeldUntil = utc(o.Claimed), utc(o.Changed), utc(o.HeldUntil)
	o.Items = copyItems(o.Items)
	return o
}

func copyFold(f ledger.Fold) ledger.Fold {
	f.Window, f.State.Until = utcSpan(f.Window), utc(f.State.Until)
	f.Entries, f.Gaps = slices.Clone(f.Entries), slices.Clone(f.Gaps)
	for i := range f.Entries {
		f.Entries[i].Window = f.Window
	}
	for i := range f.Gaps {
		f.Gaps[i].From, f.Gaps[i].To = utc(f.Gaps[i].From), utc(f.Gaps[i].To)
	}
	return f
}
