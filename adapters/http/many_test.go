package http

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
)

// TestManyTenants bills ten thousand tenants at a receiver that fails one
// request in ten, each time in another way, as the engine does it: an order
// that was tried before is looked up before it is sent again. The receiver
// would take every invoice twice, so it proves that none is sent twice.
func TestManyTenants(t *testing.T) {
	tenants := 10_000
	if testing.Short() {
		tenants = 1000
	}
	ways := []fault{
		raw(false, ""), raw(true, ""), raw(true, "HTTP/1.1 20"), raw(false, "nonsense\r\n\r\n"), slow(false),
		status(429), status(503, "Retry-After: 2"), status(408), served(408), status(409), served(500), status(500),
		served(502), served(503), served(504), served(302), served(201), served(202), location("/\x01"), status(401),
	}
	m := &memory{faults: make([]fault, 5*tenants)}
	for i := 0; i < len(m.faults); i += 10 {
		m.faults[i] = ways[i/10%len(ways)]
	}
	config := defaults(t, m.start(t).URL)
	// Long enough for a busy machine: what is still on its way when it is looked
	// for is saved twice.
	config.Find, config.Timeout = true, time.Second
	a, _ := open(t, config)

	bill := func(order invoice.Order, tried bool) (reference string, err error) {
		inv, err := a.NewInvoice(t.Context(), order)
		if err != nil {
			return "", err
		}
		if tried {
			if reference, err = inv.(invoice.Finder).Find(t.Context()); !errors.Is(err, invoice.ErrNotFound) {
				return reference, err
			}
		}
		if err := errors.Join(inv.AddSection("north"), inv.AddLine(item("north", "m1.nano", "744", "hour", "0.015", "11.16"))); err != nil {
			return "", err
		}
		return inv.Commit(t.Context())
	}
	var classes sync.Map
	var runs, next atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for n := next.Add(1); n <= int64(tenants); n = next.Add(1) {
				order := august()
				order.Key, order.Tenant.ID = fmt.Sprintf("%064x", n), fmt.Sprintf("%032x", n)
				reference, err := bill(order, false)
				for run := 0; err != nil && run < 20; run++ {
					classes.Store(class(err), true)
					runs.Add(1)
					reference, err = bill(order, true)
				}
				if err != nil || reference != "/invoices/"+order.Key {
					t.Errorf("tenant %d: %q, %v", n, reference, err)
				}
			}
		})
	}
	workers.Wait()
	if len(m.saved) != tenants || len(m.twice) != 0 {
		t.Errorf("%d invoices of %d, %d with other content", len(m.saved), tenants, len(m.twice))
	}
	for key, times := range m.took {
		if times != 1 || !strings.Contains(string(m.saved[key]), key) {
			t.Errorf("%s was saved %d times", key, times)
		}
	}
	for _, want := range []string{"unknown", "permanent"} {
		if _, ok := classes.Load(want); !ok {
			t.Errorf("no failure was %s", want)
		}
	}
	if runs.Load() < int64(tenants)/20 {
		t.Errorf("only %d runs had to be repeated: the receiver does not fail as it should", runs.Load())
	}
	t.Logf("%d tenants, %d requests, %d runs repeated", tenants, m.requests(), runs.Load())
}
