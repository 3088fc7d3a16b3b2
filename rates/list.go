package rates

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// everywhere is the region of rates that hold in every datacenter.
const everywhere = "*"

// A List is a price list. It does not change, and may be used by several
// goroutines at once. The zero List has no rates.
type List struct {
	file   string
	comma  Delimiter
	region string // whose rates hold in datacenters without their own; or ""
	rates  map[rateKey][]rate
	names  map[string]string
}

type rateKey struct{ region, name string }

type rate struct {
	cost     decimal.Decimal
	unit     string
	from, to time.Time // days, as their midnight in UTC; zero for no border
	currency string    // "" for that of whoever asks
	line     int
}

// always reports whether the rate holds on every day.
func (r rate) always() bool { return r.from.IsZero() && r.to.IsZero() }

// holds reports whether the rate holds on a day.
func (r rate) holds(day time.Time) bool {
	return !day.Before(r.from) && (r.to.IsZero() || day.Before(r.to))
}

// At returns the prices that hold for a block, in a currency (ISO 4217). The
// days of the price list begin and end in the time zone of the block's start,
// and, as blocks do, at a whole UTC hour. For the zero block, which is all of
// time, only rates without dates have a price, and for the currency "" only
// those without a currency.
func (l *List) At(block usage.Span, currency string) *Prices {
	return &Prices{list: l, block: block, currency: currency}
}

// Cost is that of the prices of all of time: it is for lists whose rates have
// neither dates nor currencies. See [List.At] for all others.
func (l *List) Cost(datacenter, service string) (decimal.Decimal, error) {
	return l.At(usage.Span{}, "").Cost(datacenter, service)
}

// Unit is that of the rate that Cost returns.
func (l *List) Unit(datacenter, service string) (string, error) {
	return l.At(usage.Span{}, "").Unit(datacenter, service)
}

// Name returns what the names file calls a service, or the service itself.
func (l *List) Name(service string) string {
	if name, ok := l.names[service]; ok {
		return name
	}
	return service
}

// candidates are the rates that can be a service's in a datacenter: in each
// group those of one region and name, and before it the groups that win.
func (l *List) candidates(datacenter, service string) [][]rate {
	regions := [...]string{datacenter, l.region, everywhere}
	names := [...]string{l.Name(service), service}
	groups := make([][]rate, 0, len(regions)*len(names))
	for _, region := range regions {
		for _, name := range names {
			if same := l.rates[rateKey{region, name}]; len(same) > 0 {
				groups = append(groups, same)
			}
		}
	}
	return groups
}
