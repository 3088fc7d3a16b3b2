package openerp

import (
	"context"
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
)

// A unit is a uom.uom. Factor is how many of it make one of its category's
// reference.
type unit struct {
	ID       int64           `json:"id"`
	Name     rpc.Text        `json:"name"`
	Category rpc.Many2One    `json:"category_id"`
	Factor   decimal.Decimal `json:"factor"`
}

// unitsOf returns the units of measure, by id.
func (a *Invoice) unitsOf(ctx context.Context) (map[int64]unit, error) {
	return a.units.get(ctx, struct{}{}, func(ctx context.Context) (map[int64]unit, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return nil, err
		}
		if g.version.Major >= json2Version {
			return nil, permanent("rescale_unit: units of measure are not known of Odoo %s", g.version)
		}
		found, err := search[unit](ctx, g.server, query{model: "uom.uom", domain: []any{}, fields: []string{"name", "category_id", "factor"}})
		if err != nil {
			return nil, err
		}
		units := map[int64]unit{}
		for _, u := range found {
			units[u.ID] = u
		}
		return units, nil
	})
}

// rescaleUnit returns the unit that the config names for lines rescaled by a
// factor, 0 where it names none.
func (a *Invoice) rescaleUnit(units map[int64]unit, factor int64) (unit, error) {
	key := strconv.FormatInt(factor, 10)
	name := a.config.RescaleUnit[key]
	if name == "" {
		return unit{}, nil
	}
	var found []unit
	for _, u := range units {
		if string(u.Name) == name {
			found = append(found, u)
		}
	}
	return the(found, "unit of measure", "rescale_unit."+key, name)
}

// holds reports an error where u is not so many of another unit.
func (u unit) holds(factor int64, of unit) error {
	if u.Category.ID == of.Category.ID && withoutNoise(u.Factor).Mul(decimal.NewFromInt(factor)).Equal(withoutNoise(of.Factor)) {
		return nil
	}
	return permanent("rescale_unit.%d: one %q is not %d %q (look at their category and ratio in Odoo)", factor, u.Name, factor, of.Name)
}

// checkRescaleUnits reports what is wrong with the units that the config names.
func (a *Invoice) checkRescaleUnits(ctx context.Context) error {
	units, err := a.unitsOf(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, factor := range a.config.Rescale {
		_, err := a.rescaleUnit(units, factor)
		errs = append(errs, err)
	}
	return all(errs...)
}

// factorText is a factor as the text of a line has it, or "" for none.
func factorText(factor int64) string {
	if factor == 1 {
		return ""
	}
	return fmt.Sprint(factor)
}
