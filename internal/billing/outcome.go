package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// An Outcome is what billing a block came to for one tenant, or reconciling an
// order.
type Outcome struct {
	Order   ledger.Order // as it is now; the zero Order where there is none
	Result  Result
	Missing []Missing // of a parked order
	// Left and Postponed are adjustments of earlier blocks that wait, where this
	// run has drafted the order.
	Left      []ledger.Item
	Postponed []Postponed
	Err       error // why, where the order is not billed
}

// A Result is how it went.
type Result string

// The results of billing.
const (
	Billed        Result = "billed"          // the ERP has the invoice now
	AlreadyBilled Result = "already billed"  // it had it before
	NothingToBill Result = "nothing to bill" // settled without an invoice
	Parked        Result = "parked"          // a known cause must be mended first
	InDoubt       Result = "in doubt"        // a person must look whether the ERP has it
	Waiting       Result = "waiting"         // it may have been sent, and it is too early to look
	Busy          Result = "busy"            // another process is billing it
	TakenOver     Result = "taken over"      // another process took the order from this one
	Overlaps      Result = "overlaps"        // an order for another block reserves part of this one
	NotBilled     Result = "not billed"      // an error; the next run tries again
)

// notBilled is an order about which nothing could be done, and why.
func notBilled(order ledger.Order, err error) Outcome {
	result := NotBilled
	var overlap *ledger.OverlapError
	if errors.As(err, &overlap) {
		result = Overlaps
	}
	return Outcome{Order: order, Result: result, Err: err}
}

// busy is an order that another process is at work on.
func busy(order ledger.Order, holder string, until time.Time) Outcome {
	return Outcome{Order: order, Result: Busy, Err: fmt.Errorf("tenant %s: order %s is being billed by %s until %s: run artifice bill again then",
		order.Tenant.ID, order.Key, holder, until.UTC().Format(time.RFC3339))}
}

// after is an error in a text that names its order before: a store's begins with
// the order, too.
func after(key string, err error) error {
	rest, named := strings.CutPrefix(err.Error(), "order "+key)
	switch {
	case !named:
		return err
	case strings.HasPrefix(rest, ": "):
		return &unnamed{rest[len(": "):], err}
	}
	return &unnamed{"it" + rest, err}
}

// unnamed is an error in words that leave its order out.
type unnamed struct {
	text string
	error
}

func (e *unnamed) Error() string { return e.text }
func (e *unnamed) Unwrap() error { return e.error }

// takenOver is an order that another process took while this one was at work
// on it: did is what this one had done, "" for nothing that matters.
func (e *Engine) takenOver(ctx context.Context, order ledger.Order, did string, cause error) Outcome {
	who := "another process"
	now, err := e.Store.Order(context.WithoutCancel(ctx), order.Key)
	if err == nil {
		order = now
		if by := e.lastHolder(ctx, order.Key); by != "" {
			who = by
		}
	}
	if did != "" {
		did = "; before, " + did
	}
	return Outcome{Order: order, Result: TakenOver, Err: fmt.Errorf("tenant %s: order %s was taken over by %s and is %s; nothing more was done%s: %w",
		order.Tenant.ID, order.Key, who, order.Status, did, after(order.Key, cause))}
}

// lastHolder is who was last given an order, as far as that can be told.
func (e *Engine) lastHolder(ctx context.Context, key string) string {
	history, err := e.Store.History(context.WithoutCancel(ctx), key)
	if err != nil {
		return ""
	}
	for i := len(history) - 1; i >= 0; i-- {
		if h := history[i].Holder; h != "" {
			return h
		}
	}
	return ""
}
