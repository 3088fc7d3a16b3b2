package config

import (
	"fmt"
	"path/filepath"
)

// A Binder gives the keys of one section to the fields of a config, and
// gathers what is wrong with them. It is used by one goroutine, once.
type Binder struct {
	s        *Section
	taken    map[*Key]bool
	names    []string          // every name and alias that was asked for
	prefixes []string          // of maps
	aliasOf  map[string]string // alias to name
	errs     Errors
}

// Bind starts to bind a section. Nil is a section without keys.
func Bind(s *Section) *Binder {
	if s == nil {
		s = &Section{}
	}
	return &Binder{s: s, taken: make(map[*Key]bool), aliasOf: make(map[string]string)}
}

// bind finds the key of a field and sets its value. The errors of set are
// [Error] or [Errors], placed at the value or within it.
func (b *Binder) bind(key string, opts []Option, set func(text string, at Position) error) {
	f := field{name: key}
	for _, opt := range opts {
		opt(&f)
	}
	k := b.take(&f)
	switch {
	case k != nil && k.Value != "":
		b.fail(k, set(k.Value, k.ValuePos))
	case k != nil && f.required:
		b.add(k, k.ValuePos, "%s is empty and needs a value", k.Name)
	case f.required:
		b.errs.Add(b.s.Pos, "[%s] needs the key %q", b.s.Name, key)
	case f.fallback != "":
		// The author's mistake, not the file's; no line of the file is to blame.
		for err := range leaves(set(f.fallback, Position{})) {
			b.errs.Add(b.s.Pos, "[%s] the default of %s: %w", b.s.Name, key, err)
		}
	}
}

// take marks the keys that a field may have as known, and returns the one that
// the section has, or nil.
func (b *Binder) take(f *field) *Key {
	var found *Key
	for _, name := range append([]string{f.name}, f.aliases...) {
		b.names = append(b.names, name)
		b.aliasOf[name] = f.name
		k := b.s.Key(name)
		if k == nil {
			continue
		}
		b.taken[k] = true
		if found != nil {
			b.add(k, k.Pos, "%q is another name of %q, which line %d gives already", k.Name, found.Name, found.Pos.Line)
			continue
		}
		found = k
	}
	return found
}

// fail adds the errors of a key's value.
func (b *Binder) fail(k *Key, err error) {
	for e := range leaves(err) {
		pos := k.ValuePos
		if located, ok := e.(*Error); ok {
			pos, e = located.Pos, located.Err
		}
		b.add(k, pos, "%s: %w", k.Name, e)
	}
}

// add adds an error that begins with the section that the key stands in, which
// is not the binder's own where a section was laid over another.
func (b *Binder) add(k *Key, pos Position, format string, args ...any) {
	b.errs.Add(pos, "[%s] %w", b.sectionOf(k), fmt.Errorf(format, args...))
}

// sectionOf names the section that k was written in; a key that was not
// parsed does not know.
func (b *Binder) sectionOf(k *Key) string {
	if k.section == "" {
		return b.s.Name
	}
	return k.section
}

// Path is the parser of Path fields: it joins a relative path to the directory
// of the config file.
func (b *Binder) Path(text string) (Path, error) {
	if filepath.IsAbs(text) {
		return Path(filepath.Clean(text)), nil
	}
	return Path(filepath.Join(b.s.dir, text)), nil
}
