package openerp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

func threeItems() []invoice.Item {
	return []invoice.Item{
		item("north.m1.nano", "744", "0.015"),                 // 744 x 0.015 = 11.16
		item("north.volume.size", "123456.654321", "0.00032"), // 39.50612938... is 39.51
		item("south.m1.nano", "1.5", "0.0125"),                // 0.01875 is 0.02
	}
}

// wantOne holds the house against the one invoice that an order is to be.
func (h *house) wantOne(t testing.TB, order invoice.Order, state string, items ...invoice.Item) {
	t.Helper()
	id, move := h.only(t)
	var want decimal.Decimal
	for _, i := range items {
		want = want.Add(i.Amount)
	}
	if move["state"] != state || !figureOf(move["amount_untaxed"]).Equal(want) {
		t.Errorf("%v of %v, want %s of %s", move["state"], move["amount_untaxed"], state, want)
	}
	if model, at := h.ExternalID("__artifice__." + order.Key); model != "account.move" || at != id {
		t.Errorf("the order's external id is that of %s %d", model, at)
	}
	lines := slices.DeleteFunc(h.lines(id), func(l odootest.Values) bool { return l["display_type"] != "product" })
	if len(lines) != len(items) {
		t.Fatalf("%d lines, want %d", len(lines), len(items))
	}
	for i, l := range lines {
		if !figureOf(l["price_subtotal"]).Equal(items[i].Amount) {
			t.Errorf("line %d comes to %v, want %s", i+1, l["price_subtotal"], items[i].Amount)
		}
	}
}

// Whatever goes wrong with a call, there is one invoice in the end, and Commit
// tells rightly what it knows.
func TestFaults(t *testing.T) {
	const (
		good    = "saved"
		unknown = "unknown outcome"
		again   = "try again"
	)
	for _, tc := range []struct {
		method string
		fault  odootest.Fault
		want   string // with nobody who commits later
	}{
		{"load", odootest.LoseRequest, unknown},
		{"load", odootest.LoseReply, good},
		{"load", odootest.CutReply, good},
		{"load", odootest.SaveThen500, good},
		{"load", odootest.CommitLater, unknown},
		{"load", odootest.Kill, unknown},
		{"load", odootest.ExpireLogin, good},
		{"load", odootest.Serialization, good},
		{"load", odootest.RejectDuplicate, good},
		{"load", odootest.Busy, unknown},
		{"action_post", odootest.LoseRequest, unknown},
		{"action_post", odootest.LoseReply, good},
		{"action_post", odootest.CutReply, good},
		{"action_post", odootest.SaveThen500, good},
		{"action_post", odootest.CommitLater, unknown},
		{"action_post", odootest.Kill, unknown},
		{"action_post", odootest.ExpireLogin, good},
		{"action_post", odootest.Serialization, good},
		{"action_post", odootest.Busy, unknown},
		{"check_object_reference", odootest.LoseReply, again},
		{"check_object_reference", odootest.SaveThen500, again},
		{"fields_get", odootest.Kill, again},
		{"search_read", odootest.Serialization, again},
	} {
		for _, protocol := range []string{"jsonrpc", "xmlrpc"} {
			t.Run(fmt.Sprintf("%s %d %s", tc.method, tc.fault, protocol), func(t *testing.T) {
				h := build(t, odootest.Options{Version: 16})
				erp := h.erp(t, func(c *Config) { c.Post, c.Protocol = true, protocol })
				h.FailNext(tc.method, tc.fault)
				order := august(0)
				_, err := filled(t, erp, order, threeItems()...).Commit(t.Context())
				got := good
				switch {
				case invoice.IsUnknownOutcome(err):
					got = unknown
				case invoice.IsPermanent(err):
					got = "permanent"
				case err != nil:
					got = again
				}
				if got != tc.want {
					t.Errorf("the first Commit is %q: %v; want %q", got, err, tc.want)
				}
				if err != nil && strings.Contains(err.Error(), order.Key) {
					t.Errorf("%q names the order, as whoever committed it does", err)
				}
				if tc.want == good {
					h.wantOne(t, order, "posted", threeItems()...)
				}
				h.CommitPending()
				h.settle(t, erp, order, threeItems()...)
				h.wantOne(t, order, "posted", threeItems()...)
			})
		}
	}
}

// settle does what the engine does with a claimed order, as another process
// would: it looks, and saves what is not there.
func (h *house) settle(t testing.TB, like *Invoice, order invoice.Order, items ...invoice.Item) string {
	t.Helper()
	erp := adapter(t, like.config)
	inv := filled(t, erp, order, items...)
	reference, err := inv.Find(t.Context())
	if errors.Is(err, invoice.ErrNotFound) {
		reference, err = inv.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return reference
}

// A server that goes on after the connection was lost, and commits while the
// adapter looks: it is found, and nothing is sent twice.
func TestCommitAfterTheClientGaveUp(t *testing.T) {
	for _, method := range []string{"load", "action_post"} {
		t.Run(method, func(t *testing.T) {
			h := build(t, odootest.Options{})
			erp := h.erp(t, func(c *Config) { c.Post = true })
			erp.sleep = (&clock{during: func(waited time.Duration) {
				if waited > time.Minute {
					h.CommitPending()
				}
			}}).sleep
			h.FailNext(method, odootest.CommitLater)
			commit(t, erp, august(0), threeItems()...)
			h.wantOne(t, august(0), "posted", threeItems()...)
			if n := h.called(method); n != 1 {
				t.Errorf("%s was called %d times", method, n)
			}
		})
	}
}

// A server that does not answer, and commits when nobody waits any more: the
// outcome is not known, and the next run finds it.
func TestNoAnswer(t *testing.T) {
	h := build(t, odootest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	r := h.recorded(t)
	served := make(chan struct{})
	r.around = func(body string, serve func()) {
		if strings.Contains(body, `"load"`) {
			cancel() // as the timeout of a call does, without waiting for it
			defer close(served)
		}
		serve()
	}
	erp := h.erp(t)
	h.FailNext("load", odootest.CommitLater)
	if _, err := filled(t, erp, august(0), threeItems()...).Commit(ctx); !invoice.IsUnknownOutcome(err) {
		t.Errorf("%v, want an unknown outcome", err)
	}
	<-served
	h.CommitPending()
	if _, err := filled(t, erp, august(0), threeItems()...).Find(t.Context()); err != nil {
		t.Error(err)
	}
	h.wantOne(t, august(0), "draft", threeItems()...)
}

// One that commits only after patience ended, when another process has saved
// the order meanwhile, makes no second invoice.
func TestCommitAfterPatience(t *testing.T) {
	h := build(t, odootest.Options{})
	erp := h.erp(t)
	h.FailNext("load", odootest.CommitLater)
	_, err := filled(t, erp, august(0), threeItems()...).Commit(t.Context())
	if !invoice.IsUnknownOutcome(err) {
		t.Fatalf("%v, want an unknown outcome", err)
	}
	h.settle(t, erp, august(0), threeItems()...)
	if done := h.CommitPending(); done != 0 {
		t.Errorf("%d late calls took effect", done)
	}
	h.wantOne(t, august(0), "draft", threeItems()...)
}

func (h *house) called(method string) (n int) {
	for _, call := range h.Calls() {
		if call.Method == method {
			n++
		}
	}
	return n
}

// Waiting ends with the context, and what is then not known is said.
func TestCancelledWhileWaiting(t *testing.T) {
	h := build(t, odootest.Options{})
	erp := h.erp(t)
	ctx, cancel := context.WithCancel(t.Context())
	erp.sleep = (&clock{during: func(time.Duration) { cancel() }}).sleep
	h.FailNext("load", odootest.CommitLater)
	_, err := filled(t, erp, august(0), threeItems()...).Commit(ctx)
	if !invoice.IsUnknownOutcome(err) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want an unknown outcome that wraps the cancellation", err)
	}
}

// Several processes save one order at the same time: there is one invoice, and
// who fails may try again.
func TestTwoProcesses(t *testing.T) {
	for _, version := range []int{16, 17} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			h := build(t, odootest.Options{Version: version})
			const processes = 6
			erps := make([]*Invoice, processes)
			for n := range erps {
				erps[n] = h.erp(t, func(c *Config) { c.Post, c.Chunk = true, 2 })
			}
			errs := make([]error, processes)
			var done sync.WaitGroup
			for n := range erps {
				inv := filled(t, erps[n], august(0), threeItems()...)
				done.Go(func() { _, errs[n] = inv.Commit(t.Context()) })
			}
			done.Wait()
			for n, err := range errs {
				if invoice.IsPermanent(err) {
					t.Errorf("process %d: %v", n, err)
				}
			}
			h.settle(t, erps[0], august(0), threeItems()...)
			h.wantOne(t, august(0), "posted", threeItems()...)
		})
	}
}

// Within a process only one saves an order at a time, so that a posted invoice
// is not written to by who comes second.
func TestOneAtATime(t *testing.T) {
	h := build(t, odootest.Options{Version: 17})
	erp := h.erp(t, func(c *Config) { c.Post = true })
	var done sync.WaitGroup
	for range 8 {
		inv := filled(t, erp, august(0), threeItems()...)
		done.Go(func() {
			if _, err := inv.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if loads, posts := h.called("load"), h.called("action_post"); loads != 1 || posts != 1 {
		t.Errorf("%d loads and %d posts", loads, posts)
	}
	h.wantOne(t, august(0), "posted", threeItems()...)
}

// Orders are saved once by a server whose calls fail at random, in every way
// that there is, by processes that die and are started again.
func TestOnceThroughStorms(t *testing.T) {
	faults := []odootest.Fault{odootest.LoseRequest, odootest.LoseReply, odootest.CutReply, odootest.SaveThen500, odootest.CommitLater,
		odootest.Kill, odootest.ExpireLogin, odootest.Serialization, odootest.RejectDuplicate, odootest.Busy}
	rapid.Check(t, func(r *rapid.T) {
		h := build(t, odootest.Options{Version: rapid.SampledFrom([]int{16, 17, 18}).Draw(r, "version"), Noise: rapid.Bool().Draw(r, "noise")})
		change := func(c *Config) {
			c.Chunk = rapid.IntRange(1, 6).Draw(r, "chunk")
			c.Protocol = rapid.SampledFrom([]string{"jsonrpc", "xmlrpc"}).Draw(r, "protocol")
			c.Post = rapid.Bool().Draw(r, "post")
			c.Patience = time.Second * time.Duration(rapid.IntRange(0, 20).Draw(r, "patience"))
		}
		erp := h.erp(t, change)
		h.SetPlan(odootest.Plan{Seed: rapid.Uint64().Draw(r, "seed"), Percent: rapid.IntRange(5, 40).Draw(r, "percent"), Faults: faults})
		late := rapid.IntRange(1, 4).Draw(r, "late")
		var reference string
		for run := 1; reference == ""; run++ {
			if run%late == 0 {
				h.CommitPending()
			}
			if run == 30 {
				h.SetPlan(odootest.Plan{}) // fair weather, or a test might go on for ever
			}
			if run == 40 {
				r.Fatal("not saved after ten runs without a fault")
			}
			inv := filled(t, adapter(t, erp.config), august(0), threeItems()...)
			found, err := inv.Find(t.Context())
			if errors.Is(err, invoice.ErrNotFound) {
				found, err = inv.Commit(t.Context())
			}
			// A login that is denied when it was just renewed is one to mend.
			if denied := (*rpc.Fault)(nil); invoice.IsPermanent(err) && !(errors.As(err, &denied) && denied.Kind == rpc.AccessDenied) {
				r.Fatalf("run %d: %v", run, err)
			}
			if err == nil {
				reference = found
			}
		}
		h.SetPlan(odootest.Plan{})
		h.CommitPending()
		state := "draft"
		if erp.config.Post {
			state = "posted"
		}
		h.wantOne(t, august(0), state, threeItems()...)
		if again := h.settle(t, erp, august(0), threeItems()...); again != reference {
			r.Fatalf("it is %q, and was %q", again, reference)
		}
	})
}

// Odoo's own words reach a person, its traceback does not.
func TestNoTraceback(t *testing.T) {
	for _, protocol := range []string{"jsonrpc", "xmlrpc"} {
		h := build(t, odootest.Options{Version: 16})
		erp := h.erp(t, func(c *Config) { c.Post, c.Protocol = true, protocol })
		inv := filled(t, erp, august(0), threeItems()...)
		if _, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil {
			t.Fatal(err)
		}
		h.Set("account.journal", odootest.SalesJournal, odootest.Values{"active": false})
		_, err := inv.Commit(t.Context())
		if !invoice.IsPermanent(err) || !strings.Contains(err.Error(), "You cannot post an entry in an archived journal (Customer Invoices)") {
			t.Errorf("%s: %v", protocol, err)
		}
		if text := fmt.Sprint(err); strings.Contains(text, "Traceback") || strings.Contains(text, ".py") || strings.Contains(text, "\n") {
			t.Errorf("%s: %s", protocol, text)
		}
		h.wantOne(t, august(0), "draft", threeItems()...)
	}
}
