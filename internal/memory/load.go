package memory

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// A loader fills a content with records.
type loader struct {
	content *content
	stage   int // how far in the order of kinds of records
	late    map[windowKey][]ledger.Adjustment
}

// load takes one record in, or says what it contradicts.
func (l *loader) load(r ledger.Record) error {
	set := []bool{r.Tenant != nil, r.Mark != nil, r.Meter != nil, r.Resource != nil, r.Fold != nil, r.Order != nil, r.Adjustment != nil, r.Sum != nil}
	stage := slices.Index(set, true)
	if stage < 0 || slices.Contains(set[stage+1:], true) {
		return errors.New("a record has just one of its fields set")
	}
	if stage < l.stage {
		return fmt.Errorf("a record of kind %d comes after one of kind %d", stage+1, l.stage+1)
	}
	l.stage = stage
	switch {
	case r.Tenant != nil:
		return once(l.content.tenants, r.Tenant.ID, copyTenant(*r.Tenant))
	case r.Mark != nil:
		return l.mark(*r.Mark)
	case r.Meter != nil:
		return l.meter(*r.Meter)
	case r.Resource != nil:
		return once(l.content.resources, resourceKey{r.Resource.Tenant, r.Resource.ID, r.Resource.Meter}, copyResource(*r.Resource))
	case r.Fold != nil:
		return l.fold(*r.Fold)
	case r.Order != nil:
		return l.order(*r.Order)
	case r.Adjustment != nil:
		return l.adjustment(*r.Adjustment)
	default:
		return l.sum(*r.Sum)
	}
}

// once puts a value under a key that must be new.
func once[K comparable, V any](m map[K]V, key K, value V) error {
	if _, known := m[key]; known {
		return fmt.Errorf("%v is there twice", key)
	}
	m[key] = value
	return nil
}

func (l *loader) mark(m ledger.Mark) error {
	if err := checkMark(m); err != nil {
		return fmt.Errorf("mark of tenant %q for %s: %w", m.Tenant, m.Source, err)
	}
	m.From, m.Through = utc(m.From), utc(m.Through)
	return once(l.content.marks, markKey{m.Tenant, m.Source}, m)
}

func (l *loader) meter(m ledger.MeterMark) error {
	if err := checkBorder(m.Through); err != nil {
		return fmt.Errorf("mark of meter %s for %s: %w", m.Meter, m.Source, err)
	}
	m.Through = utc(m.Through)
	return once(l.content.meters, meterKey{m.Source, m.Meter}, m)
}

func (l *loader) fold(f ledger.SeriesFold) error {
	if err := checkFold(f.Series, f.Fold); err != nil {
		return fmt.Errorf("%s %s of %s: %w", f.Meter, f.Resource, f.Source, err)
	}
	w := &window{fold: copyFold(f.Fold)}
	w.entries, w.fold.Entries = w.fold.Entries, nil
	slices.SortFunc(w.entries, compareEntries)
	return once(l.content.windows, windowKey{f.Series, hourOf(f.Window.Start)}, w)
}

func (l *loader) order(r ledger.OrderRecord) error {
	if err := checkOrder(r.Order); err != nil {
		return err
	}
	o := &order{Order: copyOrder(r.Order), fence: 1} // another than that of no hold
	o.Holder, o.HeldUntil = "", time.Time{}
	for _, change := range r.History {
		change.Note = copyNote(change.Note)
		o.history = append(o.history, change)
	}
	switch {
	case l.content.orders[o.Key] != nil:
		return fmt.Errorf("order %s is there twice", o.Key)
	case !o.sound():
		return fmt.Errorf("order %s is %s, reserves its block: %t, which does not go together", o.Key, o.Status, o.Reserves)
	case len(o.history) == 0 || o.history[len(o.history)-1].Status != o.Status || o.history[len(o.history)-1].Reference != o.Reference:
		return fmt.Errorf("order %s has another history", o.Key)
	}
	if by := l.content.reservedBy(o.Tenant.ID, o.Block); by != nil && o.Reserves {
		return &ledger.OverlapError{Tenant: o.Tenant.ID, Block: o.Block, By: by.listed(time.Time{})}
	}
	l.content.put(o)
	return nil
}

// sound reports whether an order of its status reserves its block or not.
func (o *order) sound() bool {
	switch o.Status {
	case ledger.Claimed, ledger.InDoubt, ledger.Settled:
		return o.Reserves
	case ledger.Parked:
		return o.Reserves || len(o.Items) == 0
	case ledger.Void:
		return !o.Reserves
	default:
		return false
	}
}

func (l *loader) adjustment(a ledger.Adjustment) error {
	a.Window = utcSpan(a.Window)
	key := keyOf(a.Entry)
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("the adjustment of %s of tenant %s in %v "+format, append([]any{a.Resource, a.Tenant, a.Window}, args...)...)
	}
	w := l.content.windows[key]
	if w == nil || w.fold.Window != a.Window {
		return refuse("is of no window that was collected")
	}
	if slices.ContainsFunc(l.late[key], func(other ledger.Adjustment) bool { return compareAdjustments(a, other) == 0 }) {
		return refuse("is there twice")
	}
	carrier := l.content.orders[a.Order]
	switch {
	case a.Order == "" && (a.Volume.Volume.IsZero() || l.content.reservedBy(a.Tenant, a.Window) == nil):
		return refuse("is pending, but there is nothing to adjust")
	case a.Order != "" && (carrier == nil || !carrier.Reserves || carrier.Tenant.ID != a.Tenant):
		return refuse("is carried by order %s, which can carry none of it", a.Order)
	}
	l.late[key] = append(l.late[key], a)
	return nil
}

func (l *loader) sum(s ledger.Sum) error {
	s.Window = utcSpan(s.Window)
	o := l.content.orders[s.Order]
	if o == nil || o.Tenant.ID != s.Tenant || utcSpan(o.Block) != s.Window {
		return fmt.Errorf("the sum of %s of tenant %s for %v is not of order %s", s.Resource, s.Tenant, s.Window, s.Order)
	}
	a := l.content.account(s.Tenant)
	if slices.ContainsFunc(a.sums, func(other ledger.Sum) bool { return compareSums(s, other) == 0 }) {
		return fmt.Errorf("the sum of %s of tenant %s for %v is there twice", s.Resource, s.Tenant, s.Window)
	}
	a.sums = append(a.sums, s)
	return nil
}
