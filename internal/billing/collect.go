package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

const (
	// maxMistakes is how many mistakes of the samples one error lists.
	maxMistakes = 100
	// batchFolds is how many folds are written in one transaction.
	batchFolds = 5000
	// clockSkew is how far ahead of us an agent's clock may be.
	clockSkew = 24 * time.Hour
)

// Collected tells what Collect did with one source.
type Collected struct {
	Source  string
	Read    int       // samples that the source gave for the meters of the config
	Counted int       // of them, without repetitions, those before Through
	Series  int       // resources times meters
	Changed int       // windows written
	Entries int       // usage entries written
	Tenants []string  // tenants that were seen, sorted
	Through time.Time // up to where the source is collected now; zero for not at all
	Late    []Late    // what came too late
	Gone    []Gone    // what could not be computed again
	Kept    int       // windows that were collected under another rule, and whose samples are gone
}

// Late is samples that came after their window was billed. They stay
// uncounted, and are found again by the next Collect.
type Late struct {
	Tenant string
	ledger.Series
	Window  usage.Span
	Samples int    // 0 where an earlier late sample would reach into the window
	Order   string // the key of the order that billed the window
}

// Gone is a series to which samples came late, while others that were counted
// are no longer in the source. It was left as it is, and its tenants' time does
// not move on.
type Gone struct {
	ledger.Series
	Late    usage.Span // the window that got more samples
	Missing usage.Span // the window that lacks some that were counted
}

// Collect reads the samples of every source and brings the store's usage up
// to date, up to through. A zero through stands for what each source can vouch
// for: the end of the last window that is followed by a sample.
//
// Windows that were collected are not computed again, unless samples came late
// to them or the meter's rule is another; those that are billed never are.
// Where a source has samples that cannot be right nothing of it is written;
// where a meter's rule does not fit its samples the other series are. The other
// sources are collected, and the error names all mistakes. It may be called
// again at any time, also after a crash: what is there is kept.
func (e *Engine) Collect(ctx context.Context, through time.Time) ([]Collected, error) {
	if !through.IsZero() {
		if !usage.OnBorder(through) {
			return nil, fmt.Errorf("%s is not on a window border, a whole UTC hour", through.Format(time.RFC3339))
		}
		if now := e.Now(); through.After(now) {
			return nil, fmt.Errorf("%s lies in the future: usage can be collected through %s at most", through.Format(time.RFC3339), usage.WindowAt(now).Start.In(e.Location).Format(time.RFC3339))
		}
	}
	unlock, err := e.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var all []Collected
	var failed []error
	for _, source := range e.Sources {
		c, err := e.collect(ctx, source, through)
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("source %s: %w", source.Name, err))
			continue
		}
		all = append(all, c)
	}
	return all, errors.Join(failed...)
}

func (e *Engine) collect(ctx context.Context, source Source, through time.Time) (Collected, error) {
	c := Collected{Source: source.Name}
	series, err := e.read(ctx, source, &c)
	names, nameErr := tenantNames(ctx, source)
	if err := errors.Join(err, nameErr); err != nil {
		return c, fmt.Errorf("%w\nnothing of this source was collected; what was collected before is kept", err)
	}
	marks, err := e.Store.Marks(ctx)
	if err != nil {
		return c, err
	}
	c.Through = e.reach(series, source.Name, marks, through)
	tenants := map[string]bool{}
	for _, m := range marks {
		tenants[m.Tenant] = tenants[m.Tenant] || m.Source == source.Name
	}
	reserved, err := e.reservedBlocks(ctx)
	if err != nil {
		return c, err
	}
	w := writer{engine: e, source: source.Name, reserved: reserved, report: &c, held: map[string]time.Time{}}
	var mistakes []error
	for _, key := range slices.SortedFunc(maps.Keys(series), seriesKey.compare) {
		samples := usage.Sort(series[key])
		for _, s := range samples {
			if s.Time.Before(c.Through) {
				tenants[s.Tenant] = true
			}
		}
		for _, m := range e.Meters {
			if m.Meter != key.meter {
				continue
			}
			err := w.fold(ctx, m, key.resource, samples)
			if wrong := (*mistake)(nil); errors.As(err, &wrong) {
				mistakes = append(mistakes, err)
			} else if err != nil {
				return c, err
			}
		}
	}
	if len(mistakes) > 0 {
		err := errors.Join(append(limited(mistakes), errors.New("these were not collected, and the source's time does not move on: mend the meter or the samples, and collect again"))...)
		return c, errors.Join(err, w.flush(ctx))
	}
	if c.Through.IsZero() {
		return c, w.flush(ctx)
	}
	w.batch.Marks = append(w.batch.Marks, ledger.Mark{Source: source.Name, Through: c.Through})
	for tenant, from := range w.held {
		// Where the tenant has a mark already, it does not move back.
		w.batch.Marks = append(w.batch.Marks, ledger.Mark{Tenant: tenant, Source: source.Name, Through: from})
	}
	for _, tenant := range slices.Sorted(maps.Keys(tenants)) {
		if _, held := w.held[tenant]; tenants[tenant] && tenant != "" && !held {
			c.Tenants = append(c.Tenants, tenant)
			w.batch.Marks = append(w.batch.Marks, ledger.Mark{Tenant: tenant, Source: source.Name, Through: c.Through})
			if known, ok := names[tenant]; ok {
				w.batch.Tenants = append(w.batch.Tenants, known)
			}
		}
	}
	return c, w.flush(ctx)
}

// A seriesKey names the samples of a resource as the source has them: several
// meters of the config may read the same.
type seriesKey struct{ meter, resource string }

func (k seriesKey) compare(other seriesKey) int {
	return cmp.Or(cmp.Compare(k.meter, other.meter), cmp.Compare(k.resource, other.resource))
}

// read takes in every sample that the meters ask for, or all mistakes.
func (e *Engine) read(ctx context.Context, source Source, c *Collected) (map[seriesKey][]usage.Sample, error) {
	meters, keys, all := map[string]bool{}, map[string]bool{}, false
	for _, m := range e.Meters {
		meters[m.Meter] = true
		used, ok := m.Keys()
		all = all || !ok
		for _, key := range used {
			keys[key] = true
		}
	}
	query := usage.Query{Meters: slices.Sorted(maps.Keys(meters)), Metadata: slices.Sorted(maps.Keys(keys))}
	if all {
		query.Metadata = nil
	}
	latest := e.Now().Add(clockSkew)
	series := map[seriesKey][]usage.Sample{}
	var mistakes []error
	for s, err := range source.Samples(ctx, query) {
		if err == nil && s.Tenant == "" {
			err = fmt.Errorf("%v: no tenant (a source gives each sample its project's id)", s.Origin)
		}
		if err == nil && s.Time.After(latest) {
			err = fmt.Errorf("%v: timestamp %s lies in the future (look at the clock of the agent that sent it)", s.Origin, s.Time.Format(time.RFC3339))
		}
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		c.Read++
		key := seriesKey{s.Meter, s.Resource}
		series[key] = append(series[key], s)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return series, errors.Join(limited(mistakes)...)
}

// limited cuts a list of mistakes to what a person reads.
func limited(mistakes []error) []error {
	if more := len(mistakes) - maxMistakes; more > 0 {
		return append(slices.Clone(mistakes[:maxMistakes]), fmt.Errorf("and %d more", more))
	}
	return mistakes
}

// tenantNames is what the source knows of tenants beside their ids.
func tenantNames(ctx context.Context, source Source) (map[string]usage.Tenant, error) {
	lister, ok := source.Source.(usage.TenantLister)
	if !ok {
		return nil, nil
	}
	names := map[string]usage.Tenant{}
	var mistakes []error
	for t, err := range lister.Tenants(ctx) {
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		names[t.ID] = t
	}
	return names, errors.Join(mistakes...)
}

// reach is up to where a source is collected after this run.
func (e *Engine) reach(series map[seriesKey][]usage.Sample, source string, marks []ledger.Mark, through time.Time) time.Time {
	if through.IsZero() {
		for _, samples := range series {
			for _, s := range samples {
				if start := usage.WindowAt(s.Time).Start; start.After(through) {
					through = start
				}
			}
		}
		// An agent whose clock is ahead vouches for nothing.
		if now := usage.WindowAt(e.Now()).Start; through.After(now) {
			through = now
		}
	}
	for _, m := range marks {
		if m.Source == source && m.Through.After(through) {
			through = m.Through
		}
	}
	return through
}

// reservedBlocks returns, by tenant, the orders that reserve their blocks.
func (e *Engine) reservedBlocks(ctx context.Context) (map[string][]ledger.Order, error) {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
	if err != nil {
		return nil, err
	}
	reserved := map[string][]ledger.Order{}
	for _, o := range orders {
		if o.Reserves {
			reserved[o.Tenant.ID] = append(reserved[o.Tenant.ID], o)
		}
	}
	return reserved, nil
}
