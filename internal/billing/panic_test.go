package billing_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

const panics = "panic_test.go:"

// wantPanic wants an error that says where an adapter panics.
func wantPanic(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), panics) || !strings.Contains(err.Error(), "assignment to entry in nil map (a fault of the adapter)") {
		t.Errorf("error %v", err)
	}
}

var nothing map[string]int

func fault() { nothing["x"] = 1 }

// An adapter that panics stops nobody else. Of an invoice that was being saved
// nobody knows whether it is there.
func TestAdapterPanics(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("b", "v2", "2013-08-05T03:10:00Z", "3"), volume("c", "v3", "2013-08-05T03:10:00Z", "4")}}
	for name, test := range map[string]struct {
		erp  func(*desk) invoice.ERP
		want billing.Result
		left ledger.Status // of the order; "" for none
	}{
		"while it commits": {func(d *desk) invoice.ERP { return d }, billing.InDoubt, ledger.InDoubt},
		"while it is made": {func(d *desk) invoice.ERP { return broken{d} }, billing.NotBilled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(map[string]string{"volume.size": "1"})
			if test.left != "" {
				d.commit = func() (bool, error) {
					if d.sent == 2 {
						fault()
					}
					return true, nil
				}
			}
			e := newEngine(source, test.erp(d))
			collect(t, e, august.End.Add(48*time.Hour))
			outcomes := bill(t, e)
			got := results(outcomes)
			if got["a"] != billing.Billed || got["b"] != test.want || got["c"] != billing.Billed {
				t.Errorf("results %v", got)
			}
			wantPanic(t, outcomes[1].Err)
			orders, err := e.Store.Orders(t.Context(), ledger.OrderFilter{Tenant: "b"})
			if err != nil || test.left == "" && len(orders) > 0 || test.left != "" && (len(orders) != 1 || orders[0].Status != test.left) {
				t.Errorf("orders of b: %+v, %v", orders, err)
			}
		})
	}
}

// broken panics where the invoice of b is made.
type broken struct{ *desk }

func (d broken) NewInvoice(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
	if order.Tenant.ID == "b" {
		fault()
	}
	return d.desk.NewInvoice(ctx, order)
}

// A source that panics is not collected, and the others are; a transformer
// neither is.
func TestSourcePanics(t *testing.T) {
	good := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	e := newEngine(good, nil)
	e.Sources = []billing.Source{{Name: "bad", Source: badSource{}}, {Name: "object", Source: good}}
	all, err := e.Collect(t.Context(), august.End)
	wantPanic(t, err)
	if len(all) != 1 || all[0].Entries != 1 {
		t.Errorf("collected %+v", all)
	}
	for _, workers := range []int{1, 3} {
		e := newEngine(good, nil)
		e.Workers = workers
		e.Meters = []usage.Meter{{Name: "bad", Meter: "volume.size", Transformer: badTransformer{}, Billed: true}}
		_, err := e.Collect(t.Context(), august.End)
		wantPanic(t, err)
	}
}

type badSource struct{}

func (badSource) Samples(context.Context, usage.Query) iter.Seq2[usage.Sample, error] {
	return func(func(usage.Sample, error) bool) { fault() }
}

type badTransformer struct{}

func (badTransformer) Transform(usage.Span, usage.State, []usage.Sample) ([]usage.Volume, usage.State, error) {
	fault()
	return nil, usage.State{}, nil
}

// Whoever is stopped is told how many tenants are done: who was being billed
// and was not is none of them.
func TestStoppedCountsWhatIsDone(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	d := newDesk(map[string]string{"volume.size": "1"})
	d.commit = func() (bool, error) {
		if d.sent == 2 {
			stop()
		}
		return true, nil
	}
	source := &samples{}
	for _, tenant := range []string{"a", "b", "c", "d", "e", "f"} {
		source.all = append(source.all, volume(tenant, "v-"+tenant, "2013-08-05T03:10:00Z", "2"))
	}
	e := newEngine(source, waiting{d})
	e.Workers = 3
	collect(t, e, august.End.Add(48*time.Hour))
	var told counter
	e.Watch = func(billing.Step) billing.Progress { return &told }
	outcomes, err := e.Bill(ctx, august, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	billed := 0
	for _, o := range outcomes {
		if o.Result == billing.Billed {
			billed++
		}
	}
	if told.n.Load() != int64(billed) || billed != len(d.saved) || billed < 2 {
		t.Errorf("%d are told to be done, %d are billed, the ERP has %d", told.n.Load(), billed, len(d.saved))
	}
}

// waiting is a desk that asks for a price until the run is stopped, but for the
// first two tenants.
type waiting struct{ *desk }

func (d waiting) NewInvoice(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
	if order.Tenant.ID > "b" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return d.desk.NewInvoice(ctx, order)
}

type counter struct{ n atomic.Int64 }

func (c *counter) Add(n int64)   { c.n.Add(n) }
func (*counter) Part(_, _ int64) {}
func (*counter) End()            {}
