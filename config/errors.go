package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Error is one mistake and where it stands.
type Error struct {
	Pos Position
	Err error
	// Detail holds further lines, printed below the message and indented.
	Detail string
}

const detailIndent = "        "

// Error returns "artifice.ini:3:18: message" and the lines of Detail.
func (e *Error) Error() string {
	var b strings.Builder
	if pos := e.Pos.String(); pos != "" {
		b.WriteString(pos + ": ")
	}
	b.WriteString(e.Err.Error())
	if e.Detail != "" {
		for line := range strings.SplitSeq(strings.TrimSuffix(e.Detail, "\n"), "\n") {
			b.WriteString("\n" + detailIndent + line)
		}
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

func (e *Error) compare(f *Error) int {
	return cmp.Or(e.Pos.compare(f.Pos), cmp.Compare(e.Err.Error(), f.Err.Error()), cmp.Compare(e.Detail, f.Detail))
}

// Errors are all the mistakes that were found. The zero value is ready to Add
// to; what a function returns is [Errors.Err], so that no mistakes are nil.
type Errors []*Error

// Add appends a mistake; format and args are those of [fmt.Errorf].
func (e *Errors) Add(pos Position, format string, args ...any) {
	*e = append(*e, &Error{Pos: pos, Err: fmt.Errorf(format, args...)})
}

// Error returns the mistakes in their order, each beginning a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// Sort orders the mistakes by file, line, column and message. Those without a
// position come first.
func (e Errors) Sort() { slices.SortStableFunc(e, (*Error).compare) }

// Err returns a sorted copy without exact duplicates, or nil where there are
// no mistakes.
func (e Errors) Err() error {
	if len(e) == 0 {
		return nil
	}
	sorted := slices.Clone(e)
	sorted.Sort()
	return slices.CompactFunc(sorted, func(a, b *Error) bool { return a.compare(b) == 0 })
}

// Merge joins errors to one sorted list, flattening [Errors] and what
// [errors.Join] joined. It returns nil where every error is nil.
func Merge(errs ...error) error {
	var all Errors
	for _, err := range errs {
		for leaf := range leaves(err) {
			if e, ok := leaf.(*Error); ok {
				all = append(all, e)
			} else {
				all = append(all, &Error{Err: leaf})
			}
		}
	}
	return all.Err()
}

// leaves yields the errors that err joins. An error that adds words of its own
// to those it wraps is a leaf: the words must not be lost.
func leaves(err error) func(yield func(error) bool) {
	var walk func(err error, yield func(error) bool) bool
	walk = func(err error, yield func(error) bool) bool {
		if err == nil {
			return true
		}
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok || err.Error() != joinedText(joined.Unwrap()) {
			return yield(err)
		}
		for _, e := range joined.Unwrap() {
			if !walk(e, yield) {
				return false
			}
		}
		return true
	}
	return func(yield func(error) bool) { walk(err, yield) }
}

// joinedText is what [errors.Join] makes of errs, and "" of none: an empty
// Errors, as a careless Validate returns it, joins nothing.
func joinedText(errs []error) string {
	if err := errors.Join(errs...); err != nil {
		return err.Error()
	}
	return ""
}

// A KeyError is what the Validate of a config returns to point at a key, so
// that the message stands at the key's line. Several are joined by
// [errors.Join].
type KeyError struct {
	Key string
	Err error
}

// Error returns "key: message".
func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *KeyError) Unwrap() error { return e.Err }
