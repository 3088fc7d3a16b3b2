package usage

import "time"

// A Gap is silence of a resource: time of which nothing is known, for the
// sample before it had stopped to hold and none followed. It is billed to
// nobody, and told of.
type Gap struct {
	Tenant string // whose resource it was before the silence
	From   time.Time
	To     time.Time // the sample that ended it; zero while it lasts
}

// A GapFinder is a transformer under which a sample holds for some time, and
// which so can tell that a resource fell silent. What was said to be deleted or
// stopped is not silent.
//
// It is also called for the window that begins at the state's Until, even
// where that has no samples: a gap may begin there.
type GapFinder interface {
	Transformer

	// TransformGaps is Transform, and also returns the gaps that a sample of
	// the window ended, whenever they began, and the one that began within the
	// window and lasts to its end, without a To.
	TransformGaps(w Span, before State, samples []Sample) (volumes []Volume, gaps []Gap, after State, err error)
}

// endGap adds the gap that a sample at t ends, where what held before it had
// stopped to hold. The zero until is of what never is silent.
func endGap(gaps []Gap, tenant string, until, t time.Time) []Gap {
	if until.IsZero() || !until.Before(t) {
		return gaps
	}
	return append(gaps, Gap{Tenant: tenant, From: until.UTC(), To: t.UTC()})
}

// beginGap adds the gap that begins within the window and is not over at its
// end.
func beginGap(gaps []Gap, tenant string, until time.Time, w Span) []Gap {
	if until.IsZero() || !w.Contains(until) {
		return gaps
	}
	return append(gaps, Gap{Tenant: tenant, From: until.UTC()})
}
