package cli

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// canDraw returns what bars are drawn on, nil where that can only take lines.
func canDraw(w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return nil
	}
	if width, height, err := term.GetSize(int(f.Fd())); err != nil || width == 0 || height == 0 {
		// As of a script's terminal. Of one that it cannot measure the library
		// takes it that there are 80 columns.
		return struct{ io.Writer }{f}
	}
	return f
}

// A bar is a line of a terminal that shows how far a step is. It has no colour.
type bar struct {
	all     *mpb.Progress
	bar     *mpb.Bar
	refresh chan any
	counts  bool // whether it shows how much of how much is done
}

// barLength is what a bar is long, whatever it counts: what there is to do may
// become more.
const barLength = 10_000

// draw draws the bar of a step, as far as it is.
func (w *watch) draw(r *running) {
	w.mu.Lock()
	defer w.mu.Unlock()
	done, total := r.share()
	if w.drawn != nil && w.drawn.counts != (total > 0) {
		w.remove()
	}
	if w.drawn == nil {
		refresh := make(chan any)
		all := mpb.New(mpb.WithOutput(w.bars), mpb.WithManualRefresh(refresh))
		w.drawn = &bar{all: all, refresh: refresh, counts: total > 0}
		if total == 0 {
			w.drawn.bar = all.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return clean(r.String()) })))
		} else {
			style := mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]")
			w.drawn.bar = all.New(barLength, style, mpb.PrependDecorators(decor.Name(clean(r.what()))),
				mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return r.count() + ", " + r.left() })))
		}
	}
	if total > 0 {
		// One that is full would go at once: it goes when the step ends.
		w.drawn.bar.SetCurrent(min(int64(float64(done)/float64(total)*barLength), barLength-1))
	}
	_ = w.picture("")
}

// erase takes the bar away.
func (w *watch) erase() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.drawn != nil {
		w.remove()
	}
}

// remove is erase, for who holds mu.
func (w *watch) remove() {
	w.drawn.bar.Abort(true)
	// One picture shows it for the last time, and the next one nothing. They are
	// there once a third is asked for and something else was answered since.
	for range 3 {
		_ = w.picture("")
	}
	_, _ = w.drawn.all.Write(nil)
	w.drawn.all.Wait()
	w.drawn = nil
}

// write writes talk, above the bar where there is one.
func (w *watch) write(to io.Writer, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.drawn != nil {
		if err := w.picture(text); err == nil {
			return
		}
	}
	_, _ = io.WriteString(to, text)
}

// fromTheLeft clears what a picture leaves of the one before it: it goes up, but
// not to the left, where the terminal may have echoed ^C meanwhile.
const fromTheLeft = "\r\x1b[J"

// picture has the bar drawn anew, below some text.
func (w *watch) picture(text string) error {
	_, err := io.WriteString(w.drawn.all, fromTheLeft+text)
	if err == nil {
		w.drawn.refresh <- nil
	}
	return err
}
