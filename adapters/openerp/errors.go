package openerp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

// readError sorts the error of a call that changes nothing: it is permanent,
// or such that the same call may succeed later. It returns nil for nil.
func readError(err error) error {
	if err == nil || rpc.Unknown(err) || rpc.Retryable(err) || errors.Is(err, context.Canceled) || isDuplicate(err) {
		return err
	}
	return invoice.Permanent(err)
}

// writeError sorts the error of a call that may have changed something.
func writeError(err error) error {
	if rpc.Unknown(err) {
		return invoice.UnknownOutcome(err)
	}
	return readError(err)
}

// isDuplicate reports whether a record was refused because it is there already:
// somebody else saves it at this moment.
func isDuplicate(err error) bool {
	kind, ok := rpc.KindOf(err)
	return ok && kind == rpc.Duplicate
}

// isMissing reports whether the server answered that a record does not exist.
func isMissing(err error) bool {
	kind, ok := rpc.KindOf(err)
	return ok && kind == rpc.MissingRecord
}

// permanent is a permanent error with a text of its own.
func permanent(format string, args ...any) error {
	return invoice.Permanent(fmt.Errorf(format, args...))
}

// altered is a permanent error: that Odoo has the order's invoice, and that it
// is not what the order is.
func altered(format string, args ...any) error {
	return invoice.Permanent(fmt.Errorf("%w: "+format, append([]any{invoice.ErrAltered}, args...)...))
}

// all joins errors that were found side by side. Where one of them may pass by
// itself it is worth trying again, so they are permanent only together.
func all(errs ...error) error {
	joined := errors.Join(errs...)
	for _, err := range errs {
		if err != nil && !invoice.IsPermanent(err) {
			return &passing{joined}
		}
	}
	return joined
}

// passing hides from errors.As that some of its errors are permanent.
type passing struct{ err error }

func (e *passing) Error() string { return e.err.Error() }

// Is finds what the errors wrap, such as context.Canceled.
func (e *passing) Is(target error) bool { return errors.Is(e.err, target) }

// list is names for a message, the first few of them.
func list(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
