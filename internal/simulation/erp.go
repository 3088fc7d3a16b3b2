package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// A Kind is what an ERP can promise.
type Kind int

// The kinds of ERP systems.
const (
	Unique     Kind = iota // refuses a key that it has already
	Searchable             // finds a key, some time after it was saved
	Blind                  // can neither
)

func (k Kind) String() string { return [...]string{"unique", "searchable", "blind"}[k] }

// lookupDelay is after how long the search of a Searchable ERP can be trusted.
const lookupDelay = 2 * time.Minute

// A server is the ERP itself, which the processes share.
type server struct {
	kind    Kind
	credits bool
	prices  map[string]decimal.Decimal // by block's start and service
	saved   []*saved
	coming  []*saved // that it goes on saving after it stopped to answer
	faults  int      // a call fails once in so many times, 0 for never
	tells   bool     // of an invoice that it is cancelled
	// What a person mends: the journal is closed, or a price is missing.
	closed  bool
	missing string // the key of the price
}

// saved is an invoice in the ERP.
type saved struct {
	order     invoice.Order
	items     []invoice.Item
	reference string
	at        time.Time // when it was, or will be, saved
	cancelled bool
}

// save saves an invoice as the ERP does.
func (s *server) save(inv *saved) *saved {
	if s.kind == Unique {
		if there := s.find(inv.order.Key); there != nil {
			return there
		}
	}
	inv.reference = fmt.Sprintf("INV/%04d", len(s.saved)+1)
	s.saved = append(s.saved, inv)
	return inv
}

func (s *server) find(key string) *saved {
	i := slices.IndexFunc(s.saved, func(inv *saved) bool { return inv.order.Key == key })
	if i < 0 {
		return nil
	}
	return s.saved[i]
}

// mend does what parks orders ask for.
func (s *server) mend() { s.closed, s.missing = false, "" }

// arrive saves what was still coming at the time.
func (s *server) arrive(now time.Time) {
	s.coming = slices.DeleteFunc(s.coming, func(inv *saved) bool {
		due := !inv.at.After(now)
		if due {
			s.save(inv)
		}
		return due
	})
}

// An erp is how one process sees the ERP.
type erp struct {
	process *process
	server  *server
}

// NewInvoice implements invoice.ERP.
func (e *erp) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	if err := e.process.step("new invoice"); err != nil {
		return nil, err
	}
	inv := &draft{erp: e, order: order}
	if e.server.kind == Blind {
		return inv, nil
	}
	return &finder{inv}, nil
}

// LookupDelay implements invoice.LookupDelayer.
func (e *erp) LookupDelay() time.Duration {
	if e.server.kind == Searchable {
		return lookupDelay
	}
	return 0
}

// Credits implements invoice.Crediter.
func (e *erp) Credits() bool { return e.server.credits }

// A draft is an invoice that is being made.
type draft struct {
	invoice.Lines
	erp   *erp
	order invoice.Order
}

// Cost implements invoice.Invoice. A price is that of the order's block.
func (d *draft) Cost(_ context.Context, _, name string) (decimal.Decimal, error) {
	if err := d.erp.process.step("cost"); err != nil {
		return decimal.Zero, err
	}
	if d.erp.process.chance(d.erp.server.faults) {
		return decimal.Zero, errors.New("the session has expired")
	}
	cost, ok := d.erp.server.prices[priceKey(d.order.Block, name)]
	if !ok || priceKey(d.order.Block, name) == d.erp.server.missing {
		return decimal.Zero, invoice.ErrNoCost
	}
	return cost, nil
}

func priceKey(block usage.Span, name string) string {
	return block.Start.UTC().Format(time.DateOnly) + " " + name
}

// Commit implements invoice.Invoice. Everything that can go wrong with it does.
func (d *draft) Commit(context.Context) (string, error) {
	if err := d.Close(); err != nil {
		return "", err
	}
	p, server := d.erp.process, d.erp.server
	if err := p.step("commit, before the request"); err != nil {
		return "", err
	}
	server.arrive(p.now)
	if p.now.After(p.lease) && server.kind != Unique {
		return "", fmt.Errorf("not sent: %w", context.DeadlineExceeded)
	}
	if server.closed {
		return "", invoice.Permanent(errors.New("the journal is closed"))
	}
	inv := &saved{order: d.order, items: d.Items, at: p.now}
	if p.chance(server.faults) {
		switch p.rng.IntN(5) {
		case 0:
			return "", errors.New("the session has expired")
		case 1: // lost on its way there
			return "", invoice.UnknownOutcome(errors.New("no answer"))
		case 2: // lost on its way back
			server.save(inv)
			return "", invoice.UnknownOutcome(errors.New("no answer"))
		case 3:
			server.save(inv)
			return "", invoice.UnknownOutcome(errors.New("500 Internal Server Error"))
		default: // saved after the client stopped to wait
			inv.at = p.now.Add(time.Duration(p.rng.Int64N(int64(lookupDelay / 2))))
			server.coming = append(server.coming, inv)
			return "", invoice.UnknownOutcome(errors.New("the answer took too long"))
		}
	}
	there := server.save(inv)
	if err := p.step("commit, before the answer"); err != nil {
		return "", err
	}
	if err := p.step("commit, after the answer"); err != nil {
		return "", err
	}
	return there.reference, nil
}

// A finder is a draft of an ERP that can look up.
type finder struct{ *draft }

// Find implements invoice.Finder. The search of a Searchable ERP is behind.
func (f *finder) Find(context.Context) (string, error) {
	p, server := f.erp.process, f.erp.server
	if err := p.step("find, before"); err != nil {
		return "", err
	}
	server.arrive(p.now)
	inv := server.find(f.order.Key)
	now := p.now
	if err := p.step("find, after"); err != nil {
		return "", err
	}
	if p.chance(server.faults) {
		return "", errors.New("the session has expired")
	}
	if inv == nil || server.kind == Searchable && now.Sub(inv.at) < lookupDelay/2 {
		return "", invoice.ErrNotFound
	}
	if inv.cancelled && server.tells {
		return "", invoice.Permanent(fmt.Errorf("%w: %s", invoice.ErrCancelled, inv.reference))
	}
	return inv.reference, nil
}
