package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Collect reads the samples of every source and brings the store's usage up
// to date, up to through. A zero through stands for what each source can vouch
// for: the end of the last window that is followed by a sample, or up to where it
// says that it was idle.
//
// A window that was collected is computed again only where its samples, the
// meter's rule, or what came before it are not what they were. Of a window that
// is billed only other samples are a reason: the store keeps what it was billed
// with, and the difference as adjustments. Usage of a meter, or of a source,
// that was not collected when a window was billed is left out of that window.
//
// Where a source has samples that cannot be right nothing of it is written, but
// for what lies before an instant that it had told all samples of, before them;
// where a meter's rule does not fit the samples of a resource, or the samples of
// a tenant cannot be read, all else is, and only the tenants concerned are not
// collected further. The other sources are collected, and the error names all
// mistakes. Where two sources read the same nothing is read at all. It may be
// called again at any time, also after a crash: what is there is kept.
//
// Memory does not grow with the number of samples, and up to Workers series
// are folded at the same time. What is written, and in which order, does not
// depend on either.
func (e *Engine) Collect(ctx context.Context, through time.Time) (all []Collected, err error) {
	if !through.IsZero() {
		if !usage.OnBorder(through) {
			return nil, fmt.Errorf("%s is not on a window border, a whole UTC hour", through.Format(time.RFC3339))
		}
		if now := e.Now(); through.After(now) {
			return nil, fmt.Errorf("%s lies in the future: usage can be collected through %s at most", through.Format(time.RFC3339), usage.WindowAt(now).Start.In(e.Location).Format(time.RFC3339))
		}
	}
	unlock, err := e.lock(ctx, lockCollect)
	if err != nil {
		return nil, err
	}
	defer unlock(&err)
	unknown, err := e.readTwice(ctx)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, source := range e.Sources {
		if err := unknown[source.Name]; err != nil && ctx.Err() == nil {
			failed = append(failed, fmt.Errorf("source %s: %w", source.Name, nothingCollected(err)))
			continue
		}
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

// A collector brings the usage from one source up to date.
type collector struct {
	*Engine
	source  Source
	meters  []usage.Meter // with the names that the source knows
	keys    []string      // of metadata that they look at; nil for all
	tenants map[string]usage.Tenant

	first, latest time.Time // when the samples begin, and the last of them
	reserved      map[string][]ledger.Order
	report        Collected
	known         map[string]bool             // tenants that were seen, or have a mark of the source
	marked        map[string]ledger.Mark      // of tenants, before this run
	metered       map[string]ledger.MeterMark // of meters, before this run
	remembered    string                      // what the source is told again
	bookmarks     map[string]string           // what it is told again of tenants
	told          map[string]string           // bookmarks of this run
	recorded      time.Time                   // as far as windows may be recorded, by a run that died before it marked them
	rest          func([]usage.Sample) error  // is given the samples that are not due; nil where nobody wants them
	unread        map[string]bool             // tenants whose samples could not all be read
	stuck         map[ledger.Series]bool      // that have samples, and could not be brought up to date
	held          map[string]time.Time        // tenants whose usage could not be brought up to date, and from when on
	mistakes      mistakes
	batch         ledger.Batch
	folds         int   // in batch
	revision      int64 // of collecting, as far as this run knows
}

// collect collects from one source. Where something of it cannot be right the
// report is worth nothing.
func (e *Engine) collect(ctx context.Context, source Source, through time.Time) (report Collected, err error) {
	defer func() {
		if failed := panicked(recover()); failed != nil {
			err = failed
		}
	}()
	c := &collector{
		Engine: e, source: source, report: Collected{Source: source.Name}, known: map[string]bool{}, marked: map[string]ledger.Mark{},
		told: map[string]string{}, unread: map[string]bool{}, stuck: map[ledger.Series]bool{}, held: map[string]time.Time{},
	}
	// Read before all else: what another program records from here on fences
	// this one off.
	if c.revision, err = e.Store.Revision(ctx, ""); err != nil {
		return c.report, err
	}
	if err := c.recall(ctx); err != nil {
		return c.report, err
	}
	if err := c.prepare(ctx); err != nil {
		return c.report, nothingCollected(err)
	}
	if err := c.takeIn(ctx, through); err != nil {
		return c.report, errors.Join(c.mistakes.join(), err)
	}
	c.logCollected(ctx)
	if err := c.mistakes.join(); err != nil {
		return c.report, errors.Join(err, errors.New("these were not collected, and the time of their tenants does not move on: mend what is wrong, and collect again"))
	}
	return c.report, nil
}

// recall finds out what the store knows of the source.
func (c *collector) recall(ctx context.Context) error {
	marks, err := c.Store.Marks(ctx)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if m.Source != c.source.Name {
			continue
		}
		c.known[m.Tenant] = true
		c.marked[m.Tenant] = m
		if c.report.From.IsZero() || m.From.Before(c.report.From) {
			c.report.From = m.From
		}
	}
	c.bookmarks = map[string]string{}
	bookmarks, err := c.Store.Bookmarks(ctx, c.source.Name)
	if err != nil {
		return err
	}
	for _, b := range bookmarks {
		c.bookmarks[b.Tenant] = b.Text
	}
	return c.recallMeters(ctx)
}

// recallMeters finds out how the source was collected last.
func (c *collector) recallMeters(ctx context.Context) error {
	c.metered = map[string]ledger.MeterMark{}
	meters, err := c.Store.Meters(ctx)
	for _, m := range meters {
		switch {
		case m.Source != c.source.Name:
		case m.Meter == "":
			c.remembered, c.recorded = m.Rule, m.Through
		default:
			c.metered[m.Meter] = m
		}
	}
	return err
}

func nothingCollected(err error) error {
	return fmt.Errorf("%w\nnothing of this source was collected; what was collected before is kept", err)
}

// reach finds out from when and up to where the source is collected after this
// run: through, or where that is zero, up to the window of the last sample, or
// to where it was idle.
func (c *collector) reach(through, idle time.Time) {
	if through.IsZero() {
		through = idle
		if !c.latest.IsZero() {
			// An agent whose clock is ahead vouches for nothing.
			through = latest(idle, earlier(usage.WindowAt(c.latest).Start, usage.WindowAt(c.Now()).Start))
		}
	}
	from := through
	switch {
	case !c.first.IsZero():
		from = usage.WindowAt(c.first).Start
	case len(c.unread) > 0 && !through.IsZero():
		// There may be samples. The month that ends here is not to be billed
		// without them.
		from = c.monthAt(through.Add(-usage.WindowLength)).Start
	}
	if known := c.report.From; !known.IsZero() && (known.Before(from) || from.IsZero()) {
		from = known
	}
	for _, mark := range c.marked {
		through = latest(through, mark.Through)
	}
	if from.After(through) {
		from = through
	}
	c.report.From, c.report.Through = from, through
	for tenant := range c.unread {
		c.known[tenant] = true
		c.held[tenant] = from // it keeps its mark
	}
}

// mark writes up to where the source, and each of its tenants, is collected.
func (c *collector) mark() {
	through := c.report.Through
	if through.IsZero() {
		return
	}
	// All samples that the source has were looked at, whosever they are.
	mark := func(tenant string, through time.Time) {
		from := c.report.From
		if through.Before(from) {
			from = through
		}
		c.batch.Marks = append(c.batch.Marks, ledger.Mark{Tenant: tenant, Source: c.source.Name, From: from, Through: through})
	}
	mark("", through)
	hidden, lagged := c.hidesHeld(), slices.ContainsFunc(slices.Collect(maps.Values(c.marked)), c.lags)
	for _, m := range c.meters {
		if hidden && c.isNew(m) {
			continue // it is new to the next run as well
		}
		rule := ruleDigest(m)
		if (hidden || lagged) && c.isOther(m) {
			rule = "" // some is measured by this one, some by another: the next run reads all again
		}
		c.batch.Meters = append(c.batch.Meters, ledger.MeterMark{Source: c.source.Name, Meter: m.Name, Through: through, Rule: rule})
	}
	// Of a meter that the config lacks, neither who lagged and may catch up now nor
	// what is bookmarked was collected: once it is back, all is read again.
	for _, name := range slices.Sorted(maps.Keys(c.metered)) {
		known := c.metered[name]
		if known.Rule != "" && !slices.ContainsFunc(c.meters, func(m usage.Meter) bool { return m.Name == name }) {
			known.Rule = ""
			c.batch.Meters = append(c.batch.Meters, known)
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(c.held)) {
		if c.held[tenant].After(c.marked[tenant].Through) { // a mark does not move back
			mark(tenant, c.held[tenant])
		}
	}
	c.report.Tenants = nil
	for _, tenant := range slices.Sorted(maps.Keys(c.known)) {
		if _, held := c.held[tenant]; held || tenant == "" {
			continue
		}
		c.report.Tenants = append(c.report.Tenants, tenant)
		mark(tenant, through)
		if text, ok := c.told[tenant]; ok {
			c.batch.Bookmarks = append(c.batch.Bookmarks, ledger.Bookmark{Tenant: tenant, Source: c.source.Name, Text: text})
		}
		if known, ok := c.tenants[tenant]; ok {
			c.batch.Tenants = append(c.batch.Tenants, known)
		}
	}
}

// hidesHeld reports whether there is a tenant that was held back and of whom
// nothing tells, as its mark lies further on.
func (c *collector) hidesHeld() bool {
	for tenant, from := range c.held {
		if from.Before(c.marked[tenant].Through) {
			return true
		}
	}
	return false
}

// logCollected writes a line for each tenant.
func (c *collector) logCollected(ctx context.Context) {
	if c.Log == nil {
		return
	}
	source := slog.String(LogSource, c.source.Name)
	line := func(level slog.Level, tenant, result string, through time.Time) {
		c.log(ctx, level, "collect", slog.String(LogTenant, tenant), source, slog.String(LogResult, result), slog.String(LogThrough, through.UTC().Format(time.RFC3339)))
	}
	for _, tenant := range slices.Sorted(maps.Keys(c.held)) {
		line(slog.LevelWarn, tenant, "held", latest(c.held[tenant], c.marked[tenant].Through))
	}
	for _, tenant := range c.report.Tenants {
		line(slog.LevelInfo, tenant, "collected", c.report.Through)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// batchFolds is how many folds are written in one transaction, about.
const batchFolds = 5000

// write takes over what came of a series, and writes a batch once it is large.
func (c *collector) write(ctx context.Context, r *folded) error {
	for _, tenant := range r.tenants {
		c.known[tenant] = true
	}
	for _, h := range r.held {
		if at, held := c.held[h.tenant]; !held || h.from.Before(at) {
			c.held[h.tenant] = h.from
		}
	}
	for _, series := range r.stuck {
		c.stuck[series] = true
	}
	for _, err := range r.mistakes {
		c.mistakes.add(err)
	}
	c.report.add(r)
	c.batch.Resources = append(c.batch.Resources, r.resources...)
	for _, s := range r.series {
		c.batch.Series = append(c.batch.Series, s)
		c.folds += len(s.Folds)
	}
	if c.folds >= batchFolds {
		return c.flush(ctx)
	}
	return nil
}

func (c *collector) flush(ctx context.Context) error {
	batch := c.batch
	batch.Revision = c.revision
	if !c.report.Through.IsZero() {
		// With the first windows, lest a run that dies leaves them without.
		batch.Meters = append(batch.Meters, ledger.MeterMark{Source: c.source.Name, Through: c.report.Through, Rule: c.remembered})
	}
	c.batch, c.folds = ledger.Batch{}, 0
	err := c.Store.Record(ctx, batch)
	if errors.Is(err, ledger.ErrStale) {
		return fmt.Errorf("another program collected to the same store meanwhile, and this step was not written: let that one end, and collect again: %w", err)
	}
	if err != nil {
		return fmt.Errorf("%w; what was recorded before that stays, and counts once artifice collect comes to its end", err)
	}
	c.revision++ // each batch adds one
	return nil
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

// mistakes are what is wrong with samples: as many as a person reads, and how
// many more there were.
type mistakes struct {
	told []error
	more int
}

// maxMistakes is how many mistakes of the samples one error lists.
const maxMistakes = 100

func (m *mistakes) add(err error) {
	if len(m.told) < maxMistakes {
		m.told = append(m.told, err)
	} else {
		m.more++
	}
}

func (m *mistakes) none() bool { return len(m.told) == 0 }

// join returns all mistakes as one error, nil for none.
func (m *mistakes) join() error {
	if m.more > 0 {
		return errors.Join(append(slices.Clip(m.told), fmt.Errorf("and %d more", m.more))...)
	}
	return errors.Join(m.told...)
}

// A seriesKey names the samples of a resource as the source has them: several
// meters of the config may read the same.
type seriesKey struct{ meter, resource string }

func (k seriesKey) compare(other seriesKey) int {
	return cmp.Or(cmp.Compare(k.meter, other.meter), cmp.Compare(k.resource, other.resource))
}
