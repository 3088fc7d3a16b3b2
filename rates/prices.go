package rates

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

var (
	// ErrNoRate says that a price list has no rate for a service.
	ErrNoRate = errors.New("no rate")
	// ErrChanges says that what a service costs is not the same for the whole
	// block. It lasts until the price list, or the block, is another.
	ErrChanges = errors.New("the rate changes within the block")
	// ErrCurrency says that a rate is in another currency than was asked for.
	// It lasts until the price list is another.
	ErrCurrency = errors.New("the rate is in another currency")
)

// Prices are what a price list says for a block. They do not change, and may
// be used by several goroutines at once.
type Prices struct {
	list     *List
	block    usage.Span
	currency string
}

// Cost returns the price of one unit of a service in a datacenter: the rate in
// force at the block's start. A rate for the datacenter wins over one of the
// default region, and that over one for every datacenter; within these, a rate
// for the name that the names file gives the service wins over one for the
// service's own.
//
// The error wraps ErrNoRate where the list has none, ErrChanges where another
// rate, or none, is in force before the block ends, and ErrCurrency.
func (p *Prices) Cost(datacenter, service string) (decimal.Decimal, error) {
	r, err := p.find(datacenter, service)
	if err != nil {
		return decimal.Decimal{}, err
	}
	return r.cost, nil
}

// Unit returns the text of the unit column of the rate that Cost returns. It
// may be "", and may be a remark rather than a unit.
func (p *Prices) Unit(datacenter, service string) (string, error) {
	r, err := p.find(datacenter, service)
	if err != nil {
		return "", err
	}
	return r.unit, nil
}

// Name returns what the names file calls a service, or the service itself.
func (p *Prices) Name(service string) string { return p.list.Name(service) }

func (p *Prices) find(datacenter, service string) (*rate, error) {
	groups := p.list.candidates(datacenter, service)
	found := first(groups, p.started)
	for _, day := range p.days(groups) {
		next := first(groups, func(r rate) bool { return r.holds(day) })
		if !alike(found, next) {
			return nil, fmt.Errorf("%w: %s in %q costs %s up to %s, and %s from then on (let prices change where a block begins, or bill the parts with --from and --to)",
				ErrChanges, p.called(service), datacenter, p.said(found), day.Format(time.DateOnly), p.said(next))
		}
	}
	switch {
	case found == nil:
		return nil, p.none(groups, datacenter, service)
	case found.currency != "" && found.currency != p.currency:
		return nil, fmt.Errorf("%w: %s in %q costs %s, and the invoice is in %s",
			ErrCurrency, p.called(service), datacenter, p.said(found), cmp.Or(p.currency, "none"))
	}
	return found, nil
}

// first is the rate that wins among those in force, or nil.
func first(groups [][]rate, inForce func(rate) bool) *rate {
	for _, same := range groups {
		if i := slices.IndexFunc(same, inForce); i >= 0 {
			return &same[i]
		}
	}
	return nil
}

// alike reports whether a bill is the same by either rate.
func alike(a, b *rate) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.cost.Equal(b.cost) && a.unit == b.unit && a.currency == b.currency
}

// started reports whether a rate is in force at the block's start.
func (p *Prices) started(r rate) bool {
	return (r.from.IsZero() || p.place(r.from) < 0) && (r.to.IsZero() || p.place(r.to) >= 0)
}

// days are those within the block on which a rate begins or ends, in order.
func (p *Prices) days(groups [][]rate) []time.Time {
	var days []time.Time
	for _, same := range groups {
		for _, r := range same {
			for _, day := range [...]time.Time{r.from, r.to} {
				if !day.IsZero() && p.place(day) == 0 {
					days = append(days, day)
				}
			}
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	return days
}

// place tells where a day begins: not after the block's start (-1), within the
// block (0), or not before its end (1).
func (p *Prices) place(day time.Time) int {
	if p.block.IsZero() {
		return 0
	}
	begins := border(day, p.block.Start.Location())
	switch {
	case !begins.After(p.block.Start):
		return -1
	case begins.Before(p.block.End):
		return 0
	}
	return 1
}

// border is the first whole UTC hour whose local date is the day, as that of a
// block is. It is looked for: where clocks change at midnight, a day has no
// midnight, or two.
func border(day time.Time, in *time.Location) time.Time {
	near := usage.WindowAt(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, in)).Start
	for t := near.Add(-3 * usage.WindowLength); ; t = t.Add(usage.WindowLength) {
		local := t.In(in)
		if date := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC); !date.Before(day) {
			return t
		}
	}
}

// none says that nothing is in force for the block, and what would be.
func (p *Prices) none(groups [][]rate, datacenter, service string) error {
	switch {
	case p.list.file == "":
		return fmt.Errorf("%w for %s in %q: no rates file is configured", ErrNoRate, p.called(service), datacenter)
	case len(groups) > 0:
		other := &groups[0][0]
		when := ""
		if !other.from.IsZero() {
			when += " from " + other.from.Format(time.DateOnly)
		}
		if !other.to.IsZero() {
			when += " up to " + other.to.Format(time.DateOnly)
		}
		return fmt.Errorf("%w for %s in %q on %s: %s holds only%s (add a line to %s)", ErrNoRate, p.called(service), datacenter,
			p.block.Start.Format(time.DateOnly), p.said(other), when, p.list.file)
	}
	line := strings.Join([]string{datacenter, p.Name(service), "unit", "rate"}, " "+string(p.list.comma.Rune('|'))+" ")
	return fmt.Errorf("%w for %s in %q: add a line %q to %s", ErrNoRate, p.called(service), datacenter, line, p.list.file)
}

// called is a service for a message, with the name that its rate may be under.
func (p *Prices) called(service string) string {
	if name := p.Name(service); name != service {
		return fmt.Sprintf("%q, called %q,", service, name)
	}
	return fmt.Sprintf("%q", service)
}

// said is a rate for a message, with its line.
func (p *Prices) said(r *rate) string {
	if r == nil {
		return "nothing"
	}
	text := r.cost.String()
	if r.currency != "" {
		text += " " + r.currency
	}
	if r.unit != "" {
		text += " per " + r.unit
	}
	return fmt.Sprintf("%s (%s:%d)", text, p.list.file, r.line)
}
