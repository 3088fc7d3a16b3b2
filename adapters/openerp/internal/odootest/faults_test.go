package odootest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
)

func client(t *testing.T, s *odootest.Server, user string, protocol rpc.Protocol) *rpc.Client {
	t.Helper()
	secret := user
	if protocol == rpc.JSON2 {
		secret += "-key"
	}
	c, err := rpc.New(rpc.Config{URL: s.Start(t), Database: "bill", Username: user, Secret: func() (string, error) { return secret, nil },
		APIKey: protocol == rpc.JSON2, Protocol: protocol})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// loaded is what load answers.
type loaded struct {
	IDs      rpc.Records `json:"ids"`
	Messages []struct {
		Message string `json:"message"`
	} `json:"messages"`
}

// load saves an invoice of two lines under a key.
func load(c *rpc.Client, partner int64, key string) (loaded, error) {
	return loadWith(context.Background(), c, partner, key)
}

func loadWith(ctx context.Context, c *rpc.Client, partner int64, key string) (loaded, error) {
	fields := []string{"id", "move_type", "partner_id/.id", "ref", "invoice_date", "invoice_line_ids/id", "invoice_line_ids/sequence",
		"invoice_line_ids/display_type", "invoice_line_ids/name", "invoice_line_ids/quantity", "invoice_line_ids/price_unit", "invoice_line_ids/tax_ids/.id"}
	rows := []any{
		[]string{"artifice." + key, "out_invoice", fmt.Sprint(partner), key, "2026-10-31", "artifice." + key + "-1", "1", "line_section", "nz-por-1", "", "", ""},
		[]string{"", "", "", "", "", "artifice." + key + "-2", "2", "product", "m1.nano", "744", "0.02", ""},
		[]string{"", "", "", "", "", "artifice." + key + "-3", "3", "product", "m1.tiny", "1.5", "0.03", ""},
	}
	var answer loaded
	err := c.Call(ctx, "account.move", "load", rpc.Args{rpc.Pos("fields", fields), rpc.Pos("data", rows)}, &answer)
	return answer, err
}

// TestProtocols bills over every protocol of every version, as somebody who
// may do nothing else.
func TestProtocols(t *testing.T) {
	for version := 16; version <= 19; version++ {
		for _, protocol := range []rpc.Protocol{rpc.JSONRPC, rpc.XMLRPC, rpc.JSON2, rpc.Auto} {
			if protocol == rpc.JSON2 && version < 19 {
				continue
			}
			t.Run(fmt.Sprint(version, protocol), func(t *testing.T) {
				s := odootest.New(odootest.Options{Version: version})
				partner := s.Add("res.partner", odootest.Values{"name": "Tenant", "ref": "t-1"})
				c := client(t, s, odootest.Biller, protocol)
				ctx := context.Background()
				if uid, err := c.Login(ctx); uid != 6 || err != nil {
					t.Fatal(uid, err)
				}
				if v, err := c.Version(ctx); v.Major != version || err != nil {
					t.Error(v, err)
				}
				answer, err := load(c, partner, "k")
				if err != nil || len(answer.IDs) != 1 || len(answer.Messages) != 0 {
					t.Fatal(answer, err)
				}
				id := answer.IDs[0]
				act := func(method string) {
					t.Helper()
					if err := c.Call(ctx, "account.move", method, rpc.Args{rpc.IDs(id)}, nil); err != nil {
						t.Errorf("%s: %v", method, err)
					}
				}
				act("action_post")
				var got []struct {
					State   string          `json:"state"`
					Name    string          `json:"name"`
					Untaxed decimal.Decimal `json:"amount_untaxed"`
					Lines   rpc.Records     `json:"invoice_line_ids"`
					Partner rpc.Many2One    `json:"partner_id"`
				}
				args := rpc.Args{rpc.Pos("domain", []any{[]any{"ref", "=", "k"}}), rpc.Named("fields", []string{"state", "name", "amount_untaxed", "invoice_line_ids", "partner_id"})}
				if err := c.Call(ctx, "account.move", "search_read", args, &got); err != nil || len(got) != 1 {
					t.Fatal(got, err)
				}
				// 744 * 0.02 = 14.88; 1.5 * 0.03 = 0.045, which is 0.05
				if g := got[0]; g.State != "posted" || g.Name != "INV/2026/00001" || g.Untaxed.String() != "14.93" || len(g.Lines) != 3 || g.Partner.Name != "Tenant" {
					t.Errorf("%+v", g)
				}
				var found []any
				args = rpc.Args{rpc.Pos("module", "artifice"), rpc.Pos("xml_id", "k")}
				if err := c.Call(ctx, "ir.model.data", "check_object_reference", args, &found); err != nil || fmt.Sprint(found) != fmt.Sprintf("[account.move %d]", id) {
					t.Error(found, err)
				}
				act("button_draft")
				act("button_cancel")
				var made any // one id, but of JSON-2 a list
				one := rpc.Pos("vals_list", map[string]any{"move_type": "out_invoice"})
				if err := c.Call(ctx, "account.move", "create", rpc.Args{one}, &made); err != nil {
					t.Error(err)
				}
				if _, list := made.([]any); list != (protocol == rpc.JSON2) {
					t.Errorf("create answers %v", made)
				}
				if state := s.Get("account.move", id)["state"]; state != "cancel" {
					t.Error(state)
				}
				err = c.Call(ctx, "account.move", "action_post", rpc.Args{rpc.IDs(id)}, nil)
				if kind, _ := rpc.KindOf(err); kind != rpc.Invalid || !strings.Contains(err.Error(), "must be in draft") {
					t.Error(err)
				}
				for _, each := range s.Calls() {
					if each.User != 6 || protocol != rpc.Auto && each.Protocol != string(protocol) {
						t.Errorf("%+v", each)
					}
				}
			})
		}
	}
}

// TestFaults makes a load go wrong in each way, and looks what the client
// makes of it, what is saved at once, and what later.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name           string
		fault          odootest.Fault
		saved, pending int
		unknown, retry bool
		kind           rpc.Kind
	}{
		{"lost request", odootest.LoseRequest, 0, 0, true, false, 0},
		{"lost reply", odootest.LoseReply, 1, 0, true, false, 0},
		{"cut reply", odootest.CutReply, 1, 0, true, false, 0},
		{"saved, then 500", odootest.SaveThen500, 1, 0, true, false, 0},
		{"commit later", odootest.CommitLater, 0, 1, true, false, 0},
		{"hang", odootest.Hang, 0, 1, true, false, 0},
		{"stall", odootest.Stall, 1, 0, true, false, 0},
		{"kill", odootest.Kill, 0, 0, true, false, 0},
		{"serialization", odootest.Serialization, 0, 0, false, true, rpc.Concurrency},
		{"busy", odootest.Busy, 0, 0, true, false, 0},
	} {
		for _, protocol := range []rpc.Protocol{rpc.JSONRPC, rpc.XMLRPC, rpc.JSON2} {
			t.Run(c.name+" "+string(protocol), func(t *testing.T) {
				s := odootest.New(odootest.Options{Version: 19})
				partner := s.Add("res.partner", odootest.Values{"name": "Tenant"})
				cl := client(t, s, odootest.Biller, protocol)
				s.FailNext("load", c.fault)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				go func() {
					select {
					case <-s.Held():
						cancel()
					case <-ctx.Done():
					}
				}()
				_, err := loadWith(ctx, cl, partner, "k")
				kind, isFault := rpc.KindOf(err)
				if err == nil || rpc.Unknown(err) != c.unknown || rpc.Retryable(err) != c.retry || isFault != (c.kind != 0) || kind != c.kind {
					t.Errorf("%v: unknown %v, retryable %v, %v", err, rpc.Unknown(err), rpc.Retryable(err), kind)
				}
				if saved := len(s.Find("account.move")); saved != c.saved || s.Pending() != c.pending {
					t.Errorf("%d saved, %d pending", saved, s.Pending())
				}
				if done := s.CommitPending(); done != c.pending || s.Pending() != 0 {
					t.Errorf("%d took effect later", done)
				}
				// Once more: whatever became of the first, there is one invoice.
				answer, err := load(cl, partner, "k")
				if err != nil || len(answer.IDs) != 1 || len(s.Find("account.move")) != 1 || len(s.Find("account.move.line", []any{"display_type", "=", "product"})) != 2 {
					t.Errorf("%+v, %v, %v", answer, err, s.Find("account.move"))
				}
			})
		}
	}
}

// TestExpiredLogin is one that the client mends by itself, but for JSON-2.
func TestExpiredLogin(t *testing.T) {
	for _, protocol := range []rpc.Protocol{rpc.JSONRPC, rpc.XMLRPC, rpc.JSON2} {
		s := odootest.New(odootest.Options{Version: 19})
		partner := s.Add("res.partner", odootest.Values{"name": "Tenant"})
		c := client(t, s, odootest.Biller, protocol)
		if _, err := c.Login(context.Background()); err != nil {
			t.Fatal(err)
		}
		s.FailNext("load", odootest.ExpireLogin)
		_, err := load(c, partner, "k")
		if kind, _ := rpc.KindOf(err); (err != nil) != (protocol == rpc.JSON2) || err != nil && kind != rpc.AccessDenied {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

// TestLateCommitLoses repeats a load before the first one commits: the one
// that comes late is undone, as by the database's constraint.
func TestLateCommitLoses(t *testing.T) {
	s := odootest.New(odootest.Options{})
	partner := s.Add("res.partner", odootest.Values{"name": "Tenant"})
	c := client(t, s, odootest.Biller, rpc.JSONRPC)
	s.FailNext("load", odootest.CommitLater, odootest.CommitLater)
	for range 2 {
		if _, err := load(c, partner, "k"); !rpc.Unknown(err) {
			t.Error(err)
		}
	}
	if answer, err := load(c, partner, "k"); err != nil || len(answer.IDs) != 1 {
		t.Error(answer, err)
	}
	if done := s.CommitPending(); done != 0 || len(s.Find("account.move")) != 1 {
		t.Errorf("%d took effect, %v", done, s.Find("account.move"))
	}
}

func TestRejectDuplicate(t *testing.T) {
	s := odootest.New(odootest.Options{})
	partner := s.Add("res.partner", odootest.Values{"name": "Tenant"})
	c := client(t, s, odootest.Biller, rpc.XMLRPC)
	s.FailNext("", odootest.RejectDuplicate, odootest.RejectDuplicate)
	if answer, err := load(c, partner, "k"); err != nil || answer.IDs != nil || len(answer.Messages) != 1 || !strings.Contains(answer.Messages[0].Message, "duplicate key value") {
		t.Error(answer, err)
	}
	err := c.Call(context.Background(), "account.move", "create", rpc.Args{rpc.Pos("vals_list", map[string]any{"move_type": "out_invoice"})}, nil)
	if kind, _ := rpc.KindOf(err); kind != rpc.Duplicate {
		t.Error(err)
	}
}

// TestPlan runs the same plan twice.
func TestPlan(t *testing.T) {
	run := func(seed uint64) []odootest.Call {
		s := odootest.New(odootest.Options{})
		partner := s.Add("res.partner", odootest.Values{"name": "Tenant"})
		c := client(t, s, odootest.Biller, rpc.JSONRPC)
		s.SetPlan(odootest.Plan{Seed: seed, Percent: 40, Faults: []odootest.Fault{odootest.LoseReply, odootest.Kill, odootest.Serialization}, Methods: []string{"load"}})
		for i := range 40 {
			load(c, partner, fmt.Sprint("k", i%4))
			var n int64
			if err := c.Call(context.Background(), "account.move", "search_count", rpc.Args{rpc.Pos("domain", []any{})}, &n); err != nil {
				t.Error(err)
			}
		}
		s.SetPlan(odootest.Plan{})
		for i := range 4 {
			if answer, err := load(c, partner, fmt.Sprint("k", i)); err != nil || len(answer.IDs) != 1 {
				t.Error(answer, err)
			}
		}
		if n := len(s.Find("account.move")); n != 4 {
			t.Errorf("%d invoices for 4 keys", n)
		}
		return s.Calls()
	}
	one, same, other := run(1), run(1), run(2)
	if !slices.Equal(one, same) || slices.Equal(one, other) {
		t.Error("a seed does not say which calls fail")
	}
	failed := 0
	for _, each := range one {
		if each.Fault != 0 {
			failed++
		}
	}
	if failed < 5 || failed > 30 {
		t.Errorf("%d of 84 calls failed", failed)
	}
}

// TestBackup restores an old backup: what was saved since is gone, and its ids
// are given again.
func TestBackup(t *testing.T) {
	s := odootest.New(odootest.Options{})
	partner := s.Add("res.partner", odootest.Values{"name": "Tenant"})
	c := client(t, s, odootest.Biller, rpc.JSONRPC)
	before := s.Snapshot()
	first, err := load(c, partner, "a")
	if err != nil {
		t.Fatal(err)
	}
	s.Restore(before)
	if _, id := s.ExternalID("artifice.a"); id != 0 || len(s.Find("account.move")) != 0 {
		t.Error("it is still there")
	}
	second, err := load(c, partner, "b")
	if err != nil || first.IDs[0] != second.IDs[0] {
		t.Error(first, second, err)
	}
}

// TestConcurrentLoads makes one invoice, whoever comes first.
func TestConcurrentLoads(t *testing.T) {
	s := odootest.New(odootest.Options{})
	partner := s.Add("res.partner", odootest.Values{"name": "Tenant"})
	c := client(t, s, odootest.Biller, rpc.JSONRPC)
	done := make(chan error)
	for range 5 {
		go func() {
			_, err := load(c, partner, "k")
			done <- err
		}()
	}
	for range 5 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := len(s.Find("account.move")); n != 1 {
		t.Errorf("%d invoices", n)
	}
}
