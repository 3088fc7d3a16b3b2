package config

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestPosition(t *testing.T) {
	for want, p := range map[string]Position{
		"artifice.ini:3:18": {"artifice.ini", 3, 18},
		"artifice.ini:3":    {"artifice.ini", 3, 0},
		"artifice.ini":      {"artifice.ini", 0, 5},
		"3:18":              {"", 3, 18},
		"":                  {},
	} {
		if got := p.String(); got != want {
			t.Errorf("%#v is %q, want %q", p, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	var errs Errors
	if err := errs.Err(); err != nil {
		t.Errorf("no mistakes are %#v", err)
	}
	errs.Add(Position{"b.ini", 1, 1}, "other file")
	errs.Add(Position{"a.ini", 10, 1}, "line 10")
	errs.Add(Position{"a.ini", 9, 3}, "z")
	errs.Add(Position{"a.ini", 9, 3}, "a: %w", fs.ErrNotExist)
	errs.Add(Position{"a.ini", 9, 3}, "z")
	errs.Add(Position{}, "nowhere")
	errs = append(errs, &Error{Pos: Position{"a.ini", 9, 2}, Err: errors.New("x:Y is no adapter"), Detail: "have A()\nwant B()\n"})
	err := errs.Err()
	wantError(t, err, `nowhere
a.ini:9:2: x:Y is no adapter
        have A()
        want B()
a.ini:9:3: a: file does not exist
a.ini:9:3: z
a.ini:10:1: line 10
b.ini:1:1: other file`)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("does not unwrap")
	}
	if len(errs) != 7 || errs[0].Pos.File != "b.ini" {
		t.Error("Err changed the list it was called on")
	}
}

func TestMerge(t *testing.T) {
	if err := Merge(nil, nil); err != nil {
		t.Errorf("nothing is %v", err)
	}
	if err := Merge(Errors{}, errors.Join(nil, Errors(nil))); err != nil {
		t.Errorf("no mistakes are %v", err)
	}
	var a, b Errors
	a.Add(Position{"a.ini", 2, 1}, "two")
	b.Add(Position{"a.ini", 1, 1}, "one")
	b.Add(Position{"a.ini", 2, 1}, "two")
	one := &Error{Pos: Position{"a.ini", 3, 1}, Err: errors.New("three")}
	err := Merge(a, nil, errors.Join(b, errors.Join(one, errors.New("plain"))), fmt.Errorf("while reading: %w", a))
	wantError(t, err, `plain
while reading: a.ini:2:1: two
a.ini:1:1: one
a.ini:2:1: two
a.ini:3:1: three`)
	// Words around several errors are kept.
	wantError(t, Merge(fmt.Errorf("%w and %w", fs.ErrExist, fs.ErrClosed)), `file already exists and file already closed`)
	var errs Errors
	if !errors.As(err, &errs) || len(errs) != 5 {
		t.Errorf("%T of %d", err, len(errs))
	}
}
