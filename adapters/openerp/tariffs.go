package openerp

import (
	"cmp"
	"context"
	"errors"
	"maps"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
)

// A ruleRecord is a product.pricelist.item as it is read.
type ruleRecord struct {
	ID          int64           `json:"id"`
	List        rpc.Many2One    `json:"pricelist_id"`
	AppliedOn   rpc.Text        `json:"applied_on"`
	Product     rpc.Many2One    `json:"product_id"`
	Template    rpc.Many2One    `json:"product_tmpl_id"`
	Category    rpc.Many2One    `json:"categ_id"`
	MinQuantity decimal.Decimal `json:"min_quantity"`
	From        date            `json:"date_start"`
	Through     date            `json:"date_end"`
	Compute     rpc.Text        `json:"compute_price"`
	Fixed       decimal.Decimal `json:"fixed_price"`
	Percent     decimal.Decimal `json:"percent_price"`
	Base        rpc.Text        `json:"base"`
	BaseList    rpc.Many2One    `json:"base_pricelist_id"`
	Discount    decimal.Decimal `json:"price_discount"`
	Round       decimal.Decimal `json:"price_round"`
	Surcharge   decimal.Decimal `json:"price_surcharge"`
	MinMargin   decimal.Decimal `json:"price_min_margin"`
	MaxMargin   decimal.Decimal `json:"price_max_margin"`
}

var ruleFields = []string{"pricelist_id", "applied_on", "product_id", "product_tmpl_id", "categ_id", "min_quantity", "date_start", "date_end", "compute_price",
	"fixed_price", "percent_price", "base", "base_pricelist_id", "price_discount", "price_round", "price_surcharge", "price_min_margin", "price_max_margin"}

// rule is the record without the noise of its floats.
func (r *ruleRecord) rule() *rule {
	return &rule{
		id: r.ID, appliedOn: string(r.AppliedOn), product: r.Product.ID, template: r.Template.ID, category: r.Category.ID,
		minQuantity: withoutNoise(r.MinQuantity), from: r.From.Time, through: r.Through.Time,
		compute: string(r.Compute), fixed: withoutNoise(r.Fixed), percent: withoutNoise(r.Percent),
		base: cmp.Or(string(r.Base), "list_price"), baseList: r.BaseList.ID,
		discount: withoutNoise(r.Discount), round: withoutNoise(r.Round), surcharge: withoutNoise(r.Surcharge),
		minMargin: withoutNoise(r.MinMargin), maxMargin: withoutNoise(r.MaxMargin),
	}
}

// tariff returns what is needed to price by a pricelist: it, and those that it
// is based on.
func (a *Invoice) tariff(ctx context.Context, root int64) (*tariff, error) {
	return a.tariffs.get(ctx, root, func(ctx context.Context) (*tariff, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return nil, err
		}
		t := &tariff{lists: map[int64]*pricelist{}, parents: map[int64]int64{}}
		byCategory := false
		for wanted := []int64{root}; len(wanted) > 0; {
			lists, err := g.server.readLists(ctx, wanted)
			if err != nil {
				return nil, err
			}
			maps.Copy(t.lists, lists)
			wanted = nil
			for _, l := range lists {
				for _, r := range l.rules {
					byCategory = byCategory || r.appliedOn == onCategory
					if r.base == "pricelist" && r.baseList != 0 && t.lists[r.baseList] == nil {
						wanted = append(wanted, r.baseList)
					}
				}
			}
		}
		if byCategory {
			if t.parents, err = g.server.readCategories(ctx); err != nil {
				return nil, err
			}
		}
		for _, l := range t.lists {
			t.sort(l.rules)
		}
		return t, nil
	})
}

// listHead returns a pricelist without its rules, nil where it cannot be seen.
func (a *Invoice) listHead(ctx context.Context, id int64) (*pricelist, error) {
	return a.heads.get(ctx, id, func(ctx context.Context) (*pricelist, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return nil, err
		}
		lists, err := g.server.readHeads(ctx, []int64{id})
		return lists[id], err
	})
}

// readHeads reads pricelists without their rules, by id. One that cannot be
// seen is left out.
func (s server) readHeads(ctx context.Context, wanted []int64) (map[int64]*pricelist, error) {
	found, err := search[struct {
		ID       int64        `json:"id"`
		Name     rpc.Text     `json:"name"`
		Currency rpc.Many2One `json:"currency_id"`
	}](ctx, s, query{model: "product.pricelist", domain: []any{is("id", "in", ids(wanted...))}, fields: []string{"name", "currency_id"}})
	if err != nil {
		return nil, err
	}
	lists := map[int64]*pricelist{}
	for _, l := range found {
		lists[l.ID] = &pricelist{id: l.ID, name: string(l.Name), currency: l.Currency.Name}
	}
	return lists, nil
}

// readLists reads pricelists with their rules.
func (s server) readLists(ctx context.Context, wanted []int64) (map[int64]*pricelist, error) {
	lists, err := s.readHeads(ctx, wanted)
	if err != nil {
		return nil, err
	}
	rules, err := search[ruleRecord](ctx, s, query{model: "product.pricelist.item", domain: []any{is("pricelist_id", "in", ids(wanted...))}, fields: ruleFields})
	if err != nil {
		return nil, err
	}
	for i := range rules {
		if l := lists[rules[i].List.ID]; l != nil {
			l.rules = append(l.rules, rules[i].rule())
		}
	}
	return lists, nil
}

func (s server) readCategories(ctx context.Context) (map[int64]int64, error) {
	found, err := search[struct {
		ID     int64        `json:"id"`
		Parent rpc.Many2One `json:"parent_id"`
	}](ctx, s, query{model: "product.category", domain: []any{}, fields: []string{"parent_id"}})
	if err != nil {
		return nil, err
	}
	parents := map[int64]int64{}
	for _, c := range found {
		parents[c.ID] = c.Parent.ID
	}
	return parents, nil
}

// partnersList is the word for each partner's own pricelist.
const partnersList = "partner"

// errPartnerList says that there is no pricelist without a partner.
var errPartnerList = errors.New("prices are by each partner's own pricelist")

// list returns the id of the pricelist that prices are by, 0 for list prices.
// p may be nil.
func (a *Invoice) list(ctx context.Context, p *partner) (int64, error) {
	switch name := a.config.Pricelist; {
	case name == "":
		return 0, nil
	case name == partnersList && p == nil:
		return 0, errPartnerList
	case name == partnersList:
		if p.Pricelist.ID == 0 {
			return 0, permanent("the partner %s has no pricelist (give it one, or name one with pricelist)", p)
		}
		return p.Pricelist.ID, nil
	default:
		return a.lists.get(ctx, name, func(ctx context.Context) (int64, error) {
			g, err := a.ground(ctx)
			if err != nil {
				return 0, err
			}
			found, err := search[named](ctx, g.server, query{model: "product.pricelist", domain: []any{is("name", "=", name)}, fields: []string{"name"}})
			if err != nil {
				return 0, err
			}
			one, err := the(found, "pricelist", "pricelist", name)
			return one.ID, err
		})
	}
}
