package config

import (
	"encoding"
	"strings"
)

// An Option says how a field is bound.
type Option func(*field)

type field struct {
	name     string
	aliases  []string
	required bool
	fallback string
}

// Required makes a missing or empty key an error, whatever the default.
func Required() Option { return func(f *field) { f.required = true } }

// Default is the text that is parsed where the key is missing or empty. An
// empty text is no default.
func Default(text string) Option { return func(f *field) { f.fallback = text } }

// Alias adds names that the key may have instead. It is an error to give the
// key under two of its names.
func Alias(names ...string) Option {
	return func(f *field) { f.aliases = append(f.aliases, names...) }
}

// Field parses the value of key into dst. Where the key is missing or empty
// and there is no default, dst keeps what it holds.
func Field[T any](b *Binder, dst *T, parse func(string) (T, error), key string, opts ...Option) {
	b.bind(key, opts, func(text string, at Position) error {
		v, err := parse(text)
		if err != nil {
			return &Error{Pos: at, Err: err}
		}
		*dst = v
		return nil
	})
}

// List parses a comma-separated value into dst, element by element. Blanks
// around an element are trimmed; an empty element is an error.
func List[T any](b *Binder, dst *[]T, parse func(string) (T, error), key string, opts ...Option) {
	b.bind(key, opts, func(text string, at Position) error {
		var list []T
		var errs Errors
		n := 0
		for element := range strings.SplitSeq(text, ",") {
			n++
			trimmed := strings.TrimLeft(element, " \t")
			pos := at.after(len(element) - len(trimmed))
			at = at.after(len(element) + len(","))
			if trimmed = strings.TrimRight(trimmed, " \t"); trimmed == "" {
				errs.Add(pos, "element %d of the list is empty", n)
				continue
			}
			v, err := parse(trimmed)
			if err != nil {
				errs = append(errs, &Error{Pos: pos, Err: err})
				continue
			}
			list = append(list, v)
		}
		if len(errs) > 0 {
			return errs
		}
		*dst = list
		return nil
	})
}

// TextUnmarshaler is a pointer to T with an UnmarshalText method.
type TextUnmarshaler[T any] interface {
	*T
	encoding.TextUnmarshaler
}

// Text gives the value of key to the UnmarshalText of dst.
func Text[T any, P TextUnmarshaler[T]](b *Binder, dst P, key string, opts ...Option) {
	b.bind(key, opts, func(text string, at Position) error {
		if err := dst.UnmarshalText([]byte(text)); err != nil {
			return &Error{Pos: at, Err: err}
		}
		return nil
	})
}

// Map puts every key "prefix.x" that no field has bound by then into dst as
// "x". Without such a key dst keeps what it holds.
func Map(b *Binder, dst *map[string]string, prefix string) {
	b.prefixes = append(b.prefixes, prefix)
	m := make(map[string]string)
	for _, k := range b.s.Keys {
		name, ok := strings.CutPrefix(k.Name, prefix+".")
		if !ok || b.taken[k] {
			continue
		}
		b.taken[k] = true
		if name == "" {
			b.add(k, k.Pos, "%q lacks a name after the dot", k.Name)
			continue
		}
		m[name] = k.Value
	}
	if len(m) > 0 {
		*dst = m
	}
}

// Rest puts every key that was not bound by then into dst; call it last.
// Without such a key dst keeps what it holds.
func Rest(b *Binder, dst *map[string]string) {
	m := make(map[string]string)
	for _, k := range b.s.Keys {
		if !b.taken[k] {
			b.taken[k] = true
			m[k.Name] = k.Value
		}
	}
	if len(m) > 0 {
		*dst = m
	}
}
