// Package deployment is what a deployment is made of: the registry that
// artifice-gen writes, and the config file that is bound to it.
//
// A [Registry] lists the adapters that were compiled in. [Registry.Load] holds
// a config file against it and returns a [Deployment], or every mistake of the
// file at once. Nothing is opened or constructed before it is asked for.
package deployment

import (
	"context"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A Registry is the adapters that were compiled into a program. The generated
// function Registry returns it.
type Registry struct {
	Invoices     []Adapter[invoice.ERP]
	Sources      []Adapter[usage.Source]
	Stores       []Adapter[ledger.Store]
	Transformers []Adapter[usage.Transformer]
}

// An Adapter is one adapter that was compiled in.
type Adapter[T any] struct {
	config.Compiled
	// Bind binds the adapter's section of the config to the adapter's own
	// config type and validates it. It constructs nothing.
	Bind func(*config.Section) (Open[T], error)
}

// Open constructs an adapter with the config that it was bound to.
type Open[T any] func(context.Context) (T, error)

// Compiled lists every adapter of the registry.
func (r Registry) Compiled() []config.Compiled {
	var all []config.Compiled
	all = appendCompiled(all, r.Invoices)
	all = appendCompiled(all, r.Sources)
	all = appendCompiled(all, r.Stores)
	return appendCompiled(all, r.Transformers)
}

func appendCompiled[T any](all []config.Compiled, adapters []Adapter[T]) []config.Compiled {
	for _, a := range adapters {
		all = append(all, a.Compiled)
	}
	return all
}

// Check returns every mistake of the file at once, or nil.
func (r Registry) Check(f *config.File) error {
	_, err := r.Load(f)
	return err
}
