package ledger

import (
	"context"
	"iter"
)

// A HealthChecker is a store that can tell, without changing anything, whether
// it works. It yields the name of every check with its outcome: nil for good, a
// *usage.Warning for what works all the same, and another error for what does
// not.
type HealthChecker interface {
	CheckHealth(ctx context.Context) iter.Seq2[string, error]
}

// A Prober is a store that can tell, without making or changing anything,
// whether it has a ledger.
type Prober interface {
	// Probe returns an error where that cannot be told, or where what is there
	// is no ledger that this program knows.
	Probe(ctx context.Context) (Presence, error)
}

// A Presence says whether there is a ledger where a store looks for it.
type Presence int

// The presences of a ledger.
const (
	Absent   Presence = iota // there is none: the first use makes it
	Outdated                 // it is of an older version: the first use brings it up to date
	Present
)
