package rpc

import (
	"errors"
	"fmt"
)

// A Kind says what sort of fault a server answered.
type Kind int

const (
	// Other is a fault that none of the other kinds fits: permanent, as far as
	// one can tell.
	Other Kind = iota
	// AccessDenied: user and password, or the API key, are not accepted.
	AccessDenied
	// WrongDatabase: the server has no database of that name.
	WrongDatabase
	// Invalid: a rule of the server's, or of its database, refuses the data or
	// the state that a record is in.
	Invalid
	// Duplicate: a record that must be unique is there already.
	Duplicate
	// MissingRecord: an id or an external id stands for no record.
	MissingRecord
	// NoAccess: the user has not the rights.
	NoAccess
	// BadCall: the model, the method, a field or an argument is not one that
	// this version of the server knows.
	BadCall
	// Concurrency: somebody else changed the same records at the same time.
	// The call was undone and may be made again.
	Concurrency
	// Unavailable: the server answers but cannot work, for want of its database
	// for instance. Whether the call took effect is not known.
	Unavailable
	// Unanswerable: the call took effect, but its result is one that the
	// protocol cannot carry.
	Unanswerable
)

var kindNames = [...]string{"other", "access denied", "wrong database", "invalid", "duplicate", "missing record", "no access", "bad call",
	"concurrency", "unavailable", "unanswerable"}

// String is the kind in words.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// A Fault is an error that the server answered.
type Fault struct {
	Kind Kind
	// Model and Method are what was called; both are empty for a login.
	Model, Method string
	// Code is XML-RPC's faultCode, JSON-RPC's error.code or JSON-2's HTTP status.
	Code string
	// Name is the class of the exception, such as
	// odoo.exceptions.UserError. XML-RPC does not always tell it.
	Name string
	// Message is what a person should read: what the server said, without the
	// traceback. It may have lines.
	Message string
}

// Error is the message on one line, after what was called.
func (f *Fault) Error() string {
	return place(f.Model, f.Method) + ": " + oneLine(f.Message)
}

// An Outcome says whether a call without an answer may have taken effect.
type Outcome int

const (
	// NotSent: the server did not get the call. It may be made again.
	NotSent Outcome = iota + 1
	// Refused: the server, or something before it, turned the call away
	// unread, or the client did. Somebody must change something first.
	Refused
	// Lost: the call was sent, and may or may not have taken effect, now or
	// some time later.
	Lost
)

// A TransportError says that there is no answer that could be read.
type TransportError struct {
	Outcome Outcome
	// Model and Method are what was called; both are empty for a login.
	Model, Method string
	// Status is the HTTP status of an answer that there was all the same.
	Status int
	Err    error
}

func (e *TransportError) Error() string {
	text := place(e.Model, e.Method) + ": " + e.Err.Error()
	if e.Outcome == Lost {
		text += "; it may have taken effect all the same"
	}
	return text
}

func (e *TransportError) Unwrap() error { return e.Err }

// KindOf is the kind of the fault that err is or wraps. ok is false where it
// is none.
func KindOf(err error) (kind Kind, ok bool) {
	var fault *Fault
	if !errors.As(err, &fault) {
		return Other, false
	}
	return fault.Kind, true
}

// Unknown reports whether the call that failed with err may have taken effect,
// or has: look before making it again.
func Unknown(err error) bool {
	var transport *TransportError
	if errors.As(err, &transport) && transport.Outcome == Lost {
		return true
	}
	kind, ok := KindOf(err)
	return ok && (kind == Unavailable || kind == Unanswerable)
}

// Retryable reports whether the call that failed with err took no effect and
// may succeed when it is made again, unchanged.
func Retryable(err error) bool {
	var transport *TransportError
	if errors.As(err, &transport) && transport.Outcome == NotSent {
		return true
	}
	kind, ok := KindOf(err)
	return ok && kind == Concurrency
}

func place(model, method string) string {
	switch {
	case model == "" && method == "":
		return "login"
	case model == "":
		return method
	}
	return model + "." + method
}
