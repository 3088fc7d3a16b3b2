// Package able has adapters that keep their contracts, and whose abilities
// would never be found.
package able

import (
	"context"
	"iter"
	"time"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// Config checks itself with a context.
type Config struct{ URL string }

// Validate has an argument.
func (*Config) Validate(ctx context.Context) error { return nil }

// Checked is an invoice whose config is not checked.
type Checked struct{ full.Invoice }

// NewChecked makes a Checked.
func NewChecked(context.Context, invoice.Order, Config) (*Checked, error) { return nil, nil }

// Invoice finds by key.
type Invoice struct{ full.Invoice }

// NewInvoice makes an Invoice.
func NewInvoice(context.Context, invoice.Order, struct{}) (*Invoice, error) { return nil, nil }

// Find has an argument too many.
func (*Invoice) Find(ctx context.Context, key string) (reference string, err error) { return "", nil }

// Delayed is an invoice that has what an ERP is asked for.
type Delayed struct{ full.Invoice }

// NewDelayed makes a Delayed.
func NewDelayed(context.Context, invoice.Order, struct{}) (*Delayed, error) { return nil, nil }

// LookupDelay is right, but for whose it is.
func (*Delayed) LookupDelay() time.Duration { return time.Minute }

// Source has four abilities, each in a way of its own.
type Source struct{ full.Source }

// NewSource makes a Source.
func NewSource(context.Context, struct{}) (*Source, error) { return nil, nil }

// Tenants is a list.
func (*Source) Tenants(ctx context.Context) ([]usage.Tenant, error) { return nil, nil }

// Names has no kind.
func (Source) Names(ctx context.Context) iter.Seq2[usage.Name, error] { return nil }

// CheckHealth has one outcome.
func (*Source) CheckHealth(ctx context.Context) error { return nil }

// Close cannot fail.
func (*Source) Close() {}

// Store has a half of an ability, and another that is none.
type Store struct{ full.Store }

// NewStore makes a Store.
func NewStore(context.Context, struct{}) (*Store, error) { return nil, nil }

// Load writes another kind of records.
func (*Store) Load(ctx context.Context, records iter.Seq2[string, error]) error { return nil }

// Probe knows of two presences only.
func (*Store) Probe(ctx context.Context) (present bool, err error) { return false, nil }

// Transformer has names, of no kind.
type Transformer struct{ full.Transformer }

// NewTransformer makes a Transformer.
func NewTransformer(context.Context, struct{}) (*Transformer, error) { return nil, nil }

// WithNames lacks NameKind.
func (*Transformer) WithNames(names map[string]string) usage.Transformer { return nil }
