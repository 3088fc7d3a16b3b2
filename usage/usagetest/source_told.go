package usagetest

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

func leftOutIsTold(b *sourceBench) {
	if len(b.setup.LeftOut) == 0 {
		b.Skip("needs Setup.LeftOut")
	}
	r := b.read(b.all())
	b.want(b.all(), r.samples, every)
	told := map[content]bool{}
	for i := range r.leftOut {
		told[contentOf(&r.leftOut[i], []string{})] = true
	}
	var silent []string
	for i := range b.setup.LeftOut {
		if c := contentOf(&b.setup.LeftOut[i], []string{}); !told[c] {
			silent = append(silent, string(c))
		}
	}
	b.tell("%d samples are left out, and LeftOut is not told of them:", silent)
}

// nobodyAsks reads with a query whose functions are nil.
func nobodyAsks(b *sourceBench) {
	r := &reading{query: b.all(), ctx: b.ctx, silent: true}
	func() {
		defer func() {
			if p := recover(); p != nil {
				b.Errorf("the source panics (%v) where LeftOut, Progress, Reached, Idle, Remember and Bookmark are nil", p)
			}
		}()
		r.run(b.source)
	}()
	b.wantNothingWrong(r)
	b.wantNoErrors(r)
	b.want(b.all(), r.samples, every)
}

// rememberedReads tells the source what it gave to be remembered: it reads the
// same, and remembers it.
func rememberedReads(b *sourceBench) {
	first := b.read(b.all())
	if len(first.memory) == 0 {
		b.Skip("needs a source that calls Remember")
	}
	q := b.all()
	q.Remembered = first.memory[0]
	again := b.read(q)
	b.wantSame("a reading that is told what was remembered", first.samples, again.samples)
	if !slices.Equal(first.memory, again.memory) {
		b.Errorf("it wants %q to be remembered, and %q once it is told that", first.memory, again.memory)
	}
}

// bookmarksReadOn gives the source what it bookmarked, with any marks: it leaves
// out whole windows that were collected, and nothing else.
func bookmarksReadOn(b *sourceBench) {
	marked := b.read(b.all()).marked
	if len(marked) == 0 {
		b.Skip("needs a source that calls Bookmark")
	}
	for _, through := range b.borders() {
		q := b.all()
		q.Collected, q.Bookmarks = b.marks(through), marked
		r := b.read(q)
		b.want(q, r.samples, afterMarks(q.Collected))
		b.wantWhole(r)
		marked = r.marked
	}
	for _, tenant := range b.tenants() {
		q := b.all()
		q.Collected, q.Bookmarks = b.marks(b.end()), maps.Clone(marked)
		q.Collected[tenant] = time.Time{}
		b.want(q, b.read(q).samples, afterMarks(q.Collected))
	}
}

func progressGrows(b *sourceBench) {
	r := b.read(b.all())
	if r.told == 0 {
		b.Skip("needs a source that tells Progress")
	}
	q := b.all()
	q.Collected = b.marks(b.end())
	b.read(q)
	q.Before = b.times()[0]
	b.read(q)
}

func reachedIsComplete(b *sourceBench) {
	r := b.read(b.all())
	if len(r.reached) == 0 {
		b.Skip("needs a source that tells Reached")
	}
	b.want(b.all(), r.samples, every)
	for n := range min(len(r.reached), 12) {
		b.leaveAfter(b.all(), n+1)
	}
}

func reachedWithMarks(b *sourceBench) {
	if len(b.read(b.all()).reached) == 0 {
		b.Skip("needs a source that tells Reached")
	}
	for _, through := range b.borders() {
		q := b.all()
		q.Collected = b.marks(through)
		for n := range min(len(b.read(q).reached), 3) {
			b.leaveAfter(q, n+1)
		}
	}
	if tenants := b.tenants(); len(tenants) > 1 {
		q := b.all()
		q.Collected = b.marks(b.end())
		q.Collected[tenants[0]] = b.borders()[0]
		b.read(q) // must not be reached before the marks of the others
	}
}

// leaveAfter leaves a reading once Reached was told n times. What was yielded
// is kept: all that is earlier must be there, and what another reading yields
// that begins where this one came to is the rest.
func (b *sourceBench) leaveAfter(q usage.Query, n int) {
	b.Helper()
	r := b.readSome(b.ctx, q, func(r *reading) bool { return len(r.reached) < n })
	if len(r.reached) == 0 {
		return
	}
	reached, since := r.lastReached(), afterMarks(q.Collected)
	b.want(q, r.samples, func(s *usage.Sample) bool { return since(s) && s.Time.Before(reached) })
	on := q
	on.Collected, on.Bookmarks = b.marks(reached), r.kept
	rest := b.read(on)
	b.want(q, append(slices.Clone(r.samples), rest.samples...), since)
}

func mistakesAreTold(b *sourceBench) {
	if b.setup.Damaged == nil {
		b.Skip("needs Setup.Damaged")
	}
	b.source = b.setup.Damaged(b)
	r := b.readSome(b.ctx, b.all(), nil)
	if len(r.errs) == 0 {
		b.Error("what cannot be right is not told as an error")
	}
	b.want(b.all(), r.samples, every)
	again := b.readSome(b.ctx, b.all(), nil)
	if len(again.errs) != len(r.errs) {
		b.Errorf("%d errors are yielded in a second reading, %d in the first", len(again.errs), len(r.errs))
	}
	// A caller may have seen enough.
	b.readSome(b.ctx, b.all(), func(r *reading) bool { return len(r.errs) == 0 })
}

func unreadTenant(b *sourceBench) {
	if b.setup.Unread == nil {
		b.Skip("needs Setup.Unread")
	}
	var unread string
	b.source, unread = b.setup.Unread(b)
	r := b.readSome(b.ctx, b.all(), nil)
	told := false
	for _, err := range r.errs {
		tenant := (*usage.TenantError)(nil)
		switch {
		case !errors.As(err, &tenant):
			b.Errorf("an error is no usage.TenantError, so that other tenants are concerned: %v", err)
		case tenant.Tenant != unread:
			b.Errorf("an error is of tenant %q, whose samples can be read: %v", tenant.Tenant, err)
		case tenant.Err == nil:
			b.Errorf("the error of tenant %q says nothing", unread)
		default:
			told = true
		}
	}
	if !told {
		b.Errorf("no usage.TenantError tells of tenant %q", unread)
	}
	for i, through := range r.reached {
		if first := b.firstOf(unread); through.After(first) && r.errsAt[i] == 0 {
			b.Errorf("Reached says %s before the error of tenant %q, which has samples from %s on", instant(through), unread, instant(first))
			break
		}
	}
	b.want(b.all(), r.samples, func(s *usage.Sample) bool { return s.Tenant != unread })
}

// firstOf is the time of the first sample of a tenant.
func (b *sourceBench) firstOf(tenant string) (first time.Time) {
	for _, s := range b.setup.Samples {
		if s.Tenant == tenant && (first.IsZero() || s.Time.Before(first)) {
			first = s.Time
		}
	}
	return first
}
