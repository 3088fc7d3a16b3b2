package cli

import (
	"io"
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
)

const (
	patience  = 2 * time.Second        // before a bar is drawn
	redraw    = 250 * time.Millisecond // between two pictures of it
	lineEvery = 30 * time.Second       // between two lines, where there is no terminal
)

// A watch shows how far a command is: a bar on a terminal, and lines now and
// then elsewhere.
type watch struct {
	bars io.Writer // a terminal that can draw; nil for lines
	say  func(*running)
	now  func() time.Time
	tick func(time.Duration) (ticks <-chan time.Time, stop func())

	mu    sync.Mutex
	last  *running // the step that began last
	drawn *bar     // of it, if there is one
}

// watching makes ready to show how far a command is, in the way that the user
// wants to be told.
func (a *App) watching() {
	w := &watch{now: a.Now, tick: a.tick}
	if w.tick == nil {
		w.tick = ticker
	}
	if a.talk.log == nil && !a.talk.quiet {
		w.bars = canDraw(a.Stderr)
	}
	w.say = func(r *running) {
		if a.talk.log != nil {
			a.tell(slog.LevelInfo, "progress", r.attrs()...)
		} else {
			a.sayf("%s", r)
		}
	}
	a.watch = w
}

// ticker ticks by the clock of the machine.
func ticker(every time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(every)
	return t.C, t.Stop
}

// begin implements billing.Engine's Watch.
func (w *watch) begin(step billing.Step) billing.Progress {
	r := &running{Step: step, watch: w, began: w.now(), ended: make(chan struct{})}
	w.mu.Lock()
	w.last = r
	w.mu.Unlock()
	r.showing.Go(r.show)
	return r
}

// current is the step that began last, nil for none.
func (w *watch) current() *running {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// A running is a step that has begun.
type running struct {
	billing.Step
	watch   *watch
	began   time.Time
	done    atomic.Int64
	part    atomic.Pointer[part]
	ended   chan struct{}
	showing sync.WaitGroup
}

// A part is how much is done, in another measure than the step's.
type part struct {
	done, total int64
	from        int64 // what was done when the step began
}

// Part implements billing.Progress.
func (r *running) Part(done, total int64) {
	p := &part{done, total, done}
	if before := r.part.Load(); before != nil {
		p.from = before.from
	}
	r.part.Store(p)
}

// share is how much is done of how much, both 0 where nobody knows the total.
func (r *running) share() (done, total int64) {
	if p := r.part.Load(); r.Total == 0 && p != nil && p.total > 0 {
		return max(0, min(p.done, p.total)), p.total
	}
	return min(r.done.Load(), r.Total), r.Total
}

// Add implements billing.Progress.
func (r *running) Add(n int64) { r.done.Add(n) }

// End implements billing.Progress. Nothing of a bar is left when it returns.
func (r *running) End() {
	close(r.ended)
	r.showing.Wait()
}

// show shows the step until it has ended.
func (r *running) show() {
	w := r.watch
	every := lineEvery
	if w.bars != nil {
		every = redraw
	}
	ticks, stop := w.tick(every)
	defer stop()
	defer w.erase()
	for {
		select {
		case <-r.ended:
			return
		case <-ticks:
		}
		switch {
		case w.bars == nil:
			w.say(r)
		case w.now().Sub(r.began) >= patience:
			w.draw(r)
		}
	}
}

// counted yields what a sequence does, and counts it.
func counted[T any](progress billing.Progress, all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for one, err := range all {
			progress.Add(1)
			if !yield(one, err) {
				return
			}
		}
	}
}

// what is what is done, and to what.
func (r *running) what() string {
	what := strings.TrimSuffix(r.Name, "e") + "ing"
	if r.Of != "" {
		what += " " + r.Of
	}
	return what
}

// count is how much is done, "" where nobody counts.
func (r *running) count() string {
	text := ""
	switch done := r.done.Load(); {
	case r.Total > 0:
		return grouped(min(done, r.Total)) + " of " + grouped(r.Total) + " " + r.Unit
	case done > 0:
		text = grouped(done) + " " + r.Unit
	}
	if done, total := r.share(); total > 0 {
		if text != "" {
			text += ", "
		}
		text += strconv.FormatInt(done*100/total, 10) + "%"
	}
	return text
}

// left is how long the rest takes if it takes as long as what is done; where
// that cannot be told, how long it has taken.
func (r *running) left() string {
	took := r.watch.now().Sub(r.began)
	done, total := r.share()
	since := done
	if p := r.part.Load(); p != nil && r.Total == 0 {
		since -= p.from
	}
	if total == 0 || since <= 0 {
		return roughly(took) + " so far"
	}
	perUnit := float64(took) / float64(since)
	return roughly(time.Duration(perUnit*float64(total-done))) + " left"
}

// String is a line that says how far the step is.
func (r *running) String() string {
	if count := r.count(); count != "" {
		return r.what() + ": " + count + ", " + r.left()
	}
	return r.what() + ": " + r.left()
}

// attrs are the same for logs.
func (r *running) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String(billing.LogStep, r.Name), slog.String("of", r.Of), slog.String("unit", r.Unit),
		slog.Int64("done", r.done.Load()), slog.Int64("total", r.Total),
		slog.Float64(billing.LogDuration, r.watch.now().Sub(r.began).Seconds()),
	}
}

// stopped says what a command has done that was stopped, and how to go on.
func (w *watch) stopped(command string) string {
	var r *running
	if w != nil {
		r = w.current()
	}
	if r == nil {
		return "stopped: what was done is kept; " + command + " goes on"
	}
	text := "stopped: " + r.what()
	if count := r.count(); count != "" {
		text += ": " + count
	}
	if r.Whole && !r.Kept.IsZero() {
		return text + "; usage before " + r.Kept.UTC().Format(time.RFC3339) + " is kept, and " + command + " goes on from there"
	}
	if r.Unmarked {
		return text + "; not finished, and " + command + " goes on"
	}
	if r.Whole {
		return text + "; nothing of this is kept, and " + command + " begins it anew"
	}
	return text + " are done, and stay so; " + command + " goes on with the rest"
}

// grouped writes a number with a comma between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// roughly writes how long something takes, as exactly as matters: in whole
// minutes from one on.
func roughly(d time.Duration) string {
	if rest := d % time.Minute; d > time.Minute && rest > 0 {
		d += time.Minute - rest
	}
	return billing.DurationText(d)
}
