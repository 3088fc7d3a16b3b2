package invoice

import "errors"

var (
	// ErrNotFound says that the ERP has no invoice with the order's key.
	ErrNotFound = errors.New("no such invoice")
	// ErrCancelled says that the ERP has the order's invoice, and that it was
	// cancelled there. It is in a permanent error.
	ErrCancelled = errors.New("the invoice is cancelled")
	// ErrUnfinished says that the ERP has a part of the invoice with the order's
	// key, which Commit completes: to whoever would commit it is an ErrNotFound.
	ErrUnfinished error = unfinishedError{}
	// ErrAltered says that the ERP has an invoice with the order's key which is
	// not what was billed, or not any more: a person must put it right. It is in
	// a permanent error that says how.
	ErrAltered = errors.New("the invoice is not what was billed")
	// ErrNoCost says that the ERP has no price for a service.
	ErrNoCost = errors.New("no cost")
	// ErrClosed says that the invoice was committed already.
	ErrClosed = errors.New("the invoice is closed")
	// ErrNoSection says that an item names a datacenter without a section.
	ErrNoSection = errors.New("no such section")
)

type (
	permanentError struct{ error }
	unknownError   struct{ error }
)

type unfinishedError struct{}

func (unfinishedError) Error() string        { return "the invoice is unfinished" }
func (unfinishedError) Is(target error) bool { return target == ErrNotFound }

func (e *permanentError) Unwrap() error { return e.error }
func (e *unknownError) Unwrap() error   { return e.error }

// Permanent marks an error that trying again does not mend: somebody must
// change something first. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// UnknownOutcome marks an error after which the ERP may or may not have saved
// the invoice: it must be looked up before it is sent again. It returns nil
// for nil.
func UnknownOutcome(err error) error {
	if err == nil {
		return nil
	}
	return &unknownError{err}
}

// IsPermanent reports whether err was marked Permanent. An error that is also
// an unknown outcome is not permanent.
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p) && !IsUnknownOutcome(err)
}

// IsUnknownOutcome reports whether err, or an error that it wraps, was marked
// as an UnknownOutcome.
func IsUnknownOutcome(err error) bool {
	var u *unknownError
	return errors.As(err, &u)
}
