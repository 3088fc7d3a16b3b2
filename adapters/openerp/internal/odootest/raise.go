package odootest

import (
	"fmt"
	"strings"
)

// Classes of exceptions.
const (
	userError    = "odoo.exceptions.UserError"
	validation   = "odoo.exceptions.ValidationError"
	missingError = "odoo.exceptions.MissingError"
	accessError  = "odoo.exceptions.AccessError"
	accessDenied = "odoo.exceptions.AccessDenied"
	valueError   = "builtins.ValueError"
	typeError    = "builtins.TypeError"
	keyError     = "builtins.KeyError"
	nameError    = "builtins.NameError"
	attribute    = "builtins.AttributeError"
	exception    = "builtins.Exception"
	operational  = "psycopg2.OperationalError"
	unique       = "psycopg2.errors.UniqueViolation"
	check        = "psycopg2.errors.CheckViolation"
	foreign      = "psycopg2.errors.ForeignKeyViolation"
	notNull      = "psycopg2.errors.NotNullViolation"
	serialize    = "psycopg2.errors.SerializationFailure"
	unauthorized = "werkzeug.exceptions.Unauthorized"
	notFound     = "werkzeug.exceptions.NotFound"
	unprocessed  = "werkzeug.exceptions.UnprocessableEntity"
)

// An exc is an exception of the server's.
type exc struct {
	class, message string
}

func (e *exc) Error() string { return e.class + ": " + e.message }

// raise ends a transaction. A transaction is a deep recursion over foreign
// values: as in the server itself, an exception is the way out of it.
func raise(class, format string, args ...any) {
	panic(&exc{class, fmt.Sprintf(format, args...)})
}

// catch returns what was raised.
func catch(do func()) (err *exc) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *exc:
			err = e
		default:
			panic(e)
		}
	}()
	do()
	return nil
}

// told is an exception as a caller gets it: what the database refuses, the
// server puts into words of its own.
func (e *exc) told() *exc {
	switch e.class {
	case unique, check:
		return &exc{validation, "The operation cannot be completed: " + e.message}
	case foreign:
		return &exc{validation, "The operation cannot be completed: another model requires the record being deleted. " +
			"If possible, archive it instead.\n\n" + e.message}
	case notNull:
		return &exc{validation, "The operation cannot be completed: " + e.message}
	}
	return e
}

// traceback is what XML-RPC answers for an exception that is none of Odoo's.
func (e *exc) traceback(frames ...string) string {
	var b strings.Builder
	b.WriteString("Traceback (most recent call last):\n")
	for _, frame := range append([]string{`odoo/addons/base/controllers/rpc.py", line 150, in xmlrpc_2|response = self._xmlrpc(service)`}, frames...) {
		at, code, _ := strings.Cut(frame, "|")
		fmt.Fprintf(&b, "  File \"/opt/odoo/server/%s\n    %s\n", at, code)
	}
	fmt.Fprintf(&b, "%s: %s\n", strings.TrimPrefix(e.class, "builtins."), e.message)
	return b.String()
}

// missing raises what the server says of a record that is not there.
func (t *tx) missing(model string, ids ...int64) {
	list := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ids)), ", "), "[]")
	if len(ids) == 1 {
		list += ","
	}
	raise(missingError, "Record does not exist or has been deleted.\n(Record: %s(%s), User: %d)", model, list, t.user)
}
