package sqlledger

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

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
		if err := validateTexts(series.Source, series.Meter, series.Resource); err != nil {
			errs = append(errs, fmt.Errorf("%s %s of %s: %w", series.Meter, series.Resource, series.Source, err))
		}
		for i := range series.Folds {
			errs = append(errs, validateFold(series.Series, &series.Folds[i])...)
		}
	}
	for _, r := range batch.Resources {
		errs = append(errs, validateResource(r))
	}
	for _, t := range batch.Tenants {
		errs = append(errs, validateTenant(t))
	}
	for _, m := range batch.Marks {
		errs = append(errs, validateMark(m))
	}
	for _, m := range batch.Meters {
		errs = append(errs, validateMeter(m))
	}
	for _, b := range batch.Bookmarks {
		errs = append(errs, validateBookmark(b))
	}
	return errors.Join(errs...)
}

func validateResource(r ledger.Resource) error {
	if err := cmp.Or(validateInstant(r.Seen), validateTexts(r.Tenant, r.ID, r.Meter, r.Type), validateAttributes(r.Info)); err != nil {
		return fmt.Errorf("resource %s of tenant %s: %w", r.ID, r.Tenant, err)
	}
	return nil
}

func validateTenant(t usage.Tenant) error {
	if err := cmp.Or(validateTexts(t.ID, t.Name), validateAttributes(t.Extra)); err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	return nil
}

// validateTexts reports a text that not every database keeps as it is.
func validateTexts(texts ...string) error {
	for _, text := range texts {
		if !storable(text) {
			return fmt.Errorf("the text %q has a NUL, or is no UTF-8, and cannot be stored", text)
		}
	}
	return nil
}

func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// validateBookmark reports a bookmark that not every database keeps as it is,
// without its text, which may be long.
func validateBookmark(b ledger.Bookmark) error {
	err := validateTexts(b.Tenant, b.Source)
	if err == nil && !storable(b.Text) {
		err = errors.New("its text has a NUL, or is no UTF-8, and cannot be stored")
	}
	if err != nil {
		return fmt.Errorf("bookmark of tenant %s for %s: %w", b.Tenant, b.Source, err)
	}
	return nil
}

// validateAttributes reports texts that cannot be written as JSON.
func validateAttributes(texts map[string]string) error {
	for key, text := range texts {
		if !utf8.ValidString(key) || !utf8.ValidString(text) {
			return fmt.Errorf("the text %q of %q is no UTF-8, and cannot be stored", text, key)
		}
	}
	return nil
}

func validateBorder(t time.Time) error {
	if err := validateInstant(t); err != nil {
		return err
	}
	if t.IsZero() || !usage.OnBorder(t) {
		return fmt.Errorf("%s is no border between windows", t.Format(time.RFC3339Nano))
	}
	return nil
}

func validateMeter(m ledger.MeterMark) error {
	if err := errors.Join(validateTexts(m.Source, m.Meter, m.Rule), validateBorder(m.Through)); err != nil {
		return fmt.Errorf("mark of meter %s for %s: %w", m.Meter, m.Source, err)
	}
	return nil
}

func validateMark(m ledger.Mark) error {
	if err := validateTexts(m.Tenant, m.Source); err != nil {
		return fmt.Errorf("mark of tenant %s for %s: %w", m.Tenant, m.Source, err)
	}
	for _, t := range []time.Time{m.From, m.Through} {
		if err := validateBorder(t); err != nil {
			return fmt.Errorf("mark of tenant %s for %s: %w", m.Tenant, m.Source, err)
		}
	}
	if m.From.After(m.Through) {
		return fmt.Errorf("mark of tenant %s for %s: it ends at %s, before it begins", m.Tenant, m.Source, m.Through.Format(time.RFC3339))
	}
	return nil
}

// validateFold is called for each fold of a batch, and so makes nothing for
// one that is right.
func validateFold(series ledger.Series, fold *ledger.Fold) (errs []error) {
	refuse := func(err error) {
		errs = append(errs, fmt.Errorf("%s %s of %s, %v: %w", series.Meter, series.Resource, series.Source, fold.Window, err))
	}
	if !isWindow(fold.Window) {
		refuse(errors.New("a window is one whole hour of UTC"))
		return errs
	}
	w := fold.Window
	if err := cmp.Or(validateInstant(w.Start), validateInstant(w.End), validateInstant(fold.State.Until), validateTexts(fold.State.Data)); err != nil {
		refuse(err)
	}
	for i := range fold.Entries {
		e := &fold.Entries[i]
		if e.Source != series.Source || e.Meter != series.Meter || e.Resource != series.Resource || !sameSpan(e.Window, w) {
			refuse(fmt.Errorf("entry of tenant %s for %q is for %s %s of %s, %v, which is not its fold's", e.Tenant, e.Service, e.Meter, e.Resource, e.Source, e.Window))
		}
		for j := range fold.Entries[:i] {
			if sameKind(e, &fold.Entries[j]) {
				refuse(fmt.Errorf("entry of tenant %s for %q in %s is there twice in %q", e.Tenant, e.Service, e.Unit, e.Datacenter))
			}
		}
		if err := validateTexts(e.Tenant, e.Datacenter, e.Service, e.Unit); err != nil {
			refuse(fmt.Errorf("entry of tenant %s for %q: %w", e.Tenant, e.Service, err))
		}
		if err := validateDecimal(e.Volume.Volume); err != nil {
			refuse(fmt.Errorf("entry of tenant %s for %q has a volume that cannot be kept: %w", e.Tenant, e.Service, err))
		}
	}
	for i, g := range fold.Gaps {
		err := cmp.Or(validateInstant(g.From), validateInstant(g.To), validateTexts(g.Tenant))
		switch {
		case err != nil:
		case g.From.IsZero():
			err = errors.New("it does not say from when")
		case !g.To.IsZero() && !g.To.After(g.From):
			err = errors.New("it does not end after its start")
		}
		for _, other := range fold.Gaps[:i] {
			if g.Tenant == other.Tenant && g.From.Equal(other.From) {
				err = errors.New("it is there twice")
			}
		}
		if err != nil {
			refuse(fmt.Errorf("gap of tenant %s from %s: %w", g.Tenant, g.From.Format(time.RFC3339Nano), err))
		}
	}
	return errs
}

func sameKind(a, b *usage.Entry) bool {
	return a.Tenant == b.Tenant && a.Datacenter == b.Datacenter && a.Service == b.Service && a.Unit == b.Unit
}

// validateNote reports a note, and texts beside it, that cannot be stored.
func validateNote(key string, note ledger.Note, texts ...string) error {
	if err := cmp.Or(validateInstant(note.At), validateTexts(note.By, note.Reason), validateTexts(texts...)); err != nil {
		return fmt.Errorf("order %s: %w", key, err)
	}
	return nil
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
	for _, t := range []time.Time{o.Date, o.Claimed, o.Changed} {
		check(validateInstant(t))
	}
	check(validateDecimal(o.Total))
	check(validateTexts(o.Key, o.Tenant.ID, o.Tenant.Name, o.Deployment, o.Adapter, o.Currency, o.Rounding, o.Reason, o.Reference, o.Holder))
	check(validateAttributes(o.Tenant.Extra))
	for i, item := range o.Items {
		var err error
		for _, d := range []decimal.Decimal{item.Value, item.Cost, item.Amount, item.Volume, item.Before} {
			err = cmp.Or(err, validateDecimal(d))
		}
		err = cmp.Or(err, validateTexts(item.Datacenter, item.Name, item.Unit, item.Resource, item.Description, item.Measured, item.Begun), validateTexts(item.Meters...))
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
	// What the machine calls its own zone does not tell: without any files it is
	// called UTC.
	if name == "Local" {
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

func validateDecimal(d decimal.Decimal) error {
	if e := d.Exponent(); e > maxExponent || e < -maxExponent {
		return fmt.Errorf("a number with the exponent %d is too long to be stored, the most is %d", e, maxExponent)
	}
	return nil
}

// isWindow reports whether a span is one whole hour of UTC.
func isWindow(s usage.Span) bool {
	return s.End.Sub(s.Start) == usage.WindowLength && usage.OnBorder(s.Start)
}

func sameSpan(a, b usage.Span) bool { return a.Start.Equal(b.Start) && a.End.Equal(b.End) }
