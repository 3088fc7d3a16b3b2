package openerp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// The rules of a pricelist, as Odoo evaluates them. Odoo has no method that a
// client may call for it.

// What a rule applies to, the nearest first.
const (
	onVariant  = "0_product_variant"
	onTemplate = "1_product"
	onCategory = "2_product_category"
	onAll      = "3_global"
)

// A rule is a product.pricelist.item.
type rule struct {
	id          int64
	appliedOn   string
	product     int64 // of onVariant
	template    int64 // of onTemplate
	category    int64 // of onCategory
	minQuantity decimal.Decimal
	// from and through are the first and last second in which it is in force,
	// zero for no bound.
	from, through time.Time

	compute   string // fixed, percentage or formula
	fixed     decimal.Decimal
	percent   decimal.Decimal // off the base, of percentage
	base      string          // list_price, standard_price or pricelist
	baseList  int64
	discount  decimal.Decimal // percent off the base, of formula
	round     decimal.Decimal // the step that is rounded to, zero for none
	surcharge decimal.Decimal
	minMargin decimal.Decimal // zero for none
	maxMargin decimal.Decimal // zero for none
}

// A pricelist is a product.pricelist with its rules in the order in which Odoo
// looks for one.
type pricelist struct {
	id       int64
	name     string
	currency string
	rules    []*rule
}

func (l *pricelist) String() string { return fmt.Sprintf("the pricelist %q", l.name) }

// A tariff is what is needed to price a product by any pricelist.
type tariff struct {
	lists map[int64]*pricelist
	// parents is the category above each category, 0 for none.
	parents map[int64]int64
}

// depth is how far down the category of a rule is: of those that a product is
// in, a rule for the deepest wins.
func (t *tariff) depth(r *rule) int {
	if r.appliedOn != onCategory {
		return 0
	}
	n := 0
	for category := r.category; category != 0 && n < maxDepth; n++ {
		category = t.parents[category]
	}
	return n
}

// maxDepth bounds chains of categories and of pricelists, which Odoo keeps free
// of circles.
const maxDepth = 50

// sort brings rules into the order in which Odoo looks for one that applies.
func (t *tariff) sort(rules []*rule) {
	slices.SortFunc(rules, func(a, b *rule) int {
		return cmp.Or(
			strings.Compare(a.appliedOn, b.appliedOn),
			b.minQuantity.Cmp(a.minQuantity),
			t.depth(b)-t.depth(a),
			cmp.Compare(b.id, a.id))
	})
}

// within reports whether category is, or is below, of.
func (t *tariff) within(category, of int64) bool {
	for n := 0; category != 0 && n < maxDepth; n++ {
		if category == of {
			return true
		}
		category = t.parents[category]
	}
	return false
}

// covers reports whether a rule is for a product, at whatever time.
func (t *tariff) covers(r *rule, p *product) bool {
	switch r.appliedOn {
	case onVariant:
		return r.product == p.ID
	case onTemplate:
		return r.template == p.Template.ID
	case onCategory:
		return t.within(p.Category.ID, r.category)
	}
	return r.appliedOn == onAll
}

func (r *rule) inForce(at time.Time) bool {
	return (r.from.IsZero() || !r.from.After(at)) && (r.through.IsZero() || !r.through.Before(at))
}

// A price is what a product costs, and why.
type price struct {
	cost     decimal.Decimal
	currency string
	why      string
}

// block prices a product by a pricelist for a block: what holds at its start
// has to hold until its end.
func (t *tariff) block(list int64, p *product, block usage.Span) (price, error) {
	found, err := t.at(list, p, block.Start, 0)
	if err != nil {
		return price{}, err
	}
	for _, border := range t.borders(list, p, block) {
		next, err := t.at(list, p, border, 0)
		if err != nil {
			return price{}, err
		}
		if !next.cost.Equal(found.cost) || next.currency != found.currency {
			return price{}, fmt.Errorf("its price changes within the block: %s by %s, and from %s on %s by %s (let prices change where a block begins, or bill the parts with --from and --to)",
				found.cost, found.why, border.UTC().Format(time.RFC3339), next.cost, next.why)
		}
	}
	return found, nil
}

// borders are the instants after the block's start, and before its end, at
// which the rules for a product change, of a pricelist and of those that it is
// based on.
func (t *tariff) borders(list int64, p *product, block usage.Span) []time.Time {
	var all []time.Time
	seen := map[int64]bool{}
	for lists := []int64{list}; len(lists) > 0; lists = lists[1:] {
		l := t.lists[lists[0]]
		if l == nil || seen[l.id] {
			continue
		}
		seen[l.id] = true
		for _, r := range l.rules {
			if !t.covers(r, p) {
				continue
			}
			// A rule is in force until the end of its last second.
			for _, border := range []time.Time{r.from, r.through.Add(time.Second)} {
				if border.After(block.Start) && border.Before(block.End) {
					all = append(all, border)
				}
			}
			if r.base == "pricelist" && r.compute != "fixed" {
				lists = append(lists, r.baseList)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// at prices a product by a pricelist at an instant.
func (t *tariff) at(list int64, p *product, at time.Time, depth int) (price, error) {
	l := t.lists[list]
	switch {
	case l == nil:
		return price{}, fmt.Errorf("pricelist %d cannot be read (is it archived, or another company's?)", list)
	case depth > maxDepth:
		return price{}, fmt.Errorf("%s is based on itself", l)
	}
	for _, r := range l.rules {
		if !t.covers(r, p) || !r.inForce(at) {
			continue
		}
		if r.minQuantity.IsPositive() {
			return price{}, fmt.Errorf("%s has rule %d, which holds only from %s units on: a cost cannot depend on how much is used (remove the rule, or its minimum)",
				l, r.id, r.minQuantity)
		}
		found, err := t.byRule(l, r, p, at, depth)
		if err != nil {
			return price{}, fmt.Errorf("rule %d of %s: %w", r.id, l, err)
		}
		return found, nil
	}
	return l.own(p, fmt.Sprintf("the product's list price (%s has no rule for it)", l))
}

// own is the product's list price, in the list's currency.
func (l *pricelist) own(p *product, why string) (price, error) {
	if p.Currency.Name != l.currency {
		return price{}, fmt.Errorf("%s is in %s, and the product's list price in %s: Artifice converts no currency (add a rule with a fixed price)", l, l.currency, p.Currency.Name)
	}
	return price{p.listPrice(), l.currency, why}, nil
}

func (t *tariff) byRule(l *pricelist, r *rule, p *product, at time.Time, depth int) (price, error) {
	why := fmt.Sprintf("rule %d of %s", r.id, l)
	if r.compute == "fixed" {
		return price{r.fixed, l.currency, why}, nil
	}
	base, err := t.base(l, r, p, at, depth)
	if err != nil {
		return price{}, err
	}
	switch r.compute {
	case "percentage":
		return price{base.Sub(percent(base, r.percent)), l.currency, why}, nil
	case "formula":
		return price{r.formula(base), l.currency, why}, nil
	}
	return price{}, fmt.Errorf("it computes its price by %q, which Artifice does not know", r.compute)
}

// base is the price that a rule starts from.
func (t *tariff) base(l *pricelist, r *rule, p *product, at time.Time, depth int) (decimal.Decimal, error) {
	switch r.base {
	case "list_price":
		own, err := l.own(p, "")
		return own.cost, err
	case "pricelist":
		other, err := t.at(r.baseList, p, at, depth+1)
		if err == nil && other.currency != l.currency {
			err = fmt.Errorf("it is based on a price in %s, and %s is in %s: Artifice converts no currency", other.currency, l, l.currency)
		}
		return other.cost, err
	case "standard_price":
		return decimal.Decimal{}, errors.New("it is based on what the product costs to buy, which is no price (base it on the sales price, or on another pricelist)")
	}
	return decimal.Decimal{}, fmt.Errorf("it is based on %q, which Artifice does not know", r.base)
}

// formula is: base less discount, rounded to a step, plus surcharge, and no
// nearer to the base than the least margin nor farther than the greatest.
func (r *rule) formula(base decimal.Decimal) decimal.Decimal {
	cost := base.Sub(percent(base, r.discount))
	if r.round.IsPositive() {
		cost = nearest(cost, r.round)
	}
	cost = cost.Add(r.surcharge)
	if !r.minMargin.IsZero() {
		cost = decimal.Max(cost, base.Add(r.minMargin))
	}
	if !r.maxMargin.IsZero() {
		cost = decimal.Min(cost, base.Add(r.maxMargin))
	}
	return cost
}

// percent is so many hundredths of d.
func percent(d, hundredths decimal.Decimal) decimal.Decimal { return d.Mul(hundredths).Shift(-2) }
