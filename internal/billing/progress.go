package billing

import (
	"context"
	"log/slog"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// A Step is a part of the work that may take its time.
type Step struct {
	Name  string // what is done: read, fold, bill, reconcile, verify
	Of    string // the source or block that it is about, "" for all there are
	Unit  string // what is counted, in the plural: samples, tenants
	Total int64  // how many there are; 0 where nobody knows
	// Whole says that of a step which is stopped nothing is kept.
	Whole bool
	// Unmarked says that of a step which is stopped what it wrote stays, and is
	// not marked as collected: that counts once the same command ends the step.
	Unmarked bool
	// Kept is up to where usage was recorded before, by the same command; the
	// zero time for nothing.
	Kept time.Time
}

// Progress is told how far a step is, by several goroutines at once.
type Progress interface {
	Add(n int64) // so many more are done
	// Part says how much of all that there is to do is done, in another measure
	// than the step's, where nobody knows how many there are of those. The total
	// may change; it is 0 while nothing is known.
	Part(done, total int64)
	End() // of the step, however it ended
}

// noProgress tells nobody.
type noProgress struct{}

func (noProgress) Add(int64)         {}
func (noProgress) Part(int64, int64) {}
func (noProgress) End()              {}

// begin begins a step.
func (e *Engine) begin(step Step) Progress {
	if e.Watch == nil {
		return noProgress{}
	}
	return e.Watch(step)
}

// The names of what is logged of a tenant or a step. They mean the same in
// every line.
const (
	LogStep      = "step"      // its name, as in Step
	LogTenant    = "tenant"    // its id
	LogSource    = "source"    // its name
	LogBlock     = "block"     // its label, as on the command line
	LogOrder     = "order"     // its key
	LogResult    = "result"    // a Result; collected or held for a tenant's usage
	LogTotal     = "total"     // of an order, with the digits of its currency
	LogReference = "reference" // what the ERP calls the invoice
	LogThrough   = "through"   // up to when usage is collected, RFC 3339 in UTC
	LogSamples   = "samples"   // how many were dealt with
	LogEntries   = "entries"   // usage entries written
	LogDuration  = "duration"  // in seconds
	LogReason    = "reason"    // why it is not done
)

// log writes a line about something that is done.
func (e *Engine) log(ctx context.Context, level slog.Level, step string, attrs ...slog.Attr) {
	if e.Log != nil {
		e.Log.LogAttrs(ctx, level, step, append([]slog.Attr{slog.String(LogStep, step)}, attrs...)...)
	}
}

// took is how long something took that began at.
func (e *Engine) took(began time.Time) slog.Attr {
	return slog.Float64(LogDuration, e.Now().Sub(began).Seconds())
}

// logOutcome writes the line of one order.
func (e *Engine) logOutcome(ctx context.Context, step string, o Outcome, began time.Time) {
	if e.Log == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String(LogTenant, o.Order.Tenant.ID), slog.String(LogBlock, BlockLabel(o.Order.Block, e.Location)),
	}
	if o.Order.Key != "" {
		attrs = append(attrs, slog.String(LogOrder, o.Order.Key))
	}
	attrs = append(attrs, slog.String(LogResult, string(o.Result)), e.took(began))
	if o.Order.Reserves {
		attrs = append(attrs, slog.String(LogTotal, o.Order.Total.StringFixed(e.Digits)))
	}
	if o.Order.Reference != "" {
		attrs = append(attrs, slog.String(LogReference, o.Order.Reference))
	}
	level := slog.LevelInfo
	if reason := o.why(); reason != "" {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String(LogReason, reason))
	}
	e.log(ctx, level, step, attrs...)
}

// why is what keeps an order from being billed, "" for nothing.
func (o Outcome) why() string {
	switch {
	case o.Err != nil:
		return o.Err.Error()
	case o.Order.Status == ledger.Parked || o.Order.Status == ledger.InDoubt:
		return o.Order.Reason
	}
	return ""
}
