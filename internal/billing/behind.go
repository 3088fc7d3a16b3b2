package billing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A Lag is tenants that are collected from a source up to before a block's
// end.
type Lag struct {
	Source  string
	Through time.Time
	Tenants []string // sorted
}

func (l Lag) String() string {
	const most = 3
	who := "tenant " + l.Tenants[0]
	if n := len(l.Tenants); n > 1 {
		who = fmt.Sprintf("%d tenants (%s", n, strings.Join(l.Tenants[:min(n, most)], ", "))
		if n > most {
			who += ", ..."
		}
		who += ")"
	}
	return fmt.Sprintf("%s: collected through %s only, from source %s", who, l.Through.Format(time.RFC3339), l.Source)
}

// Behind returns who is not yet collected to the block's end, of the tenants,
// or of all where none are named.
func (e *Engine) Behind(ctx context.Context, block usage.Span, tenants []string) ([]Lag, error) {
	marks, err := e.Store.Marks(ctx)
	if err != nil {
		return nil, err
	}
	var lags []Lag
	for _, m := range marks {
		if !m.Through.Before(block.End) || len(tenants) > 0 && !slices.Contains(tenants, m.Tenant) {
			continue
		}
		same := func(l Lag) bool { return l.Source == m.Source && l.Through.Equal(m.Through) }
		if i := slices.IndexFunc(lags, same); i >= 0 {
			lags[i].Tenants = append(lags[i].Tenants, m.Tenant)
			continue
		}
		lags = append(lags, Lag{Source: m.Source, Through: m.Through.In(e.Location), Tenants: []string{m.Tenant}})
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
