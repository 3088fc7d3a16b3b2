package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// writeOutcomes lists outcomes, with their blocks where these are of several.
func (a *App) writeOutcomes(s *session, outcomes []billing.Outcome, output string) error {
	g := newGrid("tenant", "tenant name", "block", "result", "order", "#total", "currency", "reference")
	// People are told the block where there are several.
	several := output != "table" || slices.ContainsFunc(outcomes, func(o billing.Outcome) bool {
		return !o.Order.Block.Start.Equal(outcomes[0].Order.Block.Start) || !o.Order.Block.End.Equal(outcomes[0].Order.Block.End)
	})
	for _, o := range outcomes {
		block := ""
		if several {
			block = billing.BlockLabel(o.Order.Block, s.Location)
		}
		total := ""
		if o.Order.Reserves {
			total = money(o.Order.Total, o.Order)
		}
		g.add(o.Order.Tenant.ID, o.Order.Tenant.Name, block, string(o.Result), key(o.Order, output), total, o.Order.Currency, o.Order.Reference)
	}
	return g.write(a.Stdout, output)
}

// maxAgain is up to how many orders that were billed before are told one by one.
const maxAgain = 10

// told is what a person was told of outcomes.
type told struct {
	failed, retried, parked, unpriced, doubt, waiting, busy bool
	month, part                                             bool                             // blocks overlap what was billed, and something is left: of a month, of another block
	elsewhere                                               map[string]int                   // orders not looked at, by the adapter that billed them
	again                                                   func(format string, args ...any) // says that one was billed before
}

// What to do about an order that is not billed.
const (
	costHint    = "give these services a cost in the price list, or write billed = false in the meter's section"
	parkedHint  = "mend the cause and run artifice bill again; the other tenants are not billed twice"
	doubtHint   = "look in the ERP, and then say artifice resolve ORDER --billed REFERENCE, or --not-billed"
	monthHint   = "artifice bill --due bills what is left of a month, once it is over; artifice status says what is billed"
	partHint    = "artifice status says what is billed: name what is left with --from and --to"
	retriedHint = "what was not billed is tried again by the next artifice bill"
	unsentHint  = "artifice bill sends what is not sent yet"
)

// resultHint is what a log says of each order to do about it, "" for nothing.
// People read less of it: once for all orders.
func resultHint(result billing.Result) string {
	switch result {
	case billing.Parked:
		return parkedHint
	case billing.InDoubt:
		return doubtHint
	case billing.Overlaps:
		return partHint
	case billing.NotBilled:
		return retriedHint
	case billing.NotSent:
		return unsentHint
	}
	return ""
}

// tellOutcomes says what a person should know of each tenant, and gives the
// exit code.
func (a *App) tellOutcomes(s *session, outcomes []billing.Outcome) error {
	a.says.outcomes = outcomes
	t := told{elsewhere: map[string]int{}, again: a.sayf}
	before := 0
	for _, o := range outcomes {
		if o.Result == billing.AlreadyBilled {
			before++
		}
	}
	if before > maxAgain && a.talk.words() {
		t.again = a.detailf
		a.sayf("%s were billed before; nothing was written for them (--verbose names each)", plural(before, "order"))
	}
	for _, o := range outcomes {
		a.tellOutcome(s, o, &t)
		a.tellWaiting(s, o.Order, o.Left, o.Postponed)
	}
	for _, adapter := range slices.Sorted(maps.Keys(t.elsewhere)) {
		a.sayf("note: %s not looked at: billed through %s, and this program bills through %s", plural(t.elsewhere[adapter], "order"), adapter, s.Adapter)
	}
	if a.talk.words() {
		a.tellHints(&t)
	}
	switch {
	case t.failed:
		return &exitError{code: ExitFailed}
	case t.parked || t.doubt || t.waiting || t.busy:
		return &exitError{code: ExitParked}
	}
	return nil
}

// tellHints says what to do, once for all orders.
func (a *App) tellHints(t *told) {
	if t.unpriced {
		a.sayf("hint: " + costHint)
	}
	if t.parked {
		a.sayf("hint: " + parkedHint)
	}
	if t.doubt {
		a.sayf("hint: " + doubtHint)
	}
	if t.month {
		a.sayf("hint: " + monthHint)
	}
	if t.part {
		a.sayf("hint: " + partHint)
	}
	if t.retried {
		a.sayf("hint: " + retriedHint)
	}
}

// tellOutcome notes what came of an order, and tells people. A log has a line
// for each order already, from when it was dealt with.
func (a *App) tellOutcome(s *session, o billing.Outcome, t *told) {
	tenant := o.Order.Tenant.ID
	sayf, warnf := a.sayf, a.warnf
	if !a.talk.words() {
		nothing := func(string, ...any) {}
		sayf, warnf, t.again = nothing, nothing, nothing
	}
	switch o.Result {
	case billing.AlreadyBilled:
		t.again("%s", alreadyBilled(s, o))
	case billing.Parked:
		t.parked = true
		warnf("parked: tenant %s: %s", tenant, o.Order.Reason)
		if !a.talk.words() {
			a.logMissing(s, o.Order, o.Missing)
		}
		for _, m := range o.Missing {
			warnf("  %s in %s: %s %s at stake", m.Service, m.Datacenter, m.Volume, m.Unit)
			if m.Why != "" {
				warnf("    %s", m.Why)
			}
			t.unpriced = true
		}
	case billing.InDoubt:
		t.doubt = true
		warnf("in doubt: tenant %s: order %s: %s", tenant, o.Order.Key, o.Order.Reason)
	case billing.Waiting, billing.NotSent:
		t.waiting = true
		if o.Err != nil {
			warnf("%s: %v", o.Result, o.Err)
		}
	case billing.Busy, billing.TakenOver:
		t.busy = true
		warnf("%s: %v", o.Result, o.Err)
	case billing.Overlaps:
		t.failed = true
		warnf("%s", overlaps(s, o))
		t.overlap(s, o)
	case billing.NotBilled:
		t.failed, t.retried = true, true
		if !errors.Is(o.Err, context.Canceled) { // whoever stopped it knows
			warnf("%v", o.Err)
		}
	case billing.StillThere:
		t.waiting = true
		sayf("%s: %v", o.Result, o.Err)
	case billing.NotLookedAt:
		t.elsewhere[o.Order.Adapter]++
		if o.Order.Status != ledger.Settled && o.Order.Status != ledger.Void {
			t.waiting = true
			sayf("%s: %v", o.Result, o.Err)
		}
	case billing.Absent, billing.Renamed, billing.Altered, billing.NotLookedUp:
		t.failed = true
		warnf("%s: %v", o.Result, o.Err)
	}
}

// overlaps says which order is in the way.
func overlaps(s *session, o billing.Outcome) string {
	var err *ledger.OverlapError
	if !errors.As(o.Err, &err) {
		return o.Err.Error()
	}
	return fmt.Sprintf("tenant %s: %s overlaps %s, which order %s reserves (%s); nothing was written", o.Order.Tenant.ID,
		billing.BlockLabel(o.Order.Block, s.Location), billing.BlockLabel(err.By.Block, s.Location), shortKey(err.By.Key), err.By.Status)
}

// overlap notes what may be left of a block that overlaps an order.
func (t *told) overlap(s *session, o billing.Outcome) {
	var err *ledger.OverlapError
	if !errors.As(o.Err, &err) || err.By.Block.Covers(o.Order.Block) {
		return
	}
	month := monthOf(o.Order.Block, s.Location)
	t.month, t.part = t.month || month, t.part || !month
}

// monthOf reports whether a block is a calendar month.
func monthOf(block usage.Span, in *time.Location) bool {
	month, err := billing.Month(block.Start.In(in).Format(monthLayout), in)
	return err == nil && month.Start.Equal(block.Start) && month.End.Equal(block.End)
}

// alreadyBilled says when and as what a block was billed.
func alreadyBilled(s *session, o billing.Outcome) string {
	when := o.Order.Changed.In(s.Location).Format(time.RFC3339)
	as := "as " + o.Order.Reference
	if len(o.Order.Items) == 0 {
		as = "with nothing to bill"
	}
	return fmt.Sprintf("tenant %s: %s was billed on %s %s (order %s); nothing was written",
		o.Order.Tenant.ID, billing.BlockLabel(o.Order.Block, s.Location), when, as, shortKey(o.Order.Key))
}
