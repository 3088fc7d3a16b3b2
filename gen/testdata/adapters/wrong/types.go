// Package wrong has adapters that keep no contract, each in a way of its own.
package wrong

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
	"github.com/openstack-artifice/artifice/invoice"
)

type base struct{}

func (base) AddSection(string) error    { return nil }
func (base) AddLine(invoice.Item) error { return nil }
func (base) Cost(context.Context, string, string) (decimal.Decimal, error) {
	return decimal.Decimal{}, nil
}

type complete struct{ base }

func (complete) Commit(context.Context) (string, error) { return "", nil }

// Interface is no type to construct.
type Interface interface{ invoice.Invoice }

// Generic has a parameter.
type Generic[T any] struct{ complete }

// Alias is full's.
type Alias = full.Invoice

type private struct{ complete }

// Variable is a variable.
var Variable complete

// Function is a function.
func Function() {}

// Constant is a constant.
const Constant = 1

// NoMethods implements nothing.
type NoMethods struct{}

// NoCommit lacks a method.
type NoCommit struct{ base }

// ShortCommit returns no reference.
type ShortCommit struct{ base }

// Commit has one result.
func (*ShortCommit) Commit(ctx context.Context) error { return nil }

// Misspelt has a method of nearly the right name.
type Misspelt struct{ base }

// Comit lacks an m.
func (*Misspelt) Comit(ctx context.Context) (reference string, err error) { return "", nil }

// Several lacks two methods, and two are wrong.
type Several struct{}

// AddLine takes a pointer.
func (*Several) AddLine(item *invoice.Item) error { return nil }

// Cost takes no context.
func (Several) Cost(datacenter, name string) (decimal.Decimal, error) { return decimal.Decimal{}, nil }

// OldERP takes no context.
type OldERP struct{}

// NewInvoice lacks the context.
func (OldERP) NewInvoice(order invoice.Order) (invoice.Invoice, error) { return nil, nil }

// Source is a store, or a source; not an invoice.
type Source struct{ full.Source }

// NewSource is right, for a source.
func NewSource(context.Context, map[string]string) (*Source, error) { return nil, nil }
