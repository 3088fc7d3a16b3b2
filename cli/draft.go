package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func draftCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:   "draft",
		Short: "show what would be billed, and save it nowhere",
		Long: "draft prices what each tenant used within a block, and what came late for\n" +
			"earlier ones, just as bill would, and shows the items. Services that the ERP\n" +
			"has no cost for are listed with the volume at stake: their tenants would be\n" +
			"parked, and the exit code is 3.\n\n" +
			"With --diff it shows instead what differs from what was billed for the month\n" +
			"before, the greatest difference first, with tenants and items that are new or\n" +
			"gone. Tenants that are neither collected nor billed to the end of the month are\n" +
			"left out and counted. What has no cost comes first, as \"no cost\": what it will\n" +
			"come to is not known, and the total is incomplete.",
		Example: "  artifice draft --month 2013-08\n  artifice draft --month 2013-08 --diff\n  artifice draft --from 2013-08-01 --to 2013-08-08",
		Args:    noArgs,
	}
	flags.register(a, cmd)
	tenants := tenantFlag(cmd)
	diff := cmd.Flags().Bool("diff", false, "show what changed since the month before, and not the items")
	output := outputFlag(cmd)
	cmd.RunE = a.with(needERP, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		block, err := flags.block(cmd, s.Location)
		if err != nil {
			return err
		}
		if err := s.Began(block); err != nil {
			return err
		}
		if *diff {
			if _, err := report.LastMonth(block, s.Location); err != nil {
				return wrongUse("--diff: %w\nhint: artifice draft --diff --month %s", err, a.monthOver(s.Location))
			}
		}
		known, err := s.Tenants(ctx, *tenants)
		if err != nil {
			return err
		}
		drafts, failedTenants, failed, err := a.drafts(ctx, s, block, known)
		if err != nil {
			return err
		}
		if err := a.tellBehind(ctx, s, block, *tenants); err != nil {
			return err
		}
		if err := a.tellReserved(ctx, s, block, known); err != nil {
			return err
		}
		if err := a.tellPruned(ctx, s, block, *tenants); err != nil {
			return err
		}
		if *diff {
			err = a.writeDiff(ctx, s, block, drafts, *tenants, failedTenants, *output)
		} else {
			err = a.writeDrafts(drafts, *output, billing.BlockLabel(block, s.Location))
		}
		if err != nil {
			return err
		}
		for _, d := range drafts {
			a.tellWaiting(s, d.Order, d.Left, d.Postponed)
			if reason := d.Negative(); reason != "" {
				a.warnf("note: tenant %s would be parked: %s", ofTenant(d.Order.Tenant.ID), reason)
			}
		}
		unfit := a.tellUnfit(s, drafts)
		if len(failed) > 0 {
			return errors.Join(failed...)
		}
		return unfit
	})
	return cmd
}

// drafts drafts what tenants would be billed. It tells of whom that failed, and
// why.
func (a *App) drafts(ctx context.Context, s *session, block usage.Span, tenants []usage.Tenant) (drafts []billing.Draft, failedTenants []string, failed []error, err error) {
	progress := a.watch.begin(billing.Step{Name: "draft", Of: billing.BlockLabel(block, s.Location), Unit: "tenants", Total: int64(len(tenants)), Whole: true})
	defer progress.End()
	for _, t := range tenants {
		began := a.Now()
		d, err := s.Draft(ctx, t, block)
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		progress.Add(1)
		if err != nil {
			failed, failedTenants = append(failed, err), append(failedTenants, t.ID)
			continue
		}
		drafts = append(drafts, d)
		a.logDraft(s, d, began)
	}
	return drafts, failedTenants, failed, nil
}

// logDraft writes the line of a tenant in a log, in the words of bill's.
func (a *App) logDraft(s *session, d billing.Draft, began time.Time) {
	if a.talk.words() {
		return
	}
	fields := append([]slog.Attr{slog.String(billing.LogStep, "draft")}, aboutOrder(s, d.Order)...)
	fields = append(fields, slog.Float64(billing.LogDuration, a.Now().Sub(began).Seconds()), slog.String(billing.LogTotal, money(d.Order.Total, d.Order)))
	level := slog.LevelInfo
	if reasons := d.Reasons(); len(reasons) > 0 {
		level, fields = slog.LevelWarn, append(fields, slog.String(billing.LogReason, strings.Join(reasons, "; ")))
	}
	a.tell(level, "draft", fields...)
}

// aboutOrder is which order a line is about.
func aboutOrder(s *session, o ledger.Order) []slog.Attr {
	return mentioned([]any{ofTenant(o.Tenant.ID), ofBlock(billing.BlockLabel(o.Block, s.Location)), ofOrder(o.Key)})
}

// logMissing writes a line for each service that has no cost.
func (a *App) logMissing(s *session, o ledger.Order, missing []billing.Missing) {
	for _, m := range missing {
		fields := append(aboutOrder(s, o), slog.String("datacenter", m.Datacenter), slog.String("service", m.Service),
			slog.Int("resources", m.Resources), slog.String("volume", m.Volume.String()), slog.String("unit", m.Unit))
		if m.Why != "" {
			fields = append(fields, slog.String(billing.LogReason, m.Why))
		}
		a.tell(slog.LevelWarn, m.String(), append(fields, slog.String(logHint, costHint))...)
	}
}

// writeDrafts writes drafts: a table each, or all rows together.
func (a *App) writeDrafts(drafts []billing.Draft, output, block string) error {
	if output != "table" {
		g := itemGrid()
		for _, d := range drafts {
			addItems(g, d.Order)
			for _, m := range d.Missing {
				o := d.Order
				g.add(o.Tenant.ID, o.Tenant.Name, o.Block.Start.Format(time.RFC3339), o.Block.End.Format(time.RFC3339), m.Datacenter, m.Service, "", m.String(),
					m.Volume.String(), m.Unit, "", "", o.Currency, o.Key)
			}
		}
		return g.write(a.Stdout, output)
	}
	for i, d := range drafts {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		fmt.Fprintf(a.Stdout, "draft for tenant %s, %s\n", clean(tenantLabel(d.Order)), block)
		if err := writeDraft(a.Stdout, d); err != nil {
			return err
		}
	}
	return nil
}

// writeDraft writes the items of one draft, and what cannot become one.
func writeDraft(w io.Writer, d billing.Draft) error {
	if len(d.Order.Items) == 0 && len(d.Missing) == 0 {
		_, err := fmt.Fprintln(w, "nothing to bill")
		return err
	}
	return itemTable(d.Order, d.Missing...).write(w, "table")
}

// tellWaiting says what came late for earlier blocks and is not billed yet.
func (a *App) tellWaiting(s *session, order ledger.Order, left []ledger.Item, postponed []billing.Postponed) {
	owed := decimal.Zero
	for _, item := range left {
		owed = owed.Add(item.Amount)
	}
	waiting := a.hinted(fmt.Sprintf("an item goes on an order whole, once one bears it; where none will, credit the invoice of its block in the ERP, and say artifice void ORDER, then bill that block again (tenant %s is owed %s %s)",
		order.Tenant.ID, money(owed.Neg(), order), order.Currency))
	for _, item := range left {
		waiting.sayf("note: tenant %s: %s %s of %s in %s, which adjust %s, come to %s %s: that would bring the total below zero, and waits for a later order",
			ofTenant(order.Tenant.ID), item.Value, item.Unit, item.Name, item.Datacenter, ofBlock(billing.BlockLabel(item.Adjusts, s.Location)), money(item.Amount, order), order.Currency)
	}
	waiting.end()
	for _, p := range postponed {
		a.sayf("note: tenant %s: what came late for %s waits: %s", ofTenant(order.Tenant.ID), ofBlock(billing.BlockLabel(p.Order.Block, s.Location)), mentionOf(billing.LogReason, p.Reason))
	}
}

// tellUnfit says why drafts could not be billed as they are. The error has the
// exit code.
func (a *App) tellUnfit(s *session, drafts []billing.Draft) error {
	remarks, missing, parked := map[billing.Remark]bool{}, false, false
	for _, d := range drafts {
		for _, r := range d.Remarks {
			if !remarks[r] {
				a.sayf("note: the cost of %s in %s is for one %q, which is no unit: it is taken as a remark, and the cost is for one %s", r.Service, r.Datacenter, r.PriceUnit, r.Unit)
			}
			remarks[r] = true
		}
		a.tellUnknown(d.Order, d.Unknown)
		missing, parked = missing || len(d.Missing) > 0, parked || len(d.Reasons()) > 0
		if !a.talk.words() {
			a.logMissing(s, d.Order, d.Missing)
		}
	}
	if missing && a.talk.words() {
		if err := a.tellMissing(drafts); err != nil {
			return err
		}
	}
	if parked {
		return &exitError{code: ExitParked}
	}
	return nil
}

// tellMissing lists every service without a cost.
func (a *App) tellMissing(drafts []billing.Draft) error {
	a.warnf("no cost for these, or none that fits: their tenants would be parked")
	g := newGrid("tenant", "datacenter", "service", "#resources", "#volume", "unit", "cost is per", "adjusts")
	for _, d := range drafts {
		for _, m := range d.Missing {
			g.add(d.Order.Tenant.ID, m.Datacenter, m.Service, strconv.Itoa(m.Resources), m.Volume.String(), m.Unit, m.PriceUnit, m.Adjusts)
		}
	}
	if err := g.write(a.Stderr, "table"); err != nil {
		return err
	}
	told := map[string]bool{}
	for _, d := range drafts {
		for _, m := range d.Missing {
			if m.Why != "" && !told[m.Why] {
				a.sayf("  %s", m.Why)
			}
			told[m.Why] = true
		}
	}
	a.sayf("hint: give them a cost in the price list, or write billed = false in the meter's section")
	return nil
}

// tellReserved says which orders have billed the block, or part of it: people
// hear of several at once, and a log has a line for each.
func (a *App) tellReserved(ctx context.Context, s *session, block usage.Span, tenants []usage.Tenant) error {
	orders, err := s.Store.Orders(ctx, ledger.OrderFilter{Overlaps: block})
	if err != nil {
		return err
	}
	orders = slices.DeleteFunc(orders, func(o ledger.Order) bool {
		return !o.Reserves || !slices.ContainsFunc(tenants, func(t usage.Tenant) bool { return t.ID == o.Tenant.ID })
	})
	if len(orders) > 1 && a.talk.words() {
		var names []string
		for _, t := range tenants {
			if slices.ContainsFunc(orders, func(o ledger.Order) bool { return o.Tenant.ID == t.ID }) {
				names = append(names, cmp.Or(t.Name, t.ID))
			}
		}
		n := len(names)
		if n > 3 {
			names = append(names[:3], "...")
		}
		a.sayf("note: orders of %s (%s) reserve %s already, or a part of it: bill would not bill that again",
			plural(n, "tenant"), strings.Join(names, "; "), billing.BlockLabel(block, s.Location))
		return nil
	}
	for _, o := range orders {
		a.sayf("note: tenant %s: order %s reserves %s already (%s): bill would not bill it again",
			ofTenant(o.Tenant.ID), ofOrder(o.Key), ofBlock(billing.BlockLabel(o.Block, s.Location)), o.Status)
	}
	return nil
}

func (a *App) tellUnknown(order ledger.Order, meters []string) {
	for _, m := range meters {
		a.warnf("note: tenant %s has usage of meter %s, which is no longer in the config: its tenant would be parked (put [meter:%s] back, if only with billed = false)", ofTenant(order.Tenant.ID), ofMeter(m), m)
	}
}
