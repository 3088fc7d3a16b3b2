package billing_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// samples is a source that gives what it holds, errors included.
type samples struct {
	all  []usage.Sample
	errs []error
}

func (s *samples) Samples(_ context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		for _, sample := range s.all {
			if slices.Contains(q.Meters, sample.Meter) && !yield(sample, nil) {
				return
			}
		}
		for _, err := range s.errs {
			if !yield(usage.Sample{}, err) {
				return
			}
		}
	}
}

// desk is an ERP with prices and a drawer of invoices, in which things go
// wrong as a test says.
type desk struct {
	mu    sync.Mutex
	costs map[string]string // by service, or by service and the start of the order's block
	units map[string]string
	saved map[string][]invoice.Item
	names map[string]string // what an invoice is called by now, where it is another name
	sick  error             // of every search
	sent  int
	// commit, where it is set, decides what comes of a Commit: whether the
	// invoice is saved, and what the caller is told.
	commit func() (save bool, err error)
}

func newDesk(costs map[string]string) *desk {
	return &desk{costs: costs, saved: map[string][]invoice.Item{}}
}

func (d *desk) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	return &sheet{desk: d, order: order}, nil
}

type sheet struct {
	desk     *desk
	order    invoice.Order
	sections []string
	items    []invoice.Item
}

func (s *sheet) AddSection(name string) error {
	s.sections = append(s.sections, name)
	return nil
}

func (s *sheet) AddLine(item invoice.Item) error {
	if !slices.Contains(s.sections, item.Datacenter) {
		return invoice.ErrNoSection
	}
	s.items = append(s.items, item)
	return nil
}

func (s *sheet) Cost(_ context.Context, datacenter, name string) (decimal.Decimal, error) {
	for _, key := range []string{name + " " + s.order.Block.Start.UTC().Format("02T15"), name} {
		if cost, ok := s.desk.costs[key]; ok {
			return decimal.NewFromString(cost)
		}
	}
	return decimal.Decimal{}, invoice.ErrNoCost
}

func (s *sheet) Unit(_ context.Context, _, name string) (string, error) {
	return s.desk.units[name], nil
}

func (s *sheet) Commit(context.Context) (string, error) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	s.desk.sent++
	save, err := true, error(nil)
	if s.desk.commit != nil {
		save, err = s.desk.commit()
	}
	if save {
		if _, twice := s.desk.saved[s.order.Key]; twice {
			return "", errors.New("a second invoice under the same key")
		}
		s.desk.saved[s.order.Key] = s.items
	}
	if err != nil {
		return "", err
	}
	return referenceOf(s.order.Key), nil
}

// referenceOf is what the drawer calls the invoice of a key.
func referenceOf(key string) string { return "INV-" + key[:min(6, len(key))] }

// crediter is a desk that takes credit notes.
type crediter struct{ *desk }

func (crediter) Credits() bool { return true }

// searchable is a desk whose drawer can be searched.
type searchable struct{ *desk }

func (d searchable) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	return &foundSheet{sheet{desk: d.desk, order: order}}, nil
}

// SameReference takes what was saved as INV-1 for what is INV-1, posted.
func (searchable) SameReference(saved, found string) bool {
	return strings.HasPrefix(found, saved+", ")
}

type foundSheet struct{ sheet }

func (s *foundSheet) Find(context.Context) (string, error) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	if s.desk.sick != nil {
		return "", s.desk.sick
	}
	if name := s.desk.names[s.order.Key]; name != "" {
		return name, nil
	}
	if _, ok := s.desk.saved[s.order.Key]; ok {
		return referenceOf(s.order.Key), nil
	}
	return "", invoice.ErrNotFound
}

var (
	august  = usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)}
	october = time.Date(2013, 10, 1, 0, 0, 0, 0, time.UTC)
)

// newEngine is an engine on an empty store in memory, in October 2013.
func newEngine(source usage.Source, erp invoice.ERP) *billing.Engine {
	e := &billing.Engine{
		Deployment: "test", Adapter: "test:Desk", ERP: erp,
		Sources:     []billing.Source{{Name: "object", Source: source}},
		SourceNames: []string{"object"},
		Meters:      usage.DefaultMeters(),
		Currency:    "NZD", Digits: 2, ValueDigits: 6, Location: time.UTC, SettleAfter: 24 * time.Hour,
		Holder: "here:1", By: "tester",
		Now: func() time.Time { return october },
	}
	e.Store = memory.New(memory.Options{Now: func() time.Time { return e.Now() }, Shared: true})
	return e
}

func volume(tenant, resource, at, size string) usage.Sample {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	return usage.Sample{
		ID: tenant + resource + at, Meter: "volume.size", Kind: usage.Gauge, Unit: "GB", Tenant: tenant, Resource: resource,
		Datacenter: "nz-1", Volume: decimal.RequireFromString(size), HasVolume: true, Time: t,
	}
}

func collect(t *testing.T, e *billing.Engine, through time.Time) []billing.Collected {
	t.Helper()
	c, err := e.Collect(t.Context(), through)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func bill(t *testing.T, e *billing.Engine) []billing.Outcome {
	t.Helper()
	outcomes, err := e.Bill(t.Context(), august, nil)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func results(outcomes []billing.Outcome) map[string]billing.Result {
	all := map[string]billing.Result{}
	for _, o := range outcomes {
		all[o.Order.Tenant.ID] = o.Result
	}
	return all
}
