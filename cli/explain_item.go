package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func (a *App) explainItem(ctx context.Context, s *session, args []string, entries bool, output string) error {
	order, err := s.order(ctx, args[0])
	if err != nil {
		return err
	}
	item, err := strconv.Atoi(args[1])
	if err != nil {
		return wrongUse("%q is not the number of an item (write 1 for the first)", args[1])
	}
	x, err := s.ExplainItem(ctx, order, item)
	if err != nil {
		return err
	}
	g := shareGrid(x, entries, output)
	if output != "table" {
		return g.write(a.Stdout, output)
	}
	in := order.Block.Start.Location()
	block := order.Block
	if !x.Item.Adjusts.IsZero() {
		block = x.Item.Adjusts
	}
	fmt.Fprintf(a.Stdout, "item %d of order %s (%s)\n", item, shortKey(order.Key), order.Status)
	fmt.Fprintf(a.Stdout, "tenant      %s\n", clean(tenantLabel(order)))
	fmt.Fprintf(a.Stdout, "service     %s in %s\n", clean(x.Item.Name), clean(x.Item.Datacenter))
	if !x.Item.Adjusts.IsZero() {
		fmt.Fprintf(a.Stdout, "adjusts     %s, which was billed already\n", billing.BlockLabel(block, in))
	} else {
		fmt.Fprintf(a.Stdout, "block       %s\n", billing.BlockLabel(block, in))
	}
	fmt.Fprintln(a.Stdout)
	for _, line := range steps(x) {
		fmt.Fprintln(a.Stdout, clean(line))
	}
	fmt.Fprintln(a.Stdout)
	if err := g.write(a.Stdout, output); err != nil {
		return err
	}
	if x.Pruned {
		a.sayf("note: the hourly entries of %s were pruned: of each resource its sum over the block is left", billing.BlockLabel(block, in))
	}
	switch {
	case len(x.Item.Meters) == 0:
		a.sayf("note: which usage it sums was not kept when it was billed")
	case !x.Sum.Equal(x.Item.Volume) && order.Status == ledger.Void:
		a.sayf("note: the order is void, and its usage has changed since: what is there now comes to %s %s", x.Sum, x.Item.Measured)
	case !x.Sum.Equal(x.Item.Volume):
		return fmt.Errorf("the usage comes to %s %s, and the item says %s\nhint: artifice verify", x.Sum, x.Item.Measured, x.Item.Volume)
	}
	return nil
}

// steps is how an item's amount came about, a line for each step.
func steps(x billing.ItemExplanation) []string {
	item, order := x.Item, x.Order
	var lines []string
	say := func(what, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%-12s", what)+fmt.Sprintf(format, args...))
	}
	if len(item.Meters) > 0 {
		say("meters", "%s", strings.Join(item.Meters, ", "))
	}
	say("volume", "%s %s", item.Volume, item.Measured)
	how := conversion(item)
	if order.ValueDigits > 0 || how != "" {
		how = strings.TrimPrefix(how+fmt.Sprintf(", rounded once to %d digits, %s", order.ValueDigits, order.Rounding), ", ")
	}
	if item.Adjusts.IsZero() {
		say("value", "%s %s (%s)", item.Value, item.Unit, how)
	} else {
		say("billed", "%s %s, which is %s %s (%s)", item.Before, item.Measured, x.BilledBefore, item.Unit, how)
		say("should be", "%s %s, which is %s %s", item.Before.Add(item.Volume), item.Measured, x.Billed, item.Unit)
		if stood := x.Billed.Sub(item.Value); !stood.Equal(x.BilledBefore) {
			say("stood", "%s %s: an order that billed a part of it was void", stood, item.Unit)
		}
		say("value", "%s %s, the difference", item.Value, item.Unit)
	}
	say("cost", "%s %s for one", item.Cost, order.Currency)
	say("amount", "%s %s (%s x %s, rounded to %d digits)", money(item.Amount, order), order.Currency, item.Value, item.Cost, order.Digits)
	return lines
}

// conversion says how a volume becomes a value.
func conversion(item ledger.Item) string {
	if item.Begun != "" {
		return fmt.Sprintf("each begun %s counts whole", item.Begun)
	}
	num, den, ok := usage.Conversion(item.Measured, item.Unit)
	switch {
	case !ok || usage.SameUnit(item.Measured, item.Unit):
		return ""
	case num.IsInt64() && num.Int64() == 1:
		return fmt.Sprintf("divided by %s", den)
	case den.IsInt64() && den.Int64() == 1:
		return fmt.Sprintf("times %s", num)
	}
	return fmt.Sprintf("times %s, divided by %s", num, den)
}

// shareGrid is what an item sums: resource by resource, or hour by hour.
func shareGrid(x billing.ItemExplanation, entries bool, output string) *grid {
	g := newGrid("meter", "resource", "source", "#windows", "#volume", "unit")
	if entries {
		g = newGrid("meter", "resource", "source", "start", "end", "#volume", "unit", "#samples")
	}
	for _, s := range x.Shares {
		if !entries {
			g.add(s.Meter, s.Resource, s.Source, strconv.Itoa(len(s.Entries)), s.Volume.String(), x.Item.Measured)
			continue
		}
		for _, e := range s.Entries {
			g.add(s.Meter, s.Resource, s.Source, e.Window.Start.UTC().Format(time.RFC3339), e.Window.End.UTC().Format(time.RFC3339), e.Volume.Volume.String(), e.Unit, strconv.Itoa(e.Samples))
		}
	}
	if output == "table" && len(x.Shares) > 0 {
		g.footer = make([]string, len(g.columns))
		g.footer[0] = "sum"
		g.footer[slices.Index(g.columns, "#volume")] = x.Sum.String()
	}
	return g
}

// metadataText is metadata for a person, by key.
func metadataText(metadata map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		pairs = append(pairs, key+"="+metadata[key])
	}
	return strings.Join(pairs, " ")
}
