package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// What goes wrong for a moment may be put right by what comes later: usage that
// was forgotten is late usage in the end. So what a process did to the ledger
// is looked at as soon as it is done.

// accuse keeps the first thing that must not be.
func (s *store) accuse(format string, args ...any) {
	if s.process.wrong == nil {
		s.process.wrong = fmt.Errorf(s.process.name+" "+format, args...)
	}
}

// recorded looks at a batch that was just recorded: nobody recorded one since
// the process began to read, and all samples before the source's mark are
// counted.
func (s *store) recorded(batch ledger.Batch) {
	if s.process.batches != s.process.read {
		s.accuse("recorded what it made before another process recorded something else")
	}
	s.process.batches++
	s.process.read = s.process.batches
	for _, m := range batch.Marks {
		if m.Tenant == "" {
			s.counted(m.Through)
		}
	}
}

func (s *store) counted(through time.Time) {
	want := map[ledger.Series]int{}
	for _, sample := range s.world.all {
		if sample.stage <= s.world.stage && sample.Time.Before(through) {
			want[ledger.Series{Source: "object", Meter: sample.Meter, Resource: sample.Resource}]++
		}
	}
	for series, samples := range want {
		folds, err := s.inner.Folds(context.Background(), series, time.Time{})
		if err != nil {
			s.accuse("cannot read its usage: %w", err)
		}
		for _, fold := range folds {
			if !fold.Window.End.After(through) {
				samples -= fold.Samples
			}
		}
		if samples != 0 {
			s.accuse("marked the source through %s, and of %v %d samples before that are not counted", through.Format("15:04"), series, samples)
		}
	}
}

// claimed looks at a claim that was just made: its items are what its block
// used, and the late usage that it carries, and it takes back no more than it
// bills.
func (s *store) claimed(claim ledger.Claim) {
	order, rest := claim.Order, map[place]decimal.Decimal{}
	total := decimal.Zero
	for _, item := range order.Items {
		at := place{order.Tenant.ID, item.Name, blockOf(order.Order, item.Item).Start.UTC()}
		rest[at] = rest[at].Add(item.Volume)
		total = total.Add(item.Amount)
	}
	for entry, err := range s.inner.Entries(context.Background(), ledger.EntryFilter{Tenant: order.Tenant.ID, Within: order.Block}) {
		if err != nil {
			s.accuse("cannot read its usage: %w", err)
			return
		}
		s.subtract(rest, entry, order.Block)
	}
	for _, a := range claim.Carries {
		for block := range blocks + 1 {
			if span := s.world.block(block); span.Covers(a.Window) {
				s.subtract(rest, a.Entry, span)
			}
		}
	}
	for at, volume := range rest {
		if !volume.IsZero() {
			s.accuse("claimed order %s, which bills %s more of %s in the block from %s than was used", order.Key, volume, at.service, at.block.Format("15:04"))
		}
	}
	if !total.Equal(order.Total) || total.IsNegative() && !s.world.server.credits {
		s.accuse("claimed order %s over %s, whose items come to %s", order.Key, order.Total, total)
	}
}

func (s *store) subtract(rest map[place]decimal.Decimal, entry usage.Entry, block usage.Span) {
	at := place{entry.Tenant, entry.Service, block.Start.UTC()}
	rest[at] = rest[at].Sub(entry.Volume.Volume)
}
