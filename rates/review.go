package rates

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// ErrUnused says that a rate is the price of nothing that was used.
var ErrUnused = errors.New("the rate is never used")

// Review holds the prices against the services that were used in the block, as
// pairs of datacenter and service. It yields what is wrong: first every used
// service that Cost has an error for, by its name and datacenter; then every
// rate that is in force at the block's start and is the cost of none of them,
// by its file and line, with an error that wraps ErrUnused.
func (p *Prices) Review(used iter.Seq2[string, string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		lines := map[int]bool{}
		for datacenter, service := range used {
			r, err := p.find(datacenter, service)
			if err != nil {
				if !yield(fmt.Sprintf("%q in %q", service, datacenter), err) {
					return
				}
				continue
			}
			lines[r.line] = true
		}
		for _, u := range p.unused(lines) {
			if !yield(fmt.Sprintf("%s:%d", p.list.file, u.line), fmt.Errorf("%w: %q in region %q", ErrUnused, u.name, u.region)) {
				return
			}
		}
	}
}

type unusedRate struct {
	rateKey
	line int
}

// unused are the rates in force whose lines are not among those that are used,
// in the order of their lines.
func (p *Prices) unused(lines map[int]bool) []unusedRate {
	var all []unusedRate
	for key, same := range p.list.rates {
		for _, r := range same {
			if p.started(r) && !lines[r.line] {
				all = append(all, unusedRate{key, r.line})
			}
		}
	}
	slices.SortFunc(all, func(a, b unusedRate) int { return cmp.Compare(a.line, b.line) })
	return all
}
