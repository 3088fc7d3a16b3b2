package usagetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A reading is what a source yielded and told, and what was wrong with the way
// in which it did. What a source does wrong on goroutines of its own is noted
// as well, and reported once the reading is over.
type reading struct {
	query   usage.Query
	given   usage.Query // as the source has it
	samples []usage.Sample
	errs    []error
	leftOut []usage.Sample
	reached []time.Time
	errsAt  []int             // how many errors had been yielded at each of reached
	told    int               // how often progress was
	memory  []string          // what it wants to be remembered
	marked  map[string]string // its bookmarks, by tenant
	kept    map[string]string // those before Reached was told last
	ends    bool              // a bookmark was told: no sample may follow but after Reached
	idle    time.Time

	goOn func(*reading) bool // whether to go on after what was yielded; nil for always
	ctx  context.Context

	silent bool // the query's functions are nil

	inIt atomic.Int32 // calls that run now
	turn sync.Mutex   // of the call that is listened to
	over bool         // the source has returned
	left bool         // goOn said no
	done int64        // the last progress

	mu    sync.Mutex
	wrong []string
}

// complain notes something that is wrong, once.
func (r *reading) complain(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.wrong, text) && len(r.wrong) < most {
		r.wrong = append(r.wrong, text)
	}
}

// call runs what a source calls back, and notes where that is out of turn.
func (r *reading) call(what string, f func()) {
	defer r.inIt.Add(-1)
	if r.inIt.Add(1) > 1 {
		r.complain("%s is called while the source is in another call: one follows the other", what)
	}
	for range 10 { // a call that is made meanwhile comes now
		runtime.Gosched()
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	switch {
	case r.over:
		r.complain("%s is called after the sequence has ended", what)
	case r.left:
		r.complain("%s is called after the loop was left", what)
	default:
		f()
	}
}

// asked is the query as the source is given it.
func (r *reading) asked() usage.Query {
	q := r.query
	q.Meters, q.Resources = slices.Clone(q.Meters), slices.Clone(q.Resources)
	q.Metadata, q.Collected, q.Bookmarks = slices.Clone(q.Metadata), maps.Clone(q.Collected), maps.Clone(q.Bookmarks)
	if r.silent {
		return q
	}
	q.LeftOut = func(s usage.Sample, why string) {
		r.call("LeftOut", func() {
			if r.leftOut = append(r.leftOut, s); why == "" {
				r.complain("LeftOut does not say why")
			}
		})
	}
	q.Progress = func(done, total int64) { r.call("Progress", func() { r.progress(done, total) }) }
	q.Reached = func(through time.Time) { r.call("Reached", func() { r.reach(through) }) }
	q.Idle = func(through time.Time) { r.call("Idle", func() { r.rest(through) }) }
	q.Remember = func(text string) { r.call("Remember", func() { r.remember(text) }) }
	q.Bookmark = func(tenant, text string) { r.call("Bookmark", func() { r.bookmark(tenant, text) }) }
	return q
}

func (r *reading) progress(done, total int64) {
	if done < 0 || done > total {
		r.complain("Progress says that %d of %d was read", done, total)
	}
	if done < r.done {
		r.complain("Progress says that %d was read, after %d was", done, r.done)
	}
	r.done = done
	r.told++
}

func (r *reading) rest(through time.Time) {
	switch {
	case !usage.OnBorder(through):
		r.complain("Idle says %s, which is not on the border of a window", instant(through))
	case through.After(time.Now()):
		r.complain("Idle says %s, which is in the future", instant(through))
	}
	r.idle = through
}

func (r *reading) remember(text string) {
	if r.memory = append(r.memory, text); len(r.memory) > 1 {
		r.complain("Remember is called more than once")
	}
	if len(r.samples) > 0 {
		r.complain("Remember is called after the first sample")
	}
}

func (r *reading) bookmark(tenant, text string) {
	if tenant == "" || text == "" {
		r.complain("Bookmark tells %q of tenant %q", text, tenant)
	}
	if r.marked == nil {
		r.marked = map[string]string{}
	}
	r.marked[tenant], r.ends = text, true
}

func (r *reading) reach(through time.Time) {
	if !usage.OnBorder(through) {
		r.complain("Reached says %s, which is not on the border of a window", instant(through))
	}
	if last := r.lastReached(); !through.After(last) {
		r.complain("Reached says %s, which is not later than %s that was told before", instant(through), instant(last))
	}
	for tenant, mark := range r.query.Collected {
		if !through.After(mark) {
			r.complain("Reached says %s, which is not later than the mark %s of tenant %q", instant(through), instant(mark), tenant)
		}
	}
	r.kept, r.ends = maps.Clone(r.marked), false
	r.reached, r.errsAt = append(r.reached, through), append(r.errsAt, len(r.errs))
}

func (r *reading) lastReached() time.Time {
	if len(r.reached) == 0 {
		return time.Time{}
	}
	return r.reached[len(r.reached)-1]
}

// stopped reports whether the source said that the context had ended.
func (r *reading) stopped() bool {
	return len(r.errs) > 0 && r.ctx.Err() != nil && errors.Is(r.errs[len(r.errs)-1], r.ctx.Err())
}

// take is what the source yields to.
func (r *reading) take(s usage.Sample, err error) bool {
	r.call("yield", func() {
		if r.stopped() {
			r.complain("the sequence goes on after the context's error")
		}
		if err != nil {
			if _, warning := err.(*usage.Warning); !warning {
				r.errs = append(r.errs, err)
			}
			if err.Error() == "" {
				r.complain("an error says nothing")
			}
		} else {
			if s.Time.Before(r.lastReached()) {
				r.complain("%s is of %s, and Reached had said %s", s.Origin, instant(s.Time), instant(r.lastReached()))
			}
			if r.ends {
				r.complain("%s comes after Bookmark was called, and not Reached", s.Origin)
			}
			if !r.idle.IsZero() {
				r.complain("%s comes after Idle was told", s.Origin)
			}
			r.samples = append(r.samples, s)
		}
		r.left = r.goOn != nil && !r.goOn(r)
	})
	return !r.left
}

// run lets the source read.
func (r *reading) run(source usage.Source) {
	r.given = r.asked()
	sequence := source.Samples(r.ctx, r.given)
	if sequence == nil {
		r.complain("Samples returned no sequence")
		return
	}
	sequence(r.take)
	r.turn.Lock()
	r.over = true
	r.turn.Unlock()
}

// read reads what a query asks for. A mistake of the source ends nothing.
func (b *sourceBench) read(q usage.Query) *reading {
	b.Helper()
	r := b.readSome(b.ctx, q, nil)
	b.wantNoErrors(r)
	return r
}

// readSome reads for as long as goOn says.
func (b *sourceBench) readSome(ctx context.Context, q usage.Query, goOn func(*reading) bool) *reading {
	b.Helper()
	r := &reading{query: q, goOn: goOn, ctx: ctx}
	r.run(b.source)
	b.wantNothingWrong(r)
	return r
}

func (b *sourceBench) wantNothingWrong(r *reading) {
	b.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range r.wrong {
		b.Errorf("%s", text)
	}
}

func (b *sourceBench) wantNoErrors(r *reading) {
	b.Helper()
	var said []string
	for _, err := range r.errs {
		said = append(said, err.Error())
	}
	b.tell("%d errors are yielded, though nothing is wrong:", said)
}
