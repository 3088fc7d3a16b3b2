package rpc

import (
	"strings"
	"unicode"
)

// newFault sorts a fault of the JSON protocols, by the name of the exception
// and only where that says too little by its text.
func newFault(code, name, message string) *Fault {
	message = strings.TrimSpace(message)
	f := &Fault{Code: code, Name: name, Message: message}
	f.Kind = kindOf(f)
	if f.Message == "" {
		f.Message = "an error without a message: " + name
	}
	return f
}

// faultOfText sorts a fault of XML-RPC. It is no error where Python only could
// not say None: the method was served, and returned nothing.
func faultOfText(code, text string) ([]byte, error) {
	name, message, traceback := splitTraceback(text)
	f := &Fault{Code: code, Name: name, Message: message}
	switch {
	case traceback && afterServing(text):
		if strings.HasPrefix(message, "cannot marshal None") && !strings.Contains(text, "in dump_struct") && !strings.Contains(text, "in dump_array") {
			return nil, nil
		}
		f.Kind = Unanswerable
		f.Message += " (the call was served, but XML-RPC cannot carry its result; use json-rpc)"
		return nil, f
	case traceback:
		f.Kind = kindOf(f)
	default:
		f.Kind = kindOfCode(f)
	}
	return nil, f
}

// afterServing reports whether a traceback was raised where the server writes
// the result of a call down: by then the transaction is committed.
func afterServing(text string) bool {
	return strings.Contains(text, "xmlrpc.client.dumps((result,), methodresponse=1")
}

// splitTraceback takes the exception's class and message, its last lines, off
// a Python traceback. A text that is none is returned as the message.
func splitTraceback(text string) (name, message string, traceback bool) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "Traceback (most recent call last):") {
		return "", text, false
	}
	// The exception follows the last frame, whose lines are indented.
	lines := strings.Split(text, "\n")
	first := 0
	for i, line := range lines {
		if strings.HasPrefix(line, "  ") && (strings.HasPrefix(line, `  File "`) || first == i) {
			first = i + 1
		}
	}
	if first >= len(lines) {
		return "", lines[len(lines)-1], true
	}
	name, message, ok := strings.Cut(lines[first], ": ")
	if strings.ContainsFunc(name, unicode.IsSpace) || !ok && len(lines) > first+1 {
		return "", strings.Join(lines[first:], "\n"), true
	}
	if rest := lines[first+1:]; len(rest) > 0 {
		message += "\n" + strings.Join(rest, "\n")
	}
	if !strings.Contains(name, ".") {
		name = "builtins." + name // as the JSON protocols have it
	}
	if message == "" {
		message = name
	}
	return name, strings.TrimSpace(message), true
}

// byName sorts exceptions whose class says all.
var byName = map[string]Kind{
	"odoo.exceptions.AccessDenied":                 AccessDenied,
	"odoo.exceptions.AccessError":                  NoAccess,
	"odoo.exceptions.MissingError":                 MissingRecord,
	"odoo.http.SessionExpiredException":            AccessDenied,
	"odoo.exceptions.ConcurrencyError":             Concurrency,
	"odoo.exceptions.LockError":                    Concurrency,
	"psycopg2.errors.SerializationFailure":         Concurrency,
	"psycopg2.errors.DeadlockDetected":             Concurrency,
	"psycopg2.errors.LockNotAvailable":             Concurrency,
	"psycopg2.errors.UniqueViolation":              Duplicate,
	"psycopg2.errors.ForeignKeyViolation":          Invalid,
	"psycopg2.errors.NotNullViolation":             Invalid,
	"psycopg2.errors.CheckViolation":               Invalid,
	"psycopg2.InterfaceError":                      Unavailable,
	"psycopg2.pool.PoolError":                      Unavailable,
	"psycopg2.extensions.TransactionRollbackError": Concurrency,
	"psycopg2.errors.AdminShutdown":                Unavailable,
	"psycopg2.errors.CannotConnectNow":             Unavailable,
	"psycopg2.errors.TooManyConnections":           Unavailable,
	"werkzeug.exceptions.Unauthorized":             AccessDenied,
	"werkzeug.exceptions.Forbidden":                NoAccess,
	"werkzeug.exceptions.NotFound":                 BadCall,
	"werkzeug.exceptions.UnprocessableEntity":      BadCall,
	"werkzeug.exceptions.BadRequest":               BadCall,
	"builtins.AttributeError":                      BadCall,
	"builtins.TypeError":                           BadCall,
	"builtins.NameError":                           BadCall,
	"builtins.KeyError":                            BadCall,
	"xml.parsers.expat.ExpatError":                 BadCall,
}

func kindOf(f *Fault) Kind {
	if kind, ok := byName[f.Name]; ok {
		return kind
	}
	switch f.Name {
	case "psycopg2.OperationalError":
		if isNoDatabase(f.Message) {
			return WrongDatabase
		}
		return Unavailable
	case "psycopg2.IntegrityError":
		return kindOfUser(f.Message)
	case "odoo.exceptions.UserError", "odoo.exceptions.ValidationError", "odoo.exceptions.RedirectWarning":
		return kindOfUser(f.Message)
	case "builtins.ValueError":
		switch {
		case strings.HasPrefix(f.Message, "External ID not found"):
			return MissingRecord
		case strings.HasPrefix(f.Message, "Invalid field"), strings.HasPrefix(f.Message, "Invalid leaf"):
			return BadCall
		}
		return Invalid
	case "builtins.Exception":
		if strings.HasPrefix(f.Message, "Method not found") {
			return BadCall
		}
	}
	return Other
}

// kindOfCode sorts the faults of XML-RPC that are no traceback. The old
// endpoints have a text in place of the code.
func kindOfCode(f *Fault) Kind {
	switch f.Code {
	case "3", "AccessDenied":
		f.Name = "odoo.exceptions.AccessDenied"
		return AccessDenied
	case "4":
		f.Name = "odoo.exceptions.AccessError"
		return NoAccess
	case "2":
		return kindOfUser(f.Message)
	}
	return Other
}

// kindOfUser sorts what Odoo tells its users. It has one class, and over
// XML-RPC one code, for a rule that was broken, a record that is not there and
// a model that is not: the text is all there is to tell them apart, in English,
// which is what a call without a lang in its context is answered in.
func kindOfUser(message string) Kind {
	switch {
	case strings.HasPrefix(message, "Record does not exist or has been deleted"):
		return MissingRecord
	case strings.Contains(message, "duplicate key value violates unique constraint"):
		return Duplicate
	case strings.HasPrefix(message, "Object ") && strings.HasSuffix(message, "doesn't exist"):
		return BadCall
	case strings.Contains(message, "could not serialize access"):
		return Concurrency
	}
	return Invalid
}

// isNoDatabase reports whether PostgreSQL says that there is no such database.
func isNoDatabase(message string) bool {
	return strings.Contains(message, `database "`) && strings.Contains(message, "does not exist")
}

const maxMessage = 600 // bytes of an error's line

// oneLine is a text on one line, without what a terminal would act on, cut
// where it is longer than anyone reads.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "..."
	}
	return text
}
