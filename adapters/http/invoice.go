package http

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	nethttp "net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/web"
	"github.com/openstack-artifice/artifice/invoice"
)

var (
	_ invoice.ERP            = (*Invoice)(nil)
	_ invoice.HealthChecker  = (*Invoice)(nil)
	_ invoice.ResourceLister = (*Invoice)(nil)

	_ invoice.Uniter = (*draft)(nil)
	_ invoice.Uniter = (*findable)(nil)
	_ invoice.Finder = (*findable)(nil)
)

// Invoice is the ERP: whatever takes invoices at a URL. It may be used by
// several goroutines at once.
type Invoice struct {
	config  Config
	pointer pointer // nil for the Location header

	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	jitter func(most time.Duration) time.Duration // anything from 0 to most

	prices blocks

	mu        sync.Mutex
	transport *nethttp.Transport // nil until it was made
	idleSince time.Time          // since when the receiver has served nothing; zero while it does
}

// NewInvoice checks the config and returns the adapter. It reads no file and
// sends nothing: files and secrets are read when the first request is sent.
// Where requests would leave this machine unencrypted, which insecure = true
// allows, it warns through the default logger of log/slog.
func NewInvoice(ctx context.Context, config Config) (*Invoice, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	for _, u := range []*url.URL{config.URL, config.RatesURL} {
		if u != nil && web.LeavesOpenly(u) {
			slog.WarnContext(ctx, "requests leave this machine unencrypted and can be read and changed on their way (write https:// and remove insecure = true)", "url", place(u))
		}
	}
	pointer, _ := parsePointer(config.Reference)
	return &Invoice{
		config: config, pointer: pointer,
		now: time.Now, sleep: web.Sleep, jitter: func(most time.Duration) time.Duration { return rand.N(most + 1) },
	}, nil
}

// PerResource reports whether there is to be a line for each resource.
func (a *Invoice) PerResource() bool { return a.config.PerResource }

// NewInvoice returns the invoice of one order. It sends nothing. It is an
// invoice.Finder where the config says find = true.
func (a *Invoice) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	if !isKey(order.Key) {
		return nil, invoice.Permanent(fmt.Errorf("the order's key %q is not lower-case hexadecimal", order.Key))
	}
	d := &draft{adapter: a, order: order}
	if a.config.Find {
		return &findable{d}, nil
	}
	return d, nil
}

// isKey keeps out of headers and URLs what would have to be escaped there.
func isKey(key string) bool {
	return key != "" && !slices.ContainsFunc([]byte(key), func(c byte) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'f')
	})
}

// A draft is the invoice of one order, kept in memory until it is sent.
type draft struct {
	invoice.Lines
	adapter *Invoice
	order   invoice.Order
}

// A findable is a draft that the receiver can be asked for.
type findable struct{ *draft }

// AddLine adds an item whose amount has no more digits than its currency.
func (d *draft) AddLine(item invoice.Item) error {
	if err := d.order.CheckAmount(item); err != nil {
		return err
	}
	return d.Lines.AddLine(item)
}

// Cost is the price that the rates URL gives for the order's block, or that of
// the rates file.
func (d *draft) Cost(ctx context.Context, datacenter, name string) (decimal.Decimal, error) {
	list, err := d.adapter.pricesOf(ctx, d.order)
	if err != nil {
		return decimal.Decimal{}, err
	}
	return list.Cost(datacenter, name)
}

// Unit is what the rates URL, or the rates file, calls one unit of the cost.
func (d *draft) Unit(ctx context.Context, datacenter, name string) (string, error) {
	list, err := d.adapter.pricesOf(ctx, d.order)
	if err != nil {
		return "", err
	}
	return list.Unit(datacenter, name)
}

// Commit sends the invoice and returns what the receiver calls it.
func (d *draft) Commit(ctx context.Context) (reference string, err error) {
	if err := d.Close(); err != nil {
		return "", err
	}
	body, err := d.render()
	if err != nil {
		return "", invoice.Permanent(err)
	}
	a := d.adapter
	answer, err := a.send(ctx, request{
		method: nethttp.MethodPost, url: a.config.URL, key: d.order.Key, body: body,
		answers:    []int{nethttp.StatusOK, nethttp.StatusCreated, nethttp.StatusNoContent},
		repeatable: a.config.Idempotent,
		withBody:   a.pointer != nil,
	})
	if err != nil {
		return "", err
	}
	reference, err = a.reference(answer)
	if err != nil {
		return "", invoice.UnknownOutcome(fmt.Errorf("%s has taken the invoice, but what it is called is not known: %w", place(a.config.URL), err))
	}
	return reference, nil
}

// Find asks the receiver for the invoice with the order's key.
func (f *findable) Find(ctx context.Context) (reference string, err error) {
	a := f.adapter
	answer, err := a.send(ctx, request{
		method: nethttp.MethodGet, url: withQuery(a.config.URL, keyParameter, f.order.Key),
		answers:    []int{nethttp.StatusOK, nethttp.StatusNotFound},
		repeatable: true,
		withBody:   a.pointer != nil,
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("looking for the invoice: %w", err)
	case answer.status == nethttp.StatusNotFound:
		return "", fmt.Errorf("%w: %s has none with the key %s", invoice.ErrNotFound, place(a.config.URL), f.order.Key)
	}
	reference, err = a.reference(answer)
	if err != nil {
		return "", fmt.Errorf("%s has order %s, but what it is called is not known: %w", place(a.config.URL), f.order.Key, err)
	}
	return reference, nil
}
