package wrong

import (
	"context"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
	"github.com/openstack-artifice/artifice/gen/testdata/adapters/hidden"
	"github.com/openstack-artifice/artifice/invoice"
)

type connected struct{}

func (connected) NewInvoice(context.Context, invoice.Order) (invoice.Invoice, error) { return nil, nil }

// Config is a good config.
type Config struct{ URL string }

type (
	// None has no constructor.
	None struct{ complete }
	// Near has one of nearly the right name.
	Near struct{ complete }
	// NotFunc has a variable in the place of its constructor.
	NotFunc struct{ complete }
	// NoOrder is an invoice whose constructor takes no order.
	NoOrder struct{ complete }
	// WithOrder is an ERP whose constructor takes one.
	WithOrder struct{ connected }
	// NoContext has a constructor without a context.
	NoContext struct{ connected }
	// NoError has one that cannot fail.
	NoError struct{ connected }
	// ByValue has one that returns no pointer.
	ByValue struct{ connected }
	// ByContract has one that returns the interface.
	ByContract struct{ connected }
	// OfGeneric has a generic one.
	OfGeneric struct{ connected }
	// Variadic has one with options.
	Variadic struct{ connected }
	// NoConfig has one without a config.
	NoConfig struct{ connected }
	// OrderAlone has one without a config, of an invoice.
	OrderAlone struct{ complete }
	// Swapped has one with its parameters in another order.
	Swapped struct{ complete }
	// PointerConfig, PrivateConfig, ScalarConfig, HiddenConfig, GenericConfig
	// and AnonymousConfig take configs that the registry cannot make.
	PointerConfig   struct{ connected }
	PrivateConfig   struct{ connected }
	ScalarConfig    struct{ connected }
	HiddenConfig    struct{ connected }
	GenericConfig   struct{ connected }
	AnonymousConfig struct{ connected }
)

func NewNeer(context.Context, invoice.Order, Config) (*Near, error) { return nil, nil }

var NewNotFunc = func(context.Context, invoice.Order, Config) (*NotFunc, error) { return nil, nil }

func NewNoOrder(ctx context.Context, config Config) (*NoOrder, error)         { return nil, nil }
func NewWithOrder(context.Context, invoice.Order, Config) (*WithOrder, error) { return nil, nil }
func NewNoContext(config Config) (*NoContext, error)                          { return nil, nil }
func NewNoError(ctx context.Context, config Config) *NoError                  { return nil }
func NewByValue(ctx context.Context, config Config) (ByValue, error)          { return ByValue{}, nil }
func NewByContract(ctx context.Context, config Config) (invoice.ERP, error)   { return nil, nil }
func NewOfGeneric[T any](ctx context.Context, config T) (*OfGeneric, error)   { return nil, nil }
func NewVariadic(ctx context.Context, config ...Config) (*Variadic, error)    { return nil, nil }
func NewOrderAlone(context.Context, invoice.Order) (*OrderAlone, error)       { return nil, nil }
func NewNoConfig(ctx context.Context) (*NoConfig, error)                      { return nil, nil }
func NewSwapped(invoice.Order, context.Context, Config) (*Swapped, error)     { return nil, nil }

type private2 struct{ URL string }

// Of is a generic config.
type Of[T any] struct{ URL T }

func NewPointerConfig(ctx context.Context, config *Config) (*PointerConfig, error)  { return nil, nil }
func NewPrivateConfig(ctx context.Context, config private2) (*PrivateConfig, error) { return nil, nil }
func NewScalarConfig(ctx context.Context, config string) (*ScalarConfig, error)     { return nil, nil }
func NewHiddenConfig(ctx context.Context, config hidden.Config) (*HiddenConfig, error) {
	return nil, nil
}
func NewGenericConfig(ctx context.Context, config Of[string]) (*GenericConfig, error) {
	return nil, nil
}
func NewAnonymousConfig(ctx context.Context, config struct{ URL string }) (*AnonymousConfig, error) {
	return nil, nil
}

var _ full.Config
