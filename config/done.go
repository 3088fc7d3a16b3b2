package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Done returns every mistake of the section as an [Errors]: unknown keys,
// missing ones, malformed values. Values of unknown keys are not printed.
func (b *Binder) Done() error {
	errs := slices.Clone(b.errs)
	for _, k := range b.s.Keys {
		if !b.taken[k] {
			errs.Add(k.Pos, "[%s] unknown key %q%s", b.sectionOf(k), k.Name, b.hint(k.Name))
		}
	}
	return errs.Err()
}

// hint says what was probably meant by an unknown key, or what there is.
func (b *Binder) hint(name string) string {
	if s := Suggest(name, b.names); s != "" {
		return fmt.Sprintf(" (did you mean %q?)", s)
	}
	if head, tail, ok := strings.Cut(name, "."); ok {
		if s := Suggest(head, b.prefixes); s != "" {
			return fmt.Sprintf(" (did you mean %q?)", s+"."+tail)
		}
	}
	known := slices.Clone(b.names)
	for _, p := range b.prefixes {
		known = append(known, p+".NAME")
	}
	if len(known) == 0 {
		return " (it takes no keys)"
	}
	slices.Sort(known)
	return fmt.Sprintf(" (it takes %s)", strings.Join(known, ", "))
}

// Validate is Done, and then, where Done found nothing, c.Validate: each
// [KeyError] of that is placed at its key, any other error at the header.
func (b *Binder) Validate(c interface{ Validate() error }) error {
	if err := b.Done(); err != nil {
		return err
	}
	var errs Errors
	for err := range leaves(c.Validate()) {
		if located, ok := err.(*Error); ok {
			errs = append(errs, located)
			continue
		}
		name, pos := b.s.Name, b.s.Pos
		if k := b.given(err); k != nil {
			name, pos = b.sectionOf(k), k.Pos
		}
		errs.Add(pos, "[%s] %w", name, err)
	}
	return errs.Err()
}

// given returns the key that err points at, under whichever of its names the
// section has it, or nil.
func (b *Binder) given(err error) *Key {
	var ke *KeyError
	if !errors.As(err, &ke) {
		return nil
	}
	if k := b.s.Key(ke.Key); k != nil {
		return k
	}
	for _, k := range b.s.Keys {
		if name, ok := b.aliasOf[k.Name]; ok && name == ke.Key {
			return k
		}
	}
	return nil
}
