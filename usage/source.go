package usage

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"
)

// A Source gives samples: files, an API, a database.
type Source interface {
	// Samples yields the samples that the query asks for, in any order, a
	// repeated sample as often as it comes. A sample that cannot be right (no
	// resource, no number, no such instant) is yielded as an error that names
	// it; the sequence then goes on, so that the caller can report every
	// mistake of the input at once. So it does after a TenantError. A context's
	// error, and one after which nothing more can be read, ends the sequence.
	Samples(ctx context.Context, q Query) iter.Seq2[Sample, error]
}

// A TenantError says that the samples of a tenant could not all be read. Those
// of other tenants are not concerned.
type TenantError struct {
	Tenant string
	Err    error
}

func (e *TenantError) Error() string { return fmt.Sprintf("tenant %s: %v", e.Tenant, e.Err) }

func (e *TenantError) Unwrap() error { return e.Err }

// A Query says which samples are wanted. Zero fields do not narrow. Its lists
// and marks are the caller's, and its functions are called for as long as the
// sequence is ranged over, never while the caller has a sample.
type Query struct {
	Meters   []string  // names of meters, as samples say them
	Before   time.Time // only samples earlier than this
	Metadata []string  // keys of metadata that will be looked at
	// Collected is up to where the usage of tenants was collected from the
	// source before, by tenant, with "" for the source as a whole: the zero time
	// where there is a meter of which nothing was. A source may leave out samples
	// of windows that lie before, where it knows that nothing came late for them;
	// of a window it yields all, or none.
	Collected map[string]time.Time
	// Resources are the ids of resources. A source may yield those of others.
	Resources []string
	// LeftOut is told of samples that the source leaves out by a rule of its
	// own, and why: that their sender is not trusted. It may be nil, and a
	// source need not call it. One call follows the other, between two samples.
	LeftOut func(s Sample, why string)
	// Progress is told, between two samples, how much of what there is to read was
	// read, and how much that is, in a measure of the source's own: bytes,
	// requests, days. The total may change as the source learns of more. It may be
	// nil, and a source that cannot tell need not call it.
	Progress func(done, total int64)
	// Reached is told, between two samples, that every sample earlier than an
	// instant was yielded, with the errors that concern it, and that none follows:
	// what was yielded can then be kept, should reading end early. The instant
	// lies on a window border, and is later than every mark in Collected and than
	// the one that was told before. It may be nil, and a source for which reading
	// all again is cheap need not call it.
	Reached func(through time.Time)
	// Idle is told, after the last sample, up to when nothing can have been
	// measured that was not yielded, because nothing was there any more: the source
	// is collected so far, and what it shares tenants with need not wait for it.
	// A source that cannot tell what has ended from an agent that died says
	// nothing, lest time be billed of which nobody told. The instant lies on a window
	// border, and not in the future. It may be nil.
	Idle func(through time.Time)
	// Remembered is what the source gave to Remember last, when windows were
	// recorded; "" where it never did.
	Remembered string
	// Remember is given, once and before the first sample, what the source wants to
	// be told with every query that follows: how it reads, where that may be chosen
	// anew, lest a window that is read again come out of other samples. It is kept
	// with what is recorded. It may be nil, and a source need not call it.
	Remember func(text string)
	// Bookmarks are what the source gave to Bookmark last for tenants, when what it
	// had yielded of them was recorded; none for those of whom it never was.
	Bookmarks map[string]string
	// Bookmark is given, right before Reached is told and after the last sample, what
	// the source wants to be told of a tenant with the queries that follow: what of
	// the tenant's may still come, or change, so that only that need be read again.
	// It is kept with the tenant's mark once all that was yielded before is recorded,
	// and not where some of the tenant's could not be: the one before then stays. It
	// may be nil, and a source that reads all again need not call it.
	Bookmark func(tenant, text string)
}

// Names is a source that knows what ids in samples stand for. An error is
// yielded where something cannot be read; the sequence then goes on where it
// can.
type Names interface {
	Names(ctx context.Context, of NameKind) iter.Seq2[Name, error]
}

// A Name is what people call the thing that has an id.
type Name struct{ ID, Name string }

// A NameKind is a kind of things that have ids and names.
type NameKind string

// The kinds of things that services are called by.
const (
	FlavorNames     NameKind = "flavor"
	VolumeTypeNames NameKind = "volume type"
	PolicyNames     NameKind = "storage policy"
)

// A HealthChecker is a source that can tell, without changing anything,
// whether it works. It yields the name of every check with its outcome, nil
// for good and a *Warning where it works all the same.
type HealthChecker interface {
	CheckHealth(ctx context.Context) iter.Seq2[string, error]
}

// A Warning is the outcome of a check of health of what works now, and that
// somebody should know of; or, beside samples, what they lack although nothing is
// wrong with them. It makes neither artifice check nor collecting fail, unless
// another error wraps it or is joined to it.
type Warning struct{ Err error }

func (w *Warning) Error() string { return w.Err.Error() }

func (w *Warning) Unwrap() error { return w.Err }

// A Receiver is a source to which samples are sent, and which keeps them until
// they are read.
type Receiver interface {
	// Receive takes samples in until ctx ends, and then returns nil once what
	// was being taken in is. They are sent to an address, host:port, or to the
	// one of the source's config where that is "". What a person should know is
	// told line by line, with how much it matters: debug for each of what is taken
	// in, a warning for what is refused. Where another program has the address, or
	// receives into the same place, it is a *TakenError.
	Receive(ctx context.Context, address string, tell func(level slog.Level, line string)) error
}

// A TakenError says that another program has what a Receiver needs: it does not
// go away by trying again.
type TakenError struct{ Err error }

// Error says what that is.
func (e *TakenError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *TakenError) Unwrap() error { return e.Err }
