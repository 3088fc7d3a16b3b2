// Package meant has adapters with methods that are called as those of abilities
// are, and are meant for something else.
package meant

import (
	"context"
	"sync"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/able/meant/away"
	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
	"github.com/openstack-artifice/artifice/invoice"
)

// lists has a method of an ERP's, and of any type.
type lists[T any] struct{}

// PerResource is this package's own.
//
//artifice:own
func (lists[T]) PerResource() bool { return false }

// credits is an interface with one.
type credits interface {
	// Credits is this package's own.
	//
	//artifice:own
	Credits() bool
}

// Invoice finds by key.
type Invoice struct {
	full.Invoice
	lists[string]
	credits
}

// NewInvoice makes an Invoice.
func NewInvoice(context.Context, invoice.Order, away.Config) (*Invoice, error) {
	return &Invoice{}, nil
}

// Find is this package's own.
//
//artifice:own
func (*Invoice) Find(ctx context.Context, key string) (reference string, err error) { return "", nil }

func (*Invoice) String() string { return "an invoice" }

// Store has the Lock of a mutex.
type Store struct {
	sync.Mutex
	full.Store
}

// NewStore makes a Store.
func NewStore(context.Context, struct{}) (*Store, error) { return &Store{}, nil }

func (*Store) String() string { return "a store" }
