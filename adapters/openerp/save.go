package openerp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

// Commit saves the order's invoice, or completes what an earlier call saved of
// it, checks that Odoo made of it what it is to be, posts it where the config
// says so, and returns what Odoo calls it.
func (d *draft) Commit(ctx context.Context) (reference string, err error) {
	if err := d.Close(); err != nil {
		return "", err
	}
	at, err := d.commit(ctx)
	if errors.Is(err, errOther) {
		return "", d.explainOther(ctx, at)
	}
	if err != nil {
		return "", err
	}
	return at.reference(), nil
}

func (d *draft) commit(ctx context.Context) (*saved, error) {
	if len(d.Items) == 0 {
		return nil, permanent("it has no lines, and Odoo posts no invoice without one")
	}
	turn, err := d.erp.saving.get(ctx, d.order.Key, func(context.Context) (lock, error) { return newLock(), nil })
	if err != nil {
		return nil, err
	}
	if err := turn.take(ctx); err != nil {
		return nil, err
	}
	defer turn.release()

	at, err := d.lookUp(ctx)
	if err != nil {
		return nil, err
	}
	var found stage
	if at != nil {
		if found, err = d.judge(at); err != nil || found == stagePosted {
			return at, err // what is posted is not written to
		}
	}
	b, err := d.prepare(ctx, at, found)
	if err != nil {
		return at, err
	}
	if at == nil || found == stageBegun {
		if at, err = d.save(ctx, b, at); err != nil {
			return at, err
		}
	}
	if err := d.verify(ctx, b, at); err != nil {
		return at, err
	}
	if d.erp.config.Post {
		return d.post(ctx, at)
	}
	return at, nil
}

// prepare makes the bill. A partner who is to be created is created only once
// all else is well.
func (d *draft) prepare(ctx context.Context, at *saved, found stage) (*bill, error) {
	t, err := d.ready(ctx)
	if err != nil {
		return nil, err
	}
	if at == nil || found == stageBegun || d.erp.config.Post {
		if err := t.locked; err != nil { // a whole draft only stays one
			return nil, err
		}
	}
	b, err := d.bill(ctx, t)
	if err != nil {
		return nil, err
	}
	if b.terms, err = d.withPartner(ctx, t); err != nil {
		return nil, err
	}
	return b, b.fits(at)
}

// maxTries is how often in a row a call may do nothing.
const maxTries = 5

// save loads the lines that are not there yet, chunk by chunk, and returns the
// move that has them all. at is nil where there is no move yet.
func (d *draft) save(ctx context.Context, b *bill, at *saved) (*saved, error) {
	there, err := d.sequences(ctx, at)
	for tries := 0; err == nil; {
		var c chunk
		var cause error
		// There is none where somebody else saved the rest since at was read.
		if left := b.chunks(there, d.erp.config.Chunk); len(left) > 0 {
			c = left[0]
			columns, data := b.load(c, at == nil)
			_, cause = b.terms.ground.server.load(ctx, "account.move", columns, data)
		}
		if final(cause) {
			return at, cause
		}
		// What Odoo has now decides, whatever it said.
		want := len(there) + len(c.sequences)
		at, err = d.await(ctx, cause, func(at *saved) bool { return at != nil && len(at.Lines) >= want })
		if err != nil {
			return at, err
		}
		if at != nil {
			if found, err := d.judge(at); err != nil || found != stageBegun {
				return at, err
			}
		}
		if at != nil && len(at.Lines) == want && len(c.sequences) > 0 {
			for _, sequence := range c.sequences {
				there[sequence] = true
			}
			tries = 0
			continue
		}
		if tries++; tries == maxTries {
			return at, fmt.Errorf("after %d tries Odoo has not saved it: %w", tries, cmp.Or(cause, errNothing))
		}
		there, err = d.sequences(ctx, at)
	}
	return at, err
}

var errNothing = errors.New("it says that it has, and there is nothing")

// final reports whether the error of a call that saves says all: that there is
// nothing to look for, and no use in trying again.
func final(err error) bool {
	return err != nil && !invoice.IsUnknownOutcome(err) && !rpc.Retryable(err) && !errors.Is(err, errTaken) && !isDuplicate(err)
}

// sequences tells which lines a move has.
func (d *draft) sequences(ctx context.Context, at *saved) (map[int]bool, error) {
	there := map[int]bool{}
	if at == nil {
		return there, nil
	}
	lines, err := d.readLines(ctx, at)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		there[l.Sequence] = true
	}
	return there, nil
}

// await looks the order up after a call. Where the call's outcome is not known
// it looks until it is done, or patience ends: a server goes on with a call
// that nobody waits for any more. Where Odoo cannot be asked, the outcome is
// unknown, unless the call did nothing.
func (d *draft) await(ctx context.Context, cause error, done func(*saved) bool) (*saved, error) {
	unknown := invoice.IsUnknownOutcome(cause)
	var last *saved
	var failed error
	for wait := range d.waits() {
		if wait > 0 {
			if failed = d.erp.sleep(ctx, wait); failed != nil {
				break
			}
		}
		last, failed = d.lookUp(ctx)
		if failed == nil && (!unknown || done(last)) {
			return last, nil
		}
		if invoice.IsPermanent(failed) {
			break
		}
	}
	switch {
	case failed == nil:
		return last, cause
	case cause != nil && !unknown:
		return last, fmt.Errorf("%w; and then: %w", cause, failed)
	}
	return last, invoice.UnknownOutcome(errors.Join(failed, cause))
}

// waits yields how long to wait before each look, at first not at all, for as
// long as patience lasts.
func (d *draft) waits() iter.Seq[time.Duration] {
	const first, longest = time.Second, 15 * time.Second
	return func(yield func(time.Duration) bool) {
		var waited, wait time.Duration
		for {
			if !yield(wait) {
				return
			}
			waited += wait
			left := d.erp.config.Patience - waited
			if left <= 0 {
				return
			}
			wait = min(longest, left, max(first, 2*wait))
		}
	}
}

// post gives the invoice its number. Whether that was done is read from its
// state, whatever the call said.
func (d *draft) post(ctx context.Context, at *saved) (*saved, error) {
	g, err := d.erp.ground(ctx)
	if err != nil {
		return at, err
	}
	for tries := 1; ; tries++ {
		cause := writeError(g.server.client.Call(ctx, "account.move", "action_post", rpc.Args{rpc.IDs(at.ID), g.server.context(false)}, nil))
		found, err := d.await(ctx, cause, func(at *saved) bool { return at != nil && at.State == posted })
		switch {
		case err != nil:
			return at, fmt.Errorf("posting %s: %w", at, err)
		case found == nil:
			return at, fmt.Errorf("%s was deleted while it was posted", at)
		case found.State == posted:
			return found, d.checkPosted(found)
		case tries == maxTries || !rpc.Retryable(cause):
			return at, fmt.Errorf("%s is saved as a draft, and was not posted: %w", at, cmp.Or(cause, errNothing))
		}
	}
}

// checkPosted reports what posting changed.
func (d *draft) checkPosted(at *saved) error {
	if _, err := d.judge(at); err != nil {
		return err
	}
	if d.erp.config.LockedPeriod == "refuse" && !at.Date.IsZero() && !at.Date.Equal(at.Invoiced.Time) {
		return permanent("%s, %s, is posted, and booked on %s instead of %s, whose period is locked: the next run takes it as it is (see locked_period)", at.Name, at, at.Date, at.Invoiced)
	}
	return nil
}
