package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/usage"
)

// readStep is after how many samples it is told how far reading is.
const readStep = 1000

// An intake takes in the samples of a source, and brings the usage up to date.
// Where the source tells that all samples before an instant came, what came is
// folded at once, as a run of its own would do: what follows cannot change it,
// and a run that dies later goes on from there.
type intake struct {
	*collector
	through  time.Time // as far as is asked for; zero for as far as there is
	samples  *spool.Spool
	taken    int       // samples in it
	bound    time.Time // all samples before it came; zero where that was not told
	kept     time.Time // the usage before it is recorded; zero for none
	idle     time.Time // nothing was there before it that could have samples; zero where that was not told
	progress Progress
	done     bool  // all that was asked for is recorded
	failed   error // what came could not be recorded
	keeping  sync.Mutex
	wrong    mistakes
}

// takeIn reads all samples that the meters ask for, and records what they come
// to, but for what can only be told from all of them.
func (c *collector) takeIn(ctx context.Context, through time.Time) (err error) {
	in := &intake{collector: c, through: through}
	in.open()
	defer func() { err = errors.Join(err, in.samples.Close()) }()
	if err := in.read(ctx); err != nil {
		return err
	}
	if in.done {
		return nil
	}
	return in.fold(ctx, in.samples, in.taken, through)
}

// open makes ready for samples.
func (in *intake) open() {
	in.samples = spool.New(spool.Options{Parts: max(1, in.Workers), Buffer: in.Buffer, Metadata: in.keys})
	in.taken = 0
}

// read takes in every sample, or returns all mistakes.
func (in *intake) read(ctx context.Context) error {
	began := in.Now()
	latest := began.Add(clockSkew)
	var done, total int64
	begin := func() {
		in.progress = in.begin(Step{Name: "read", Of: in.source.Name, Unit: "samples", Whole: true, Kept: in.kept})
		in.progress.Part(done, total)
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	query := in.query()
	query.Progress = func(d, t int64) {
		done, total = d, t
		in.progress.Part(done, total)
	}
	query.Reached = func(bound time.Time) {
		through := in.reached(bound)
		if through.IsZero() || in.over() {
			return
		}
		in.progress.End()
		in.failed = in.settle(ctx, through)
		begin()
		if in.over() {
			stop() // lest the source goes on for nothing
		}
	}
	query.Idle = func(through time.Time) {
		if usage.OnBorder(through) && !through.After(in.Now()) {
			in.idle = through
		}
	}
	query.Remember = func(text string) { in.remembered = text }
	query.Bookmark = func(tenant, text string) { in.told[tenant] = text }
	query.LeftOut = func(_ usage.Sample, why string) { in.report.leaveOut(why) }
	begin()
	defer func() { in.progress.End() }()
	for s, err := range in.source.Samples(reading, query) {
		if in.over() {
			break
		}
		if warning, ok := err.(*usage.Warning); ok {
			in.report.warn(warning)
			continue
		}
		if err == nil {
			err = plausible(&s, latest)
		}
		if err == nil && s.Time.Before(in.bound) {
			err = fmt.Errorf("%v: timestamp %s, after the source told that all samples before %s had come (an error of the adapter)", s.Origin, s.Time.Format(time.RFC3339), in.bound.Format(time.RFC3339))
		}
		if err != nil {
			in.blame(err)
			continue
		}
		if err := in.add(&s); err != nil {
			return in.nothing(err)
		}
	}
	if in.failed != nil {
		return in.failed
	}
	if err := ctx.Err(); err != nil {
		return in.nothing(err)
	}
	in.log(ctx, slog.LevelInfo, "read", slog.String(LogSource, in.source.Name), slog.Int(LogSamples, in.report.Read), in.took(began))
	if err := in.wrong.join(); err != nil {
		return in.nothing(err)
	}
	return nil
}

// over reports whether nothing more is wanted of the source.
func (in *intake) over() bool { return in.done || in.failed != nil }

// reached is told by the source that all samples before an instant came, and
// returns up to when they can be recorded, zero for none: as a run that ends
// there would, up to the window of the last one, lest an agent that died is taken
// for one that measured nothing. Where some of what lies before it was recorded
// already, later windows may depend on it: then they are waited for.
func (in *intake) reached(bound time.Time) time.Time {
	if !usage.OnBorder(bound) || !bound.After(in.bound) || bound.After(in.Now()) || !in.newer(bound) {
		return time.Time{}
	}
	in.bound = bound
	if in.latest.IsZero() || !in.wrong.none() {
		return time.Time{}
	}
	through := earlier(bound, usage.WindowAt(in.latest).Start)
	if !through.After(in.kept) || !in.newer(through) || !through.After(in.recorded) {
		return time.Time{}
	}
	return through
}

// newer reports whether an instant is later than every mark.
func (in *intake) newer(t time.Time) bool {
	for _, mark := range in.marked {
		if !t.After(mark.Through) {
			return false
		}
	}
	return true
}

// blame notes what could not be read, or cannot be right.
func (in *intake) blame(err error) {
	if tenant := (*usage.TenantError)(nil); errors.As(err, &tenant) {
		in.unread[tenant.Tenant] = true
		in.mistakes.add(err)
		return
	}
	in.wrong.add(err)
}

// add takes a sample in.
func (in *intake) add(s *usage.Sample) error {
	if err := in.samples.Add(s); err != nil {
		return err
	}
	in.taken++
	if in.report.Read++; in.report.Read%readStep == 0 {
		in.progress.Add(readStep)
	}
	if s.Time.After(in.latest) {
		in.latest = s.Time
	}
	if in.first.IsZero() || s.Time.Before(in.first) {
		in.first = s.Time
	}
	return nil
}

// settle records what the samples before an instant come to, and keeps the
// others. Tenants that could not be brought up to date stay where they are.
func (in *intake) settle(ctx context.Context, through time.Time) error {
	if !in.through.IsZero() && !through.Before(in.through) {
		through, in.done = in.through, true
	}
	samples, taken := in.samples, in.taken
	in.open()
	in.rest = in.keep
	if err := errors.Join(in.fold(ctx, samples, taken, through), samples.Close()); err != nil {
		return err
	}
	in.rest = nil
	in.kept = through
	return nil
}

// keep takes in again what is not due. It is called concurrently.
func (in *intake) keep(samples []usage.Sample) error {
	in.keeping.Lock()
	defer in.keeping.Unlock()
	for i := range samples {
		if err := in.samples.Add(&samples[i]); err != nil {
			return err
		}
	}
	in.taken += len(samples)
	return nil
}

// fold records what samples come to.
func (in *intake) fold(ctx context.Context, samples *spool.Spool, taken int, through time.Time) (err error) {
	began, entries := in.Now(), in.report.Entries
	in.reach(through, in.idle)
	if in.reserved, err = in.reservedBlocks(ctx); err != nil {
		return err
	}
	parts, err := samples.Parts()
	if err != nil {
		return err
	}
	if err := in.foldAll(ctx, parts, taken); err != nil {
		return err
	}
	if err := in.goOn(ctx); err != nil {
		return err
	}
	in.mark()
	if err := in.flush(ctx); err != nil {
		return err
	}
	in.log(ctx, slog.LevelInfo, "fold", slog.String(LogSource, in.source.Name), slog.Int(LogSamples, taken), slog.Int(LogEntries, in.report.Entries-entries), in.took(began))
	return nil
}

// nothing says of an error what it left undone.
func (in *intake) nothing(err error) error {
	if in.kept.IsZero() {
		return nothingCollected(err)
	}
	return fmt.Errorf("%w\nnothing of this source was collected from %s on; what was collected before is kept", err, in.kept.In(in.Location).Format(time.RFC3339))
}
