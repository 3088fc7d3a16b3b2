package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func ordersCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:     "orders",
		Short:   "list what was billed",
		Long:    "orders lists every order for an invoice: its tenant, block, status, what the\nERP calls the invoice, and its total. What became of one is in its history.",
		Example: "  artifice orders\n  artifice orders --month 2013-08 --output json",
		Args:    noArgs,
	}
	flags.register(a, cmd)
	tenants := tenantFlag(cmd)
	output := outputFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		var within usage.Span
		if flags.given() {
			block, err := flags.block(cmd, s.Location)
			if err != nil {
				return err
			}
			within = block
		}
		orders, err := s.OrdersWithin(ctx, within, *tenants)
		if err != nil {
			return err
		}
		g := newGrid("order", "tenant", "tenant name", "block", "status", "#total", "currency", "reference", "reason")
		for _, o := range orders {
			total := ""
			if o.Reserves || o.Status == ledger.Void {
				total = money(o.Total, o)
			}
			g.add(key(o, *output), o.Tenant.ID, o.Tenant.Name, billing.BlockLabel(o.Block, o.Block.Start.Location()), string(o.Status), total, o.Currency, o.Reference, o.Reason)
		}
		return g.write(a.Stdout, *output)
	})
	return cmd
}

func statementCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "statement ORDER",
		Short: "show what an order bills, as it was frozen",
		Long: "statement renders a claimed or settled order as it is in the store: the same\n" +
			"bytes every time, whatever has changed since in prices, names or the config.\n" +
			"An item that corrects an earlier block says which.\n" +
			"ORDER is the order's key, or as much of its beginning as is unique.",
		Example: "  artifice orders\n  artifice statement 3f1c29a0",
		Args:    oneOrder,
	}
	output := outputFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, args []string) error {
		order, err := s.order(ctx, args[0])
		if err != nil {
			return err
		}
		switch {
		case order.Status == ledger.Void:
			a.sayf("note: order %s is void: %s", ofWholeOrder(order.Key), mentionOf(billing.LogReason, order.Reason))
		case !order.Reserves:
			return fmt.Errorf("order %s is parked before its claim and has no items yet: %s", order.Key, order.Reason)
		}
		if err := a.tellPending(ctx, s, order.Tenant.ID); err != nil {
			return err
		}
		if *output != "table" {
			g := itemGrid()
			addItems(g, order)
			return g.write(a.Stdout, *output)
		}
		return writeStatement(a.Stdout, order)
	})
	return cmd
}

// tellPending says that usage of earlier blocks waits, which no statement has.
func (a *App) tellPending(ctx context.Context, s *session, tenant string) error {
	n := 0
	for _, err := range s.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: tenant, Pending: true}) {
		if err != nil {
			return err
		}
		n++
	}
	if n > 0 {
		a.sayf("note: %s of blocks of tenant %s that were billed, for a later order (artifice status --tenant %s lists them)", count(n, "adjustment waits", "adjustments wait"), ofTenant(tenant), tenant)
	}
	return nil
}

// oneOrder refuses all but the key of one order. An empty one, as of a variable
// that is not set, is the beginning of every key.
func oneOrder(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return wrongUse("%s takes the key of one order\nhint: artifice orders lists them", cmd.Name())
	}
	return nil
}

// order finds the one order whose key begins with prefix.
func (s *session) order(ctx context.Context, prefix string) (ledger.Order, error) {
	if err := s.Begun(ctx); err != nil {
		return ledger.Order{}, err
	}
	orders, err := s.Store.Orders(ctx, ledger.OrderFilter{KeyPrefix: prefix})
	switch {
	case err != nil:
		return ledger.Order{}, err
	case len(orders) == 0:
		return ledger.Order{}, fmt.Errorf("there is no order %s\nhint: artifice orders lists them", prefix)
	case len(orders) > 1:
		return ledger.Order{}, fmt.Errorf("%d orders begin with %q: write more of the key\nhint: artifice orders --output json shows whole keys", len(orders), prefix)
	}
	return s.Store.Order(ctx, orders[0].Key)
}

// writeStatement renders an order for a person, from nothing but what the
// store froze at its claim.
func writeStatement(w io.Writer, o ledger.Order) error {
	in := o.Block.Start.Location()
	fmt.Fprintf(w, "statement of order %s\n", o.Key)
	fmt.Fprintf(w, "tenant      %s\n", clean(tenantLabel(o)))
	fmt.Fprintf(w, "block       %s (%s to %s, %s)\n", billing.BlockLabel(o.Block, in), o.Block.Start.Format(time.RFC3339), o.Block.End.Format(time.RFC3339), in)
	fmt.Fprintf(w, "date        %s\n\n", o.Date.Format(time.DateOnly))
	if len(o.Items) == 0 {
		_, err := fmt.Fprintln(w, "nothing to bill")
		return err
	}
	return itemTable(o).write(w, "table")
}

// itemTable is the items of an order for a person, section by section, and what
// keeps a draft from being one, each where its item would be.
func itemTable(o ledger.Order, missing ...billing.Missing) *grid {
	g := newGrid("datacenter", "service", "resource", "description", "#value", "unit", "#cost", "#amount")
	own := 0 // items of the block itself come first, sorted
	for _, item := range o.Items {
		if item.Adjusts.IsZero() {
			own++
		}
		g.add(item.Datacenter, item.Name, item.Resource, describe(item.Description, item.Adjusts, o), item.Value.String(), item.Unit, item.Cost.String(), money(item.Amount, o))
	}
	for _, m := range missing {
		row := []string{m.Datacenter, m.Service, "", "", m.Volume.String(), m.Unit, "no cost", ""}
		if m.Adjusts != "" {
			row[3] = "(adjusts " + m.Adjusts + ")"
			g.add(row...)
			continue
		}
		at := 0
		for at < own && slices.Compare(g.rows[at][:2], row[:2]) <= 0 {
			at++
		}
		g.rows, own = slices.Insert(g.rows, at, row), own+1
	}
	for i := len(g.rows) - 1; i > 0; i-- {
		if g.rows[i][0] == g.rows[i-1][0] {
			g.rows[i][0] = ""
		}
	}
	g.footer = []string{"total " + o.Currency, "", "", "", "", "", "", money(o.Total, o)}
	if len(missing) > 0 {
		g.footer[1] = "incomplete"
	}
	return g
}

func describe(description string, adjusts usage.Span, o ledger.Order) string {
	if adjusts.IsZero() {
		return description
	}
	return strings.TrimSpace(description + " (adjusts " + billing.BlockLabel(adjusts, o.Block.Start.Location()) + ")")
}

// itemGrid is the data of items of orders.
func itemGrid() *grid {
	return newGrid("tenant", "tenant name", "start", "end", "datacenter", "service", "resource", "description", "#value", "unit", "#cost", "#amount", "currency", "order")
}

func addItems(g *grid, o ledger.Order) {
	for _, i := range o.Items {
		g.add(o.Tenant.ID, o.Tenant.Name, o.Block.Start.Format(time.RFC3339), o.Block.End.Format(time.RFC3339), i.Datacenter, i.Name, i.Resource, describe(i.Description, i.Adjusts, o),
			i.Value.String(), i.Unit, i.Cost.String(), money(i.Amount, o), o.Currency, o.Key)
	}
}

// money writes an amount with the digits of the order's currency. It is
// rounded already: nothing is lost.
func money(amount decimal.Decimal, o ledger.Order) string { return amount.StringFixed(o.Digits) }

func tenantLabel(o ledger.Order) string {
	if o.Tenant.Name == "" || o.Tenant.Name == o.Tenant.ID {
		return o.Tenant.ID
	}
	return o.Tenant.ID + " " + o.Tenant.Name
}

// shortKey is as much of a key as people need.
func shortKey(key string) string { return key[:min(len(key), 12)] }

// key is an order's key: short for people, whole for programs.
func key(o ledger.Order, output string) string {
	if output == "table" {
		return shortKey(o.Key)
	}
	return o.Key
}
