package openerp

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/usage"
)

var (
	augustStart = time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC)
	augustBlock = usage.Span{Start: augustStart, End: augustStart.AddDate(0, 1, 0)}
)

// nano is a product of 0.02 USD in the category 13, which is below 12 and 11.
func nano() *product {
	return &product{ID: 1, Code: "north.m1.nano", Active: true, List: dec("0.02"),
		Template: rpc.Many2One{ID: 101}, Category: rpc.Many2One{ID: 13}, Currency: rpc.Many2One{ID: 2, Name: "USD"}}
}

// priced makes a tariff whose pricelist 1 has the rules.
func priced(rules ...*rule) *tariff {
	t := &tariff{
		lists:   map[int64]*pricelist{1: {id: 1, name: "cloud", currency: "USD", rules: rules}},
		parents: map[int64]int64{13: 12, 12: 11, 11: 0, 21: 0},
	}
	t.sort(rules)
	return t
}

func fixed(id int64, cost string) *rule {
	return &rule{id: id, appliedOn: onAll, compute: "fixed", fixed: dec(cost), base: "list_price"}
}

// on changes a rule, for tables.
func on(r *rule, change func(*rule)) *rule {
	change(r)
	return r
}

func TestPricelist(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2013, 8, d, 0, 0, 0, 0, time.UTC) }
	formula := func(change func(*rule)) *rule {
		return on(&rule{id: 5, appliedOn: onAll, compute: "formula", base: "list_price"}, change)
	}
	for _, tc := range []struct {
		name  string
		rules []*rule
		want  string // the cost, or what the error says
	}{
		{"no rule: the list price", nil, "0.02"},
		{"fixed", []*rule{fixed(5, "0.01")}, "0.01"},
		{"ten percent off: 0.02 - 0.002", []*rule{{id: 5, appliedOn: onAll, compute: "percentage", percent: dec("10"), base: "list_price"}}, "0.018"},
		{"a third off, to its last digit: 0.02 - 0.02 x 33.33 / 100", []*rule{{id: 5, appliedOn: onAll, compute: "percentage", percent: dec("33.33"), base: "list_price"}}, "0.013334"},

		{"formula, nothing set", []*rule{formula(func(*rule) {})}, "0.02"},
		{"formula, 25 % off: 0.02 - 0.005", []*rule{formula(func(r *rule) { r.discount = dec("25") })}, "0.015"},
		{"formula, 25 % on: 0.02 + 0.005", []*rule{formula(func(r *rule) { r.discount = dec("-25") })}, "0.025"},
		{"rounded to 0.01 before the surcharge: 0.015 is 0.02, + 0.003", []*rule{formula(func(r *rule) { r.discount, r.round, r.surcharge = dec("25"), dec("0.01"), dec("0.003") })}, "0.023"},
		{"at least 0.001 above the base: 0.015 is under 0.021", []*rule{formula(func(r *rule) { r.discount, r.minMargin = dec("25"), dec("0.001") })}, "0.021"},
		{"at most 0.001 above the base: 0.025 is over 0.021", []*rule{formula(func(r *rule) { r.discount, r.maxMargin = dec("-25"), dec("0.001") })}, "0.021"},
		{"margins that change nothing", []*rule{formula(func(r *rule) { r.discount, r.minMargin, r.maxMargin = dec("-25"), dec("0.001"), dec("0.01") })}, "0.025"},

		{"the variant before the template", []*rule{on(fixed(9, "1"), func(r *rule) { r.appliedOn, r.template = onTemplate, 101 }), on(fixed(5, "2"), func(r *rule) { r.appliedOn, r.product = onVariant, 1 })}, "2"},
		{"the template before a category", []*rule{on(fixed(9, "1"), func(r *rule) { r.appliedOn, r.category = onCategory, 13 }), on(fixed(5, "2"), func(r *rule) { r.appliedOn, r.template = onTemplate, 101 })}, "2"},
		{"a category before all", []*rule{fixed(9, "1"), on(fixed(5, "2"), func(r *rule) { r.appliedOn, r.category = onCategory, 11 })}, "2"},
		{"the deepest category first", []*rule{on(fixed(9, "1"), func(r *rule) { r.appliedOn, r.category = onCategory, 11 }), on(fixed(5, "2"), func(r *rule) { r.appliedOn, r.category = onCategory, 12 })}, "2"},
		{"the newest of two alike", []*rule{fixed(5, "1"), fixed(9, "2")}, "2"},
		{"others' rules are not looked at", []*rule{
			on(fixed(5, "1"), func(r *rule) { r.appliedOn, r.product = onVariant, 2 }),
			on(fixed(6, "1"), func(r *rule) { r.appliedOn, r.template = onTemplate, 102 }),
			on(fixed(7, "1"), func(r *rule) { r.appliedOn, r.category = onCategory, 21 }),
			on(fixed(8, "1"), func(r *rule) { r.appliedOn = "4_unheard_of" }),
		}, "0.02"},

		{"from the block's first second", []*rule{on(fixed(5, "1"), func(r *rule) { r.from = day(1) })}, "1"},
		{"through the block's last second", []*rule{on(fixed(5, "1"), func(r *rule) { r.through = day(31).Add(24*time.Hour - time.Second) })}, "1"},
		{"through its end", []*rule{on(fixed(5, "1"), func(r *rule) { r.through = day(32) })}, "1"},
		{"from its end", []*rule{on(fixed(5, "1"), func(r *rule) { r.from = day(32) })}, "0.02"},
		{"over before it", []*rule{on(fixed(5, "1"), func(r *rule) { r.through = day(1).Add(-time.Second) })}, "0.02"},
		{"begins within it", []*rule{on(fixed(5, "1"), func(r *rule) { r.from = day(15) })},
			`its price changes within the block: 0.02 by the product's list price (the pricelist "cloud" has no rule for it), and from 2013-08-15T00:00:00Z on 1 by rule 5 of the pricelist "cloud"`},
		{"ends within it", []*rule{on(fixed(5, "1"), func(r *rule) { r.through = day(15).Add(-time.Second) })},
			`1 by rule 5 of the pricelist "cloud", and from 2013-08-15T00:00:00Z on 0.02 by the product's list price`},
		{"one follows on the other, at the same price", []*rule{
			on(fixed(5, "1"), func(r *rule) { r.through = day(15).Add(-time.Second) }),
			on(fixed(6, "1"), func(r *rule) { r.from = day(15) }),
		}, "1"},
		{"what a nearer rule hides may change", []*rule{
			on(fixed(5, "1"), func(r *rule) { r.appliedOn, r.product = onVariant, 1 }),
			on(fixed(6, "2"), func(r *rule) { r.from = day(15) }),
		}, "1"},

		{"by quantity", []*rule{on(fixed(5, "1"), func(r *rule) { r.minQuantity = dec("100") }), fixed(6, "2")},
			`the pricelist "cloud" has rule 5, which holds only from 100 units on`},
		{"by quantity, hidden by a nearer rule", []*rule{
			on(fixed(5, "1"), func(r *rule) { r.minQuantity = dec("100") }),
			on(fixed(6, "2"), func(r *rule) { r.appliedOn, r.product = onVariant, 1 }),
		}, "2"},
		{"by quantity, over before", []*rule{on(fixed(5, "1"), func(r *rule) { r.minQuantity, r.through = dec("100"), day(1).Add(-time.Second) }), fixed(6, "2")}, "2"},
		{"by quantity, from within", []*rule{on(fixed(5, "1"), func(r *rule) { r.minQuantity, r.from = dec("100"), day(9) }), fixed(6, "2")}, `has rule 5, which holds only from 100 units on`},

		{"by what it costs to buy", []*rule{{id: 5, appliedOn: onAll, compute: "percentage", base: "standard_price"}}, `rule 5 of the pricelist "cloud": it is based on what the product costs to buy`},
		{"computed in another way", []*rule{{id: 5, appliedOn: onAll, compute: "dice", base: "list_price"}}, `it computes its price by "dice"`},
		{"based on something else", []*rule{{id: 5, appliedOn: onAll, compute: "formula", base: "dice"}}, `it is based on "dice"`},
		{"based on itself", []*rule{{id: 5, appliedOn: onAll, compute: "formula", base: "pricelist", baseList: 1}}, `is based on itself`},
		{"based on one that is gone", []*rule{{id: 5, appliedOn: onAll, compute: "formula", base: "pricelist", baseList: 7}}, `pricelist 7 cannot be read`},
	} {
		t.Run(tc.name, func(t *testing.T) { wantPrice(t, priced(tc.rules...), nano(), tc.want) })
	}
}

func wantPrice(t *testing.T, tariff *tariff, p *product, want string) {
	t.Helper()
	got, err := tariff.block(1, p, augustBlock)
	if cost, isCost := decimal.NewFromString(want); isCost == nil {
		if err != nil || !got.cost.Equal(cost) || got.currency != "USD" || got.why == "" {
			t.Errorf("%+v, %v; want %s", got, err, want)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%+v, %v; want an error that says %s", got, err, want)
	}
}

// A pricelist may start from another, also one that changes or is in another
// currency.
func TestPricelistOnAnother(t *testing.T) {
	mid := augustStart.AddDate(0, 0, 14)
	half := &rule{id: 5, appliedOn: onAll, compute: "percentage", percent: dec("50"), base: "pricelist", baseList: 2}
	for _, tc := range []struct {
		name   string
		change func(other *pricelist, half *rule)
		want   string
	}{
		{"half of 0.03", func(*pricelist, *rule) {}, "0.015"},
		{"half of the list price", func(other *pricelist, _ *rule) { other.rules = nil }, "0.01"},
		{"the other changes", func(other *pricelist, _ *rule) { other.rules[0].from = mid }, "its price changes within the block: 0.01 by rule 5 of the pricelist \"cloud\", and from 2013-08-15T00:00:00Z on 0.015"},
		{"fixed does not look at it", func(other *pricelist, half *rule) {
			other.rules[0].from, half.compute, half.fixed = mid, "fixed", dec("0.4")
		}, "0.4"},
		{"the other is by quantity", func(other *pricelist, _ *rule) { other.rules[0].minQuantity = dec("2") }, `rule 5 of the pricelist "cloud": the pricelist "base" has rule 6, which holds only from 2 units on`},
		{"in another currency", func(other *pricelist, _ *rule) { other.currency = "EUR" }, `it is based on a price in EUR, and the pricelist "cloud" is in USD: Artifice converts no currency`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mine := *half
			tariff := priced(&mine)
			other := &pricelist{id: 2, name: "base", currency: "USD", rules: []*rule{fixed(6, "0.03")}}
			tariff.lists[2] = other
			tc.change(other, &mine)
			wantPrice(t, tariff, nano(), tc.want)
		})
	}
	t.Run("many rules on one that is based on itself", func(t *testing.T) {
		var rules []*rule
		for id := range int64(40) { // two to the fortieth is no number of looks
			rules = append(rules, &rule{id: id, appliedOn: onAll, compute: "formula", base: "pricelist", baseList: 1})
		}
		wantPrice(t, priced(rules...), nano(), "is based on itself")
	})
	t.Run("the list price is in another currency", func(t *testing.T) {
		p := nano()
		p.Currency.Name = "NZD"
		wantPrice(t, priced(), p, `the pricelist "cloud" is in USD, and the product's list price in NZD: Artifice converts no currency (add a rule with a fixed price)`)
		wantPrice(t, priced(fixed(5, "0.5")), p, "0.5")
	})
	t.Run("the variant's extra is part of the list price", func(t *testing.T) {
		p := nano()
		p.Extra = dec("0.004999999999999999") // noise
		wantPrice(t, priced(), p, "0.025")    // 0.02 + 0.005
	})
}

// What the tariff says is what a plain reading of Odoo's documentation says,
// second by second, with fractions.
func TestPricelistAgainstAPlainReading(t *testing.T) {
	seconds := []int{-1, 0, 1, 100, 199, 200, 201}
	block := usage.Span{Start: augustStart, End: augustStart.Add(200 * time.Second)}
	at := func(second int) time.Time { return augustStart.Add(time.Duration(second) * time.Second) }
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		small := func(label string) decimal.Decimal {
			return decimal.New(rapid.Int64Range(-300, 300).Draw(t, label), -2)
		}
		var rules []*rule
		for i := range pick("rules", 5) {
			r := &rule{id: int64(i + 1), appliedOn: []string{onVariant, onTemplate, onCategory, onAll}[pick("on", 4)], base: "list_price",
				product: int64(pick("product", 2)), template: int64(100 + pick("template", 2)), category: int64(11 + pick("category", 4))}
			if pick("from", 2) == 1 {
				r.from = at(seconds[pick("first", len(seconds))])
			}
			if pick("through", 2) == 1 {
				r.through = at(seconds[pick("last", len(seconds))])
			}
			r.compute = []string{"fixed", "percentage", "formula"}[pick("compute", 3)]
			r.fixed, r.percent, r.discount, r.surcharge = small("fixed"), small("percent"), small("discount"), small("surcharge")
			r.round = []decimal.Decimal{{}, dec("0.05"), dec("0.1"), dec("3")}[pick("round", 4)]
			if pick("margins", 2) == 1 {
				r.minMargin, r.maxMargin = small("least"), small("most")
			}
			rules = append(rules, r)
		}
		p := nano()
		p.List = small("list")
		got, err := priced(slices.Clone(rules)...).block(1, p, block)

		// Whole seconds are all that can tell, for rules begin and end with them.
		want := plainPrice(rules, p, at(0))
		same := true
		for second := range 200 {
			same = same && plainPrice(rules, p, at(second)).Cmp(want) == 0
		}
		switch {
		case same && (err != nil || got.cost.Rat().Cmp(want) != 0):
			t.Fatalf("%v, %v; want %s", got, err, want.RatString())
		case !same && err == nil:
			t.Fatalf("%v, and it changes", got)
		}
	})
}

// plainPrice is what the product of the test above costs at an instant: the
// rules are tried level by level, by Odoo's documentation and not by its order.
func plainPrice(rules []*rule, p *product, at time.Time) *big.Rat {
	levels := []func(*rule) bool{
		func(r *rule) bool { return r.appliedOn == onVariant && r.product == p.ID },
		func(r *rule) bool { return r.appliedOn == onTemplate && r.template == p.Template.ID },
		func(r *rule) bool { return r.appliedOn == onCategory && r.category == 13 },
		func(r *rule) bool { return r.appliedOn == onCategory && r.category == 12 },
		func(r *rule) bool { return r.appliedOn == onCategory && r.category == 11 },
		func(r *rule) bool { return r.appliedOn == onAll },
	}
	rat := func(d decimal.Decimal) *big.Rat { return d.Rat() }
	hundredths := func(d decimal.Decimal) *big.Rat { return new(big.Rat).Mul(rat(d), big.NewRat(1, 100)) }
	base := rat(p.List)
	for _, level := range levels {
		for _, r := range slices.Backward(rules) { // the newest first
			if !level(r) || !r.from.IsZero() && at.Before(r.from) || !r.through.IsZero() && at.After(r.through) {
				continue
			}
			switch r.compute {
			case "fixed":
				return rat(r.fixed)
			case "percentage":
				return new(big.Rat).Sub(base, new(big.Rat).Mul(base, hundredths(r.percent)))
			}
			cost := new(big.Rat).Sub(base, new(big.Rat).Mul(base, hundredths(r.discount)))
			if !r.round.IsZero() {
				cost = plainRound(cost, rat(r.round))
			}
			cost.Add(cost, rat(r.surcharge))
			if least := new(big.Rat).Add(base, rat(r.minMargin)); !r.minMargin.IsZero() && cost.Cmp(least) < 0 {
				cost = least
			}
			if most := new(big.Rat).Add(base, rat(r.maxMargin)); !r.maxMargin.IsZero() && cost.Cmp(most) > 0 {
				cost = most
			}
			return cost
		}
	}
	return base
}

// plainRound counts steps up from zero until the next would be farther away.
func plainRound(d, step *big.Rat) *big.Rat {
	if d.Sign() < 0 {
		return new(big.Rat).Neg(plainRound(new(big.Rat).Neg(d), step))
	}
	half := new(big.Rat).Mul(step, big.NewRat(1, 2))
	at := new(big.Rat)
	for new(big.Rat).Sub(d, at).Cmp(half) >= 0 {
		at.Add(at, step)
	}
	return at
}

// The order of rules does not depend on that in which they were read.
func TestRulesAreSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := []*rule{
			on(fixed(1, "1"), func(r *rule) { r.appliedOn, r.product = onVariant, 1 }),
			on(fixed(9, "1"), func(r *rule) { r.appliedOn, r.minQuantity = onTemplate, dec("10") }),
			on(fixed(2, "1"), func(r *rule) { r.appliedOn, r.minQuantity = onTemplate, dec("5") }),
			on(fixed(8, "1"), func(r *rule) { r.appliedOn = onTemplate }),
			on(fixed(3, "1"), func(r *rule) { r.appliedOn, r.category = onCategory, 13 }),
			on(fixed(7, "1"), func(r *rule) { r.appliedOn, r.category = onCategory, 12 }),
			fixed(6, "1"),
			fixed(4, "1"),
		}
		shuffled := rapid.Permutation(all).Draw(t, "rules")
		priced(shuffled...)
		names := func(rules []*rule) (s string) {
			for _, r := range rules {
				s += fmt.Sprint(r.id, " ")
			}
			return s
		}
		if names(shuffled) != names(all) {
			t.Fatalf("%s, want %s", names(shuffled), names(all))
		}
	})
}
