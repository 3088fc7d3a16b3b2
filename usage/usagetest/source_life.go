package usagetest

import (
	"context"
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// until goes on until n samples were yielded.
func until(n int) func(*reading) bool {
	return func(r *reading) bool { return len(r.samples) < n }
}

func leftEarly(b *sourceBench) {
	total := len(b.read(b.all()).samples)
	for _, n := range []int{1, 2, total / 2, total - 1, total} {
		if n < 1 {
			continue
		}
		r := b.readSome(b.ctx, b.all(), until(n))
		b.wantNoErrors(r)
		b.want(b.all(), r.samples, func(*usage.Sample) bool { return false })
	}
	b.want(b.all(), b.read(b.all()).samples, every)
}

func contextEnded(b *sourceBench) {
	cancelled, cancel := context.WithCancel(b.ctx)
	cancel()
	late, done := context.WithDeadline(b.ctx, time.Unix(0, 0))
	defer done()
	for _, ctx := range []context.Context{cancelled, late} {
		r := b.readSome(ctx, b.all(), nil)
		if len(r.samples) > 0 {
			b.Errorf("%d samples are yielded under a context that had ended", len(r.samples))
		}
		b.wantStopped(r)
	}
	b.want(b.all(), b.read(b.all()).samples, every)
}

func (b *sourceBench) wantStopped(r *reading) {
	b.Helper()
	if !r.stopped() {
		b.Errorf("the sequence does not end with the context's error (%v), but with the errors %v", r.ctx.Err(), r.errs)
	}
}

func contextEnds(b *sourceBench) {
	total := len(b.read(b.all()).samples)
	if total < 2 {
		b.Skip("needs two Samples or more")
	}
	for _, n := range []int{1, total / 2} {
		ctx, cancel := context.WithCancel(b.ctx)
		r := b.readSome(ctx, b.all(), func(r *reading) bool {
			if len(r.samples) == n {
				cancel()
			}
			return true
		})
		cancel()
		b.wantStopped(r)
		for _, err := range r.errs {
			if tenant := (*usage.TenantError)(nil); errors.As(err, &tenant) {
				b.Errorf("a context that ends is told as an error of tenant %q: %v", tenant.Tenant, err)
			}
		}
	}
	b.want(b.all(), b.read(b.all()).samples, every)
}

// noGoroutineStays counts what readings that were left or stopped leave
// behind. Some may stay for as long as the source lives, such as those of
// connections: their number does not grow.
func noGoroutineStays(b *sourceBench) {
	const few, many = 4, 24
	leave := func(times int) {
		for range times {
			b.readSome(b.ctx, b.all(), until(1))
			ctx, cancel := context.WithCancel(b.ctx)
			b.readSome(ctx, b.all(), func(*reading) bool { cancel(); return true })
			cancel()
		}
	}
	leave(few)
	b.read(b.all())
	before := runtime.NumGoroutine()
	leave(many)
	b.read(b.all())
	after := runtime.NumGoroutine()
	for deadline := time.Now().Add(b.patience); after >= before+many/2 && time.Now().Before(deadline); after = runtime.NumGoroutine() {
		time.Sleep(time.Millisecond)
	}
	if after >= before+many/2 {
		b.Errorf("%d goroutines are there after %d readings that were left and %d that were stopped, %d before", after, many, many, before)
	}
}

func sideBySide(b *sourceBench) {
	queries := []usage.Query{b.all(), b.all(), b.all(), b.all()}
	queries[1].Meters = b.meters()[:1]
	queries[2].Before = b.times()[len(b.times())/2]
	queries[3].Collected = b.marks(b.borders()[len(b.borders())/2])
	if keys := distinctKeys(b.setup.Samples); len(keys) > 0 {
		queries[0].Metadata = keys[:1]
	}
	queries = append(queries, queries...)
	readings := make([]*reading, len(queries))
	var group sync.WaitGroup
	for i, q := range queries {
		readings[i] = &reading{query: q, ctx: b.ctx}
		group.Go(func() { readings[i].run(b.source) })
	}
	group.Go(func() { // and one that somebody leaves
		(&reading{query: b.all(), ctx: b.ctx, goOn: until(1)}).run(b.source)
	})
	group.Wait()
	for i, r := range readings {
		b.wantNothingWrong(r)
		b.wantNoErrors(r)
		b.want(queries[i], r.samples, afterMarks(queries[i].Collected))
	}
}

// distinctKeys are those of all metadata.
func distinctKeys(samples []usage.Sample) []string {
	keys := map[string]bool{}
	for _, s := range samples {
		for key := range s.Metadata {
			keys[key] = true
		}
	}
	return sortedKeys(keys)
}

func yieldedStays(b *sourceBench) {
	var then []content
	r := b.readSome(b.ctx, b.all(), func(r *reading) bool {
		if n := len(r.samples); n > len(then) {
			then = append(then, contentOf(&r.samples[n-1], nil))
		}
		return true
	})
	b.read(b.all())
	for i, c := range then {
		if now := contentOf(&r.samples[i], nil); now != c {
			b.Errorf("%s was yielded as\n\t%s\nand was changed later to\n\t%s", r.samples[i].Origin, c, now)
			return
		}
	}
}

func queryStays(b *sourceBench) {
	q := b.all()
	q.Meters = b.meters()
	slices.Reverse(q.Meters)
	q.Metadata = append(distinctKeys(b.setup.Samples), "a", "0")
	q.Resources = append(b.resources(), "a", "0")
	q.Collected = b.marks(b.borders()[0])
	q.Bookmarks = map[string]string{b.tenants()[0]: "of another source"}
	r := b.readSome(b.ctx, q, nil)
	same := slices.Equal(q.Meters, r.given.Meters) && slices.Equal(q.Metadata, r.given.Metadata) &&
		slices.Equal(q.Resources, r.given.Resources) && len(q.Collected) == len(r.given.Collected) && maps.Equal(q.Bookmarks, r.given.Bookmarks)
	for tenant, mark := range q.Collected {
		got, ok := r.given.Collected[tenant]
		same = same && ok && got.Equal(mark)
	}
	if !same {
		b.Error("the source changed the lists of the query, or its marks or bookmarks: they are the caller's")
	}
}

func closed(b *sourceBench) {
	c, ok := b.source.(io.Closer)
	if !ok {
		b.Skip("needs an io.Closer")
	}
	b.read(b.all())
	for _, what := range []string{"Close", "Close a second time"} {
		if err := c.Close(); err != nil {
			b.Errorf("%s: %v", what, err)
		}
	}
}
