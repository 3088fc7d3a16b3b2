package ledger

import (
	"context"
	"iter"
)

// A HealthChecker is a store that can tell, without changing anything, whether
// it works. It yields the name of every check with its outcome, nil for good.
type HealthChecker interface {
	CheckHealth(ctx context.Context) iter.Seq2[string, error]
}
