package gen

import (
	"go/types"

	"github.com/openstack-artifice/artifice/config"
)

// A textParser is a function of package config that makes a value of a text. It is
// known here twice: by name, to emit a call of it, and as itself, to check what
// the config holds.
type textParser struct {
	name  string // in package config
	looks string // what a text looks like that it takes
	check func(b *config.Binder, list bool, key string, opts ...config.Option)
}

// checks makes the check of a parser: it binds a value like the generated code
// will, and drops it.
func checks[T any](parse func(string) (T, error)) func(*config.Binder, bool, string, ...config.Option) {
	return func(b *config.Binder, list bool, key string, opts ...config.Option) {
		if list {
			config.List(b, new([]T), parse, key, opts...)
		} else {
			config.Field(b, new(T), parse, key, opts...)
		}
	}
}

// wellKnown are the parsers of types that have one of their own, by the type
// as go/types writes it.
var wellKnown = map[string]textParser{
	decimalPath + ".Decimal": {"Decimal", "a number", checks(config.Decimal)},
	"time.Duration":          {"Duration", "a duration: 90s, 15m, 1h, 1d", checks(config.Duration)},
	"time.Time":              {"Time", "a time: 2026-01-31 or 2026-01-31T15:04:05Z", checks(config.Time)},
	"*time.Location":         {"Location", "a time zone: Pacific/Auckland, UTC", checks(config.Location)},
	"*net/url.URL":           {"URL", "a URL", checks(config.URL)},
	"net/netip.Addr":         {"Addr", "an IP address", checks(config.Addr)},
	"net/netip.Prefix":       {"Prefix", "an IP network: 192.0.2.0/24", checks(config.Prefix)},
	configPath + ".Size":     {"ParseSize", "a size: 512, 64KiB, 10MiB", checks(config.ParseSize)},
	configPath + ".Secret":   {"ParseSecret", "a secret: env:NAME or file:/path", checks(config.ParseSecret)},
	configPath + ".Path":     {"Path", "a path, relative to this file's directory", checkPath},
}

// basic are the parsers of the basic kinds.
var basic = map[types.BasicKind]textParser{
	types.String:  {"String", "text", checks(config.String)},
	types.Bool:    {"Bool", "true or false", checks(config.Bool)},
	types.Int:     {"Int", "a whole number", checks(config.Int[int])},
	types.Int8:    {"Int", "a whole number", checks(config.Int[int8])},
	types.Int16:   {"Int", "a whole number", checks(config.Int[int16])},
	types.Int32:   {"Int", "a whole number", checks(config.Int[int32])},
	types.Int64:   {"Int", "a whole number", checks(config.Int[int64])},
	types.Uint:    {"Uint", "a whole number, not negative", checks(config.Uint[uint])},
	types.Uint8:   {"Uint", "a whole number, not negative", checks(config.Uint[uint8])},
	types.Uint16:  {"Uint", "a whole number, not negative", checks(config.Uint[uint16])},
	types.Uint32:  {"Uint", "a whole number, not negative", checks(config.Uint[uint32])},
	types.Uint64:  {"Uint", "a whole number, not negative", checks(config.Uint[uint64])},
	types.Float32: {"Float", "a number", checks(config.Float[float32])},
	types.Float64: {"Float", "a number", checks(config.Float[float64])},
}

// checkPath is the check of a method of the binder's own.
func checkPath(b *config.Binder, list bool, key string, opts ...config.Option) {
	checks(b.Path)(b, list, key, opts...)
}

// own is the check of a type with an UnmarshalText of its own, which only the
// compiled registry can call: any text will do.
var own = textParser{"", "text", checks(config.String)}

// A value is how one text becomes a value of a type.
type value struct {
	textParser
	// text says that the type's own UnmarshalText is called.
	text bool
	// as is the type that the parser makes, where the value's own is another
	// that converts.
	as types.Type
	// generic says that the parser makes any type of its kind.
	generic bool
}

// valueOf finds how a type is made of a text. ok is false where it cannot be.
func (c *code) valueOf(t types.Type) (v value, ok bool) {
	t = types.Unalias(t)
	if p, ok := wellKnown[t.String()]; ok {
		return value{textParser: p}, true
	}
	named, isNamed := t.(*types.Named)
	if isNamed {
		if unmarshalsText(named) {
			return value{textParser: own, text: true}, true
		}
		if d := c.declared(named); d != nil {
			if p, ok := wellKnown[types.Unalias(d).String()]; ok {
				return value{textParser: p, as: types.Unalias(d)}, true
			}
		}
	}
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return v, false
	}
	p, ok := basic[b.Kind()]
	if !ok {
		return v, false
	}
	v = value{textParser: p, generic: b.Info()&types.IsNumeric != 0}
	if isNamed && !v.generic {
		v.as = b
	}
	return v, true
}

// unmarshalsText reports whether a pointer to the type has the method of
// encoding.TextUnmarshaler.
func unmarshalsText(t *types.Named) bool {
	return hasMethod(t, "UnmarshalText", func(sig *types.Signature) bool {
		return sig.Params().Len() == 1 && sig.Params().At(0).Type().String() == "[]byte" && returnsError(sig)
	})
}

// validates reports whether a pointer to the type has "Validate() error".
func validates(t *types.Named) bool {
	return hasMethod(t, "Validate", func(sig *types.Signature) bool {
		return sig.Params().Len() == 0 && returnsError(sig)
	})
}

func hasMethod(t *types.Named, name string, fits func(*types.Signature) bool) bool {
	sel := types.NewMethodSet(types.NewPointer(t)).Lookup(nil, name)
	return sel != nil && fits(sel.Type().(*types.Signature))
}

func returnsError(sig *types.Signature) bool {
	return sig.Results().Len() == 1 && types.Identical(sig.Results().At(0).Type(), types.Universe.Lookup("error").Type())
}

// isStringMap reports whether a type is a map[string]string.
func isStringMap(t types.Type) bool {
	m, ok := t.Underlying().(*types.Map)
	return ok && types.Identical(m.Key(), types.Typ[types.String]) && types.Identical(m.Elem(), types.Typ[types.String])
}
