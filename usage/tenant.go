package usage

import (
	"context"
	"iter"
)

// A Tenant is a Keystone project.
type Tenant struct {
	ID   string // its identity
	Name string // text; may change, may be "", may be hostile
	// Extra holds further text about the tenant, such as a partner's reference.
	Extra map[string]string
}

// A TenantLister is a source that knows more of tenants than their ids. An
// error is yielded where something cannot be read; the sequence then goes on
// where it can.
type TenantLister interface {
	Tenants(ctx context.Context) iter.Seq2[Tenant, error]
}
