package billing

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Month returns the block of the calendar month that label names ("2013-08")
// in the time zone. A border of the month that is off the whole UTC hour, as
// in Asia/Kolkata, moves to the next one, at both ends, so that months still
// meet.
func Month(label string, in *time.Location) (usage.Span, error) {
	t, err := time.ParseInLocation("2006-01", label, time.UTC)
	if err != nil {
		return usage.Span{}, fmt.Errorf("month %q is not a year and a month (write 2013-08)", label)
	}
	return usage.Span{
		Start: monthBorder(t.Year(), t.Month(), in),
		End:   monthBorder(t.Year(), t.Month()+1, in),
	}, nil
}

// monthBorder is the first whole UTC hour whose local date lies in the month.
// It is looked for: where clocks change at midnight, the month has no midnight,
// or two.
func monthBorder(year int, month time.Month, in *time.Location) time.Time {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	near := usage.WindowAt(time.Date(year, month, 1, 0, 0, 0, 0, in)).Start
	for t := near.Add(-3 * usage.WindowLength); ; t = t.Add(usage.WindowLength) {
		if local := t.In(in); local.Year() == first.Year() && local.Month() == first.Month() {
			return local
		}
	}
}

// dayBorder is the first whole UTC hour whose local date is the day's.
func dayBorder(day time.Time, in *time.Location) (time.Time, error) {
	near := usage.WindowAt(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, in)).Start
	for hours := range 7 {
		local := near.Add(time.Duration(hours-3) * usage.WindowLength).In(in)
		if local.Format(time.DateOnly) == day.Format(time.DateOnly) {
			return local, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s never was in %v: clocks skipped it", day.Format(time.DateOnly), in)
}

// timeLayouts are the ways to write an instant on a command line, beside a date:
// with a zone, and without one for the deployment's.
var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15", "2006-01-02 15:04"}

// ParseTime reads an instant on a window border. A time without a zone is the
// deployment's local time; one that the clocks left out, or showed twice, is
// refused. A date is where its day begins: like a month, at the first whole UTC
// hour of it, which is not midnight in a zone that is off the hour.
func ParseTime(text string, in *time.Location) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return dayBorder(day, in)
	}
	for _, layout := range timeLayouts {
		t, err := time.ParseInLocation(layout, text, in)
		if err != nil {
			continue
		}
		if !strings.HasSuffix(layout, "Z07:00") {
			if err := unambiguous(t, layout, text); err != nil {
				return time.Time{}, fmt.Errorf("%q %w in %v (write it with a zone: %s)", text, err, in, t.UTC().Format("2006-01-02T15:04Z07:00"))
			}
		}
		if !usage.OnBorder(t) {
			before := usage.WindowAt(t)
			return time.Time{}, fmt.Errorf("%s is not on a window border, a whole UTC hour (%s and %s are)",
				text, before.Start.In(in).Format(time.RFC3339), before.End.In(in).Format(time.RFC3339))
		}
		return t.In(in), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a time (write 2013-08-01, 2013-08-01T05:00 or 2013-08-01T05:00Z)", text)
}

// unambiguous returns an error where local clocks never showed the text that t
// was read from, or showed it twice.
func unambiguous(t time.Time, layout, text string) error {
	if t.Format(layout) != text {
		return errors.New("never was")
	}
	const clock = "2006-01-02T15:04"
	for _, other := range []time.Time{t.Add(-time.Hour), t.Add(time.Hour)} {
		if other.Format(clock) == t.Format(clock) {
			return errors.New("was twice")
		}
	}
	return nil
}

// BlockLabel names a block for a person: the month, or its borders.
func BlockLabel(block usage.Span, in *time.Location) string {
	start := block.Start.In(in)
	if month, err := Month(start.Format("2006-01"), in); err == nil && month.Start.Equal(block.Start) && month.End.Equal(block.End) {
		return start.Format("2006-01")
	}
	return borderLabel(block.Start, in) + " to " + borderLabel(block.End, in)
}

func borderLabel(t time.Time, in *time.Location) string {
	t = t.In(in)
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02T15:04Z07:00")
}

// Began returns an error where the block lies in the future.
func (e *Engine) Began(block usage.Span) error {
	if !block.Start.Before(block.End) {
		return fmt.Errorf("block %s ends before it begins", BlockLabel(block, e.Location))
	}
	if now := e.Now(); !block.Start.Before(now) {
		return fmt.Errorf("block %s has not begun: it is %s", BlockLabel(block, e.Location), now.In(e.Location).Format(time.RFC3339))
	}
	return nil
}

// reachesBack returns an error where nothing at all was collected of a block, of
// nobody: it ends before. An order for nothing would hide that.
func (e *Engine) reachesBack(block usage.Span, marks []ledger.Mark) error {
	first := time.Time{}
	for _, m := range marks {
		if m.From.Before(m.Through) && (first.IsZero() || m.From.Before(first)) {
			first = m.From
		}
	}
	if block.End.After(first) {
		return nil
	}
	return fmt.Errorf("nothing was collected of block %s: usage is known from %s on", BlockLabel(block, e.Location), first.In(e.Location).Format(time.RFC3339))
}

// billable returns an error where the block cannot be billed whatever was
// collected: it must be over, for as long as late samples are waited for.
func (e *Engine) billable(block usage.Span) error {
	if err := e.Began(block); err != nil {
		return err
	}
	label := BlockLabel(block, e.Location)
	for _, border := range []time.Time{block.Start, block.End} {
		if !usage.OnBorder(border) {
			return fmt.Errorf("block %s is not on window borders, whole UTC hours", label)
		}
	}
	now := e.Now().In(e.Location)
	if now.Before(block.End) {
		return fmt.Errorf("block %s is still running: it ends %s (draft shows what there is so far)", label, block.End.In(e.Location).Format(time.RFC3339))
	}
	if at := block.End.Add(e.SettleAfter); now.Before(at) {
		return fmt.Errorf("block %s ended less than settle_after = %v ago: bill it from %s on, when late samples are in", label, e.SettleAfter, at.In(e.Location).Format(time.RFC3339))
	}
	if block.Start.Before(e.BillFrom) {
		return fmt.Errorf("block %s begins before bill_from = %s", label, e.BillFrom.In(e.Location).Format(time.RFC3339))
	}
	return nil
}
