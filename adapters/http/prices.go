package http

import (
	"context"
	"errors"
	"fmt"
	nethttp "net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/pricing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
)

// A priceList says what services cost within a block.
type priceList interface {
	Cost(datacenter, name string) (decimal.Decimal, error)
	Unit(datacenter, name string) (string, error)
}

// blocks are the price lists that were read, each once.
type blocks struct {
	mu    sync.Mutex
	lists map[block]*blockPrices
}

type block struct {
	start, end int64 // nanoseconds since 1970
	currency   string
}

type blockPrices struct {
	turn chan struct{} // holds a token while nobody reads the list
	list priceList     // nil until it was read
}

func (b *blocks) of(order invoice.Order) *blockPrices {
	key := block{order.Block.Start.UnixNano(), order.Block.End.UnixNano(), order.Currency}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.lists[key]
	if p == nil {
		if b.lists == nil {
			b.lists = map[block]*blockPrices{}
		}
		p = &blockPrices{turn: make(chan struct{}, 1)}
		p.turn <- struct{}{}
		b.lists[key] = p
	}
	return p
}

// pricesOf returns the prices for an order's block, the same as long as the
// process lives. An error is not kept, so that what was mended is read.
func (a *Invoice) pricesOf(ctx context.Context, order invoice.Order) (priceList, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := a.prices.of(order)
	select {
	case <-p.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { p.turn <- struct{}{} }()
	if p.list != nil {
		return p.list, nil
	}
	list, err := a.readPrices(ctx, order)
	if err != nil {
		return nil, err
	}
	p.list = list
	return list, nil
}

func (a *Invoice) readPrices(ctx context.Context, order invoice.Order) (priceList, error) {
	if a.config.RatesURL == nil {
		list, err := rates.Read(a.config.Rates)
		if err != nil {
			return nil, err
		}
		return pricing.Prices{Prices: list.At(order.Block, order.Currency)}, nil
	}
	from := place(a.config.RatesURL)
	answer, err := a.send(ctx, request{
		method: nethttp.MethodGet,
		url: withQuery(a.config.RatesURL, "start", order.Block.Start.UTC().Format(time.RFC3339),
			"end", order.Block.End.UTC().Format(time.RFC3339), "currency", order.Currency),
		answers:    []int{nethttp.StatusOK},
		repeatable: true,
		withBody:   true,
	})
	if err != nil {
		return nil, fmt.Errorf("rates_url: %w", err)
	}
	list, err := parsePrices(answer.body, order.Currency)
	if err != nil {
		return nil, invoice.Permanent(fmt.Errorf("rates_url: the answer of %s: %w", from, err))
	}
	list.from = from
	return list, nil
}

// everywhere is the datacenter of prices that hold in every one.
const everywhere = "*"

// prices are the answer of a rates URL.
type prices struct {
	from string
	all  map[service]price
}

type service struct{ datacenter, name string }

type price struct {
	cost decimal.Decimal
	unit string
}

func (p *prices) Cost(datacenter, name string) (decimal.Decimal, error) {
	found, err := p.find(datacenter, name)
	return found.cost, err
}

func (p *prices) Unit(datacenter, name string) (string, error) {
	found, err := p.find(datacenter, name)
	return found.unit, err
}

// find prefers a price for the datacenter to one for every datacenter.
func (p *prices) find(datacenter, name string) (price, error) {
	for _, d := range []string{datacenter, everywhere} {
		if found, ok := p.all[service{d, name}]; ok {
			return found, nil
		}
	}
	return price{}, fmt.Errorf("%w: %w for %q in %q at %s", invoice.ErrNoCost, rates.ErrNoRate, name, datacenter, p.from)
}

// maxMistakes is how many mistakes of an answer are told.
const maxMistakes = 20

// parsePrices reads the answer of a rates URL. The error joins the mistakes in
// it.
func parsePrices(body []byte, currency string) (*prices, error) {
	var doc struct {
		Currency string `json:"currency"`
		Rates    []struct {
			Datacenter string `json:"datacenter"`
			Name       string `json:"name"`
			Unit       string `json:"unit"`
			Cost       string `json:"cost"`
		} `json:"rates"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	var mistakes []error
	wrong := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if doc.Currency != currency {
		wrong("the currency is %.20q, and invoices are in %s", doc.Currency, currency)
	}
	p := &prices{all: make(map[service]price, len(doc.Rates))}
	for i, r := range doc.Rates {
		if len(mistakes) >= maxMistakes {
			wrong("and perhaps more")
			break
		}
		cost, err := config.Decimal(r.Cost)
		switch {
		case r.Datacenter == "":
			wrong("rates[%d] has no datacenter (%q is every one)", i, everywhere)
		case r.Name == "":
			wrong("rates[%d] has no name", i)
		case err != nil:
			wrong("rates[%d], %.60q: %w", i, r.Name, err)
		case cost.IsNegative():
			wrong("rates[%d], %.60q: the cost is %s, and none can be negative", i, r.Name, cost)
		}
		key := service{r.Datacenter, r.Name}
		if _, ok := p.all[key]; ok {
			wrong("rates[%d]: %.60q in %.60q has a rate already", i, r.Name, r.Datacenter)
		}
		p.all[key] = price{cost: cost, unit: r.Unit}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return p, nil
}
