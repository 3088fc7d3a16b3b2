package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
)

// A held order is one that this process alone may change, until its lease has
// ended and another takes it.
type held struct {
	ledger.Order
	hold  ledger.Hold
	until time.Time // when the lease ends, at the earliest
	// before is when the process that held it before was given it; zero where
	// the order was never sent.
	before time.Time
	sent   bool // something may have been sent
	done   bool // settled, or somebody else's
}

// leaseLength is for how long an order may be worked on.
func (e *Engine) leaseLength() time.Duration { return cmp.Or(e.Lease, DefaultLease) }

// newLease keeps others from an order for as long as it may be worked on, and
// then until they can see what was sent.
func (e *Engine) newLease() ledger.Lease {
	delay, _ := e.lookupDelay()
	return ledger.Lease{Holder: e.Holder, For: e.leaseLength() + delay}
}

// lookupDelay is how long after a Commit a Find that finds nothing can be
// trusted; ok is false where it always can.
func (e *Engine) lookupDelay() (delay time.Duration, ok bool) {
	delayer, ok := e.ERP.(invoice.LookupDelayer)
	if !ok {
		return 0, false
	}
	return delayer.LookupDelay(), true
}

func (e *Engine) note(reason string) ledger.Note {
	return ledger.Note{At: e.Now().UTC(), By: e.By, Reason: reason}
}

// claim reserves a draft's block, freezes its items, and holds the order.
func (e *Engine) claim(ctx context.Context, draft Draft) (*held, error) {
	reason, err := e.inPlaceOf(ctx, draft.replaces)
	if err != nil {
		return nil, err
	}
	h := &held{Order: draft.Order, until: e.Now().Add(e.leaseLength())}
	h.hold, err = e.Store.Claim(ctx, ledger.Claim{Order: draft.Order, Revision: draft.Revision, Carries: draft.Carries, Lease: e.newLease(), Note: e.note(reason)})
	h.Status, h.Reserves = ledger.Claimed, true
	return h, err
}

// inPlaceOf tells what became of parked orders that make way, for the history of
// the one that takes their place: theirs goes with them.
func (e *Engine) inPlaceOf(ctx context.Context, parked []ledger.Order) (string, error) {
	var told []string
	for _, o := range parked {
		history, err := e.Store.History(ctx, o.Key)
		if errors.Is(err, ledger.ErrNoOrder) {
			continue // somebody was faster
		}
		if err != nil {
			return "", err
		}
		for _, change := range history {
			told = append(told, fmt.Sprintf("in place of order %s (%s), %s %s by %s: %s", o.Key, BlockLabel(o.Block, e.Location),
				change.Status, change.At.In(e.Location).Format(time.RFC3339), change.By, change.Reason))
		}
	}
	return strings.Join(told, "; "), nil
}

// take holds an order of an earlier run. Nothing may be done with one before.
func (e *Engine) take(ctx context.Context, key, reason string) (*held, error) {
	h := &held{until: e.Now().Add(e.leaseLength())}
	var err error
	if h.Order, h.hold, err = e.Store.Take(ctx, key, e.newLease(), e.note(reason)); err != nil {
		return nil, err
	}
	history, err := e.Store.History(ctx, key)
	if err != nil {
		e.release(ctx, h)
		return nil, err
	}
	// The last change is this one.
	h.before = lastGiven(history[:max(len(history)-1, 0)])
	return h, nil
}

// lastGiven is when an order was last given to a process. For one from before
// there was a history, it is when that began.
func lastGiven(history []ledger.Change) time.Time {
	for _, change := range slices.Backward(history) {
		if change.Holder != "" {
			return change.At
		}
	}
	if len(history) > 0 {
		return history[0].At
	}
	return time.Time{}
}

// renew begins a new lease where little is left of one: what is sent to an ERP
// must have its answer before the lease ends.
func (e *Engine) renew(ctx context.Context, h *held) error {
	if h.until.Sub(e.Now()) >= e.leaseLength()/2 {
		return nil
	}
	until := e.Now().Add(e.leaseLength())
	_, hold, err := e.Store.Take(ctx, h.Key, e.newLease(), e.note("the lease is renewed"))
	if err == nil {
		h.hold, h.until = hold, until
	}
	return err
}

// withLease is ctx until the order's lease ends.
func (e *Engine) withLease(ctx context.Context, h *held) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, h.until.Sub(e.Now()))
}

// release lets others take an order at once, but where they could not see yet
// what was sent for it: then the lease ends by itself, by the store's clock.
func (e *Engine) release(ctx context.Context, h *held) {
	if _, delayed := e.lookupDelay(); h.done || delayed && h.sent {
		return
	}
	// The lease ends by itself at the latest.
	_ = e.Store.Release(context.WithoutCancel(ctx), h.hold)
}

// lost reports whether an error says that another process has an order now, or
// is done with it.
func lost(err error) bool {
	var taken *ledger.HeldError
	return errors.Is(err, ledger.ErrLost) || errors.Is(err, ledger.ErrNotClaimed) || errors.As(err, &taken)
}
