package billing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A Lag is a source that is collected up to before a block's end, or some of
// its tenants.
type Lag struct {
	Source  string
	Through time.Time // zero for never
	Tenants []string  // sorted; none for the source as a whole
}

func (l Lag) String() string {
	who := "source " + l.Source
	switch n := len(l.Tenants); n {
	case 0:
	case 1:
		who = fmt.Sprintf("tenant %s, source %s", l.Tenants[0], l.Source)
	default:
		const most = 3
		who = fmt.Sprintf("%d tenants (%s", n, strings.Join(l.Tenants[:min(n, most)], ", "))
		if n > most {
			who += ", ..."
		}
		who += "), source " + l.Source
	}
	if l.Through.IsZero() {
		return who + ": never collected"
	}
	return fmt.Sprintf("%s: collected through %s only", who, l.Through.Format(time.RFC3339))
}

// Behind returns what is not yet collected to the block's end: of the tenants,
// or of all where none are named, from every source of the deployment. What
// was once collected from a source that the config no longer has is no matter.
func (e *Engine) Behind(ctx context.Context, block usage.Span, tenants []string) ([]Lag, error) {
	marks, err := e.Store.Marks(ctx)
	if err != nil {
		return nil, err
	}
	whole := map[string]bool{}
	var lags []Lag
	for _, m := range marks {
		isSource := m.Tenant == ""
		if isSource {
			whole[m.Source] = true
		}
		if !isSource && !m.From.Before(m.Through) {
			m.Through = time.Time{} // held back since it was seen first: before that, too, it may have used anything
		}
		narrowed := len(tenants) > 0 && !isSource && !slices.Contains(tenants, m.Tenant)
		if !m.Through.Before(block.End) || narrowed || !slices.Contains(e.SourceNames, m.Source) {
			continue
		}
		same := func(l Lag) bool { return l.Source == m.Source && l.Through.Equal(m.Through) }
		if i := slices.IndexFunc(lags, same); i < 0 {
			lag := Lag{Source: m.Source, Through: m.Through}
			if !m.Through.IsZero() {
				lag.Through = m.Through.In(e.Location)
			}
			if !isSource {
				lag.Tenants = []string{m.Tenant}
			}
			lags = append(lags, lag)
		} else if len(lags[i].Tenants) > 0 { // else the whole source is that far
			lags[i].Tenants = append(lags[i].Tenants, m.Tenant)
		}
	}
	for _, source := range e.SourceNames {
		if !whole[source] {
			lags = append(lags, Lag{Source: source})
		}
	}
	return lags, nil
}

// A BehindError says that tenants are not collected up to a block's end.
type BehindError struct {
	Block string // its label
	End   time.Time
	Lags  []Lag
}

func (b *BehindError) Error() string {
	lines := []string{fmt.Sprintf("block %s ends %s, and not all usage is collected up to then", b.Block, b.End.Format(time.RFC3339))}
	for _, l := range b.Lags {
		lines = append(lines, l.String())
	}
	return strings.Join(lines, "\n")
}
