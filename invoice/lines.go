package invoice

import (
	"fmt"
	"iter"
	"slices"
)

// Lines gathers the sections and items of an invoice, and keeps what the
// contract says of them. An adapter that embeds it has AddSection and AddLine,
// and begins its Commit with Close. The zero Lines is ready to use.
type Lines struct {
	Sections []string
	Items    []Item
	closed   bool
}

// AddSection adds a section. One that was added already is an error.
func (l *Lines) AddSection(name string) error {
	switch {
	case l.closed:
		return ErrClosed
	case slices.Contains(l.Sections, name):
		return fmt.Errorf("the section %q was added already", name)
	}
	l.Sections = append(l.Sections, name)
	return nil
}

// AddLine adds an item. It is ErrNoSection where its datacenter names none.
func (l *Lines) AddLine(item Item) error {
	switch {
	case l.closed:
		return ErrClosed
	case !slices.Contains(l.Sections, item.Datacenter):
		return fmt.Errorf("%w: %q, for the line %q", ErrNoSection, item.Datacenter, item.Name)
	}
	l.Items = append(l.Items, item)
	return nil
}

// In yields the items of a section, in the order in which they were added.
func (l *Lines) In(section string) iter.Seq[*Item] {
	return func(yield func(*Item) bool) {
		for i := range l.Items {
			if l.Items[i].Datacenter == section && !yield(&l.Items[i]) {
				return
			}
		}
	}
}

// Close lets nothing more be added. It is ErrClosed where that was done before.
func (l *Lines) Close() error {
	if l.closed {
		return ErrClosed
	}
	l.closed = true
	return nil
}
