package rates

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"
)

// ErrNoRate says that a price list has no rate for a service.
var ErrNoRate = errors.New("no rate")

// everywhere is the region of rates that hold in every datacenter.
const everywhere = "*"

// A List is a price list. It does not change, and may be used by several
// goroutines at once. The zero List has no rates.
type List struct {
	file  string
	rates map[rateKey]rate
	names map[string]string
}

type rateKey struct{ region, name string }

type rate struct {
	cost decimal.Decimal
	unit string
}

// Cost returns the price of one unit of a service in a datacenter. A rate for
// the datacenter wins over one for every datacenter; within these, a rate for
// the name that the names file gives the service wins over one for the
// service's own. The error wraps ErrNoRate where the list has none.
func (l *List) Cost(datacenter, service string) (decimal.Decimal, error) {
	r, err := l.rate(datacenter, service)
	return r.cost, err
}

// Unit returns the text of the unit column of the rate that Cost returns. It
// may be "", and may be a remark rather than a unit.
func (l *List) Unit(datacenter, service string) (string, error) {
	r, err := l.rate(datacenter, service)
	return r.unit, err
}

// Name returns what the names file calls a service, or the service itself.
func (l *List) Name(service string) string {
	if name, ok := l.names[service]; ok {
		return name
	}
	return service
}

func (l *List) rate(datacenter, service string) (rate, error) {
	name := l.Name(service)
	for _, region := range []string{datacenter, everywhere} {
		for _, n := range []string{name, service} {
			if r, ok := l.rates[rateKey{region, n}]; ok {
				return r, nil
			}
		}
	}
	called := fmt.Sprintf("%q", service)
	if name != service {
		called += fmt.Sprintf(", called %q,", name)
	}
	if l.file == "" {
		return rate{}, fmt.Errorf("%w for %s in %q: no rates file is configured", ErrNoRate, called, datacenter)
	}
	return rate{}, fmt.Errorf("%w for %s in %q: add a line to %s", ErrNoRate, called, datacenter, l.file)
}
