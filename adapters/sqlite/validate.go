package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// maxExponent bounds how long a decimal gets when it is written out.
const maxExponent = 1000

// validateBatch reports all that keeps a batch from being stored as it is.
func validateBatch(batch ledger.Batch) error {
	var errs []error
	for _, series := range batch.Series {
		for _, fold := range series.Folds {
			for _, err := range validateFold(series.Series, fold) {
				errs = append(errs, fmt.Errorf("%s %s of %s, %v: %w", series.Meter, series.Resource, series.Source, fold.Window, err))
			}
		}
	}
	for _, r := range batch.Resources {
		if err := validateInstant(r.Seen); err != nil {
			errs = append(errs, fmt.Errorf("resource %s of tenant %s: %w", r.ID, r.Tenant, err))
		}
	}
	for _, m := range batch.Marks {
		err := validateInstant(m.Through)
		if err == nil && (m.Through.IsZero() || !usage.OnBorder(m.Through)) {
			err = fmt.Errorf("%s is no border between windows", m.Through.Format(time.RFC3339Nano))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("mark of tenant %s for %s: %w", m.Tenant, m.Source, err))
		}
	}
	return errors.Join(errs...)
}

func validateFold(series ledger.Series, fold ledger.Fold) (errs []error) {
	w := usage.WindowAt(fold.Window.Start)
	if !sameSpan(w, fold.Window) {
		return []error{errors.New("a window is one whole hour of UTC")}
	}
	if err := cmp.Or(validateInstant(w.Start), validateInstant(w.End), validateInstant(fold.State.Until)); err != nil {
		errs = append(errs, err)
	}
	for i, e := range fold.Entries {
		refuse := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("entry of tenant %s for %q "+format, append([]any{e.Tenant, e.Service}, args...)...))
		}
		if (ledger.Series{Source: e.Source, Meter: e.Meter, Resource: e.Resource}) != series || !sameSpan(e.Window, w) {
			refuse("is for %s %s of %s, %v, which is not its fold's", e.Meter, e.Resource, e.Source, e.Window)
		}
		for _, other := range fold.Entries[:i] {
			if e.Tenant == other.Tenant && e.Datacenter == other.Datacenter && e.Service == other.Service && e.Unit == other.Unit {
				refuse("in %s is there twice in %q", e.Unit, e.Datacenter)
			}
		}
		if err := validateDecimals(e.Volume.Volume); err != nil {
			refuse("has a volume that cannot be kept: %w", err)
		}
	}
	return errs
}

// validateOrder reports all that keeps an order from being stored as it is.
func validateOrder(o ledger.Order) error {
	var errs []error
	check := func(err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("order %s of tenant %s: %w", o.Key, o.Tenant.ID, err))
		}
	}
	if o.Key == "" || o.Tenant.ID == "" {
		check(errors.New("an order needs a key and a tenant"))
	}
	check(validateSpan(o.Block))
	check(validateZone(o.Block))
	check(validateInstant(o.Date))
	check(validateInstant(o.Claimed))
	check(validateDecimals(o.Total))
	for i, item := range o.Items {
		err := validateDecimals(item.Value, item.Cost, item.Amount)
		if !item.Adjusts.IsZero() {
			err = cmp.Or(err, validateSpan(item.Adjusts))
		}
		if err != nil {
			check(fmt.Errorf("item %d, %s: %w", i+1, item.Name, err))
		}
	}
	return errors.Join(errs...)
}

// validateZone reports a time zone that could not be found again by its name.
func validateZone(block usage.Span) error {
	name := block.Start.Location().String()
	if name == time.Local.String() {
		return errors.New("the block is in this machine's own time zone, whatever that is: name the zone, such as timezone = Pacific/Auckland")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return err
	}
	for _, t := range []time.Time{block.Start, block.End} {
		_, have := t.Zone()
		if _, want := t.In(zone).Zone(); have != want {
			return fmt.Errorf("the block's time zone %q is not the one of that name", name)
		}
	}
	return nil
}

func validateSpan(s usage.Span) error {
	if !s.End.After(s.Start) {
		return fmt.Errorf("%v does not end after its start", s)
	}
	if s.Start.IsZero() {
		return fmt.Errorf("%v has no start", s)
	}
	return cmp.Or(validateInstant(s.Start), validateInstant(s.End))
}

func validateInstant(t time.Time) error {
	_, err := instant(t).Value()
	return err
}

func validateDecimals(numbers ...decimal.Decimal) error {
	for _, d := range numbers {
		if e := d.Exponent(); e > maxExponent || e < -maxExponent {
			return fmt.Errorf("a number with the exponent %d is too long to be stored, the most is %d", e, maxExponent)
		}
	}
	return nil
}

func sameSpan(a, b usage.Span) bool { return a.Start.Equal(b.Start) && a.End.Equal(b.End) }
