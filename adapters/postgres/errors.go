package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openstack-artifice/artifice/ledger"
)

// A serverError is a failure to reach the server, or of the connection to it.
type serverError struct {
	text string // what that means, "" where the error says all
	err  error
}

func (e *serverError) Error() string {
	if e.text == "" {
		return e.err.Error()
	}
	return fmt.Sprintf("%s (%v)", e.text, e.err)
}

func (e *serverError) Unwrap() error { return e.err }

const (
	lost    = "the connection was lost, and this was not written; what was before stays: run it again"
	unknown = "the connection was lost while this step was being kept, and it may or may not have been: run it again, which changes nothing where it was"
)

// explain says which database a failure is of, and what may be done. What is
// not the server's, such as an error of the contract, stays as it is.
func (d *database) explain(err error) error {
	if err == nil || errors.Is(err, errClosed) {
		return err
	}
	at, isAt := errors.AsType[*serverError](err)
	failure, isTold := errors.AsType[*pgconn.PgError](err)
	if isTold {
		if refused := fromConstraint(failure); refused != nil {
			return fmt.Errorf("%w (%w)", refused, err)
		}
		if text := remedy(failure); text != "" && (!isAt || at.text == "") {
			return fmt.Errorf("%s: %s (%w)", d.server.location, text, err)
		}
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok && !isTold {
		return fmt.Errorf("%s: %w", d.server.location, &unreachable{err, d.server.config.ConnectTimeout})
	}
	if isTold || isAt {
		return d.server.at(err)
	}
	return err
}

// unreachable is where there is no connection, for reasons of no server's.
type unreachable struct {
	err     error
	timeout time.Duration
}

func (e *unreachable) Error() string {
	why := strings.Join(strings.Fields(e.err.Error()), " ") // several hosts have a line each
	dial, isDial := errors.AsType[*net.OpError](e.err)
	switch {
	case errors.Is(e.err, context.Canceled):
		return why
	case pgconn.Timeout(e.err):
		return fmt.Sprintf("it lets no connection in within %v (connect_timeout): see whether PostgreSQL works there, and is what listens (%s)", e.timeout, why)
	case isDial && dial.Op == "dial":
		return fmt.Sprintf("it cannot be reached: see whether PostgreSQL runs there, and whether host and port are right (%s)", why)
	}
	return why
}

func (e *unreachable) Unwrap() error { return e.err }

// fromConstraint turns what a constraint or a trigger refused into an error of
// the contract, nil where it says nothing of that. It is the last defence:
// whatever comes here was not seen by the code that looks first, so that
// nothing more is known.
func fromConstraint(failure *pgconn.PgError) error {
	switch failure.Code {
	case "23P01":
		if failure.ConstraintName == "orders_overlap" {
			return &ledger.OverlapError{}
		}
	case "ARSET":
		return ledger.ErrNotClaimed
	case "ARFEN":
		return ledger.ErrLost
	}
	return nil
}

// remedy says what is wrong where the server fails for a reason that a person
// can mend, and is "" elsewhere.
func remedy(failure *pgconn.PgError) string {
	switch failure.Code {
	case "28000", "28P01":
		return "the server does not let the user in: check user and password, and the server's pg_hba.conf"
	case "3D000":
		return "the database is not there: createdb"
	case "42501":
		return "the user is not allowed that: let the user own the database, or the schema"
	case "53100":
		return "the server's disk is full, and this was not written; what was before stays: make room and run it again"
	case "53300":
		return "the server takes no more connections: lower max_connections here, or raise it there"
	case "57P03":
		return "the server is starting or stopping: try again when it is up"
	case "25006":
		return "the server takes no writes: name the primary, not a standby"
	}
	if strings.HasPrefix(failure.Code, "58") {
		return "the server cannot use its files"
	}
	return ""
}
