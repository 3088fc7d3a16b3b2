package rpc

import (
	"errors"
	"fmt"
)

// Args are the arguments of a call, in the order of the method's signature.
type Args []Arg

// An Arg is one argument: made by [IDs], [Pos], [Named] or [Context].
type Arg struct {
	kind  argKind
	name  string
	value any
}

type argKind int

const (
	argIDs argKind = iota + 1
	argPos
	argNamed
	argContext
)

// IDs are the records that a method is called on. They come before any other
// argument; a method of the model itself has none.
func IDs(ids ...int64) Arg { return Arg{kind: argIDs, name: "ids", value: ids} }

// Pos is an argument that the RPC protocols pass by its position and JSON-2 by
// its name, as the method's Python signature has it: "domain", "vals_list".
//
// A value is nil, a bool, an int or int64, a string, a [decimal.Decimal], or a
// []any, []int64, []string, []map[string]any or map[string]any of such.
func Pos(name string, value any) Arg { return Arg{kind: argPos, name: name, value: value} }

// Named is an argument that every protocol passes by its name. Its value is as
// for [Pos].
func Named(name string, value any) Arg { return Arg{kind: argNamed, name: name, value: value} }

// Context is the call's context: lang, allowed_company_ids, active_test.
func Context(values map[string]any) Arg {
	return Arg{kind: argContext, name: "context", value: values}
}

// check says what is wrong with the arguments themselves: an order or a name
// that no protocol can send, or a value that it cannot carry.
func (args Args) check() error {
	var errs []error
	seen := map[string]bool{}
	named := false
	for i, arg := range args {
		switch {
		case arg.kind == 0:
			errs = append(errs, fmt.Errorf("argument %d: made by none of IDs, Pos, Named and Context", i))
		case arg.kind == argIDs && i > 0:
			errs = append(errs, errors.New("ids: they come first"))
		case arg.kind == argPos && named:
			errs = append(errs, fmt.Errorf("%s: an argument by position comes after one by name", arg.name))
		case seen[arg.name]:
			errs = append(errs, fmt.Errorf("%s: it is given twice", arg.name))
		case !isName(arg.name):
			errs = append(errs, fmt.Errorf("%q: wants the name that the method's signature gives the argument", arg.name))
		case arg.kind < argContext && arg.kind > argIDs && (arg.name == "ids" || arg.name == "context"):
			errs = append(errs, fmt.Errorf("%s: give it with rpc.IDs or rpc.Context", arg.name))
		}
		seen[arg.name] = true
		named = named || arg.kind >= argNamed
		if err := checkValue(arg.name, arg.value, 0); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// isName reports whether name can be an argument of a Python function.
func isName(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// rpc returns the arguments as execute_kw takes them: a list and an object.
// The object is nil where it would be empty.
func (args Args) rpc() (list []any, kw map[string]any) {
	list = []any{}
	for _, arg := range args {
		switch arg.kind {
		case argIDs, argPos:
			list = append(list, arg.value)
		default:
			if kw == nil {
				kw = map[string]any{}
			}
			kw[arg.name] = arg.value
		}
	}
	return list, kw
}

// named returns the arguments as JSON-2 takes them.
func (args Args) named() map[string]any {
	all := map[string]any{}
	for _, arg := range args {
		all[arg.name] = arg.value
	}
	return all
}
