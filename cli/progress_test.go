package cli

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
)

// A scene is a watch whose clock and ticks are the test's.
type scene struct {
	*watch
	clock atomic.Int64 // nanoseconds since it began
	ticks chan time.Time
	every time.Duration
	said  []string
}

func newScene(bars io.Writer) *scene {
	s := &scene{ticks: make(chan time.Time)}
	s.watch = &watch{
		bars: bars,
		now:  func() time.Time { return time.Unix(0, s.clock.Load()) },
		say:  func(r *running) { s.said = append(s.said, r.String()) },
		tick: func(every time.Duration) (<-chan time.Time, func()) {
			s.every = every
			return s.ticks, func() {}
		},
	}
	return s
}

// pass lets so much time go by, and then ticks. What the tick before it led to
// is done then.
func (s *scene) pass(d time.Duration) {
	s.clock.Add(int64(d))
	s.ticks <- time.Time{}
}

var billingStep = billing.Step{Name: "bill", Of: "2013-08", Unit: "tenants", Total: 10000}

// Without a terminal there is a line now and then.
func TestProgressLines(t *testing.T) {
	s := newScene(nil)
	p := s.begin(billingStep)
	p.Add(100)
	s.pass(30 * time.Second) // 9,900 * 30 s / 100 = 2,970 s, 49.5 minutes
	p.End()
	p = s.begin(billing.Step{Name: "read", Of: "object", Unit: "samples", Whole: true})
	p.Add(1234567)
	s.pass(90 * time.Second)
	p.End()
	p = s.begin(billing.Step{Name: "prune"})
	s.pass(2*time.Hour + time.Minute)
	p.End()
	want := []string{
		"billing 2013-08: 100 of 10,000 tenants, 50 min left",
		"reading object: 1,234,567 samples, 2 min so far",
		"pruning: 2 h 1 min so far",
	}
	if fmt.Sprint(s.said) != fmt.Sprint(want) || s.every != lineEvery {
		t.Errorf("every %v it says\n%q, want\n%q", s.every, s.said, want)
	}
}

// Where the step's own measure has no total, another one may.
func TestProgressPart(t *testing.T) {
	for _, test := range []struct {
		parts   [][2]int64
		samples int64
		want    string
	}{
		{[][2]int64{{20, 0}}, 7, "reading north: 7 samples, 10 s so far"},
		{[][2]int64{{20, 0}, {20, 80}}, 0, "reading north: 25%, 10 s so far"},                    // nothing since it began
		{[][2]int64{{20, 80}, {30, 120}}, 5000, "reading north: 5,000 samples, 25%, 2 min left"}, // 90 * 10 s / 10
		{[][2]int64{{0, 80}, {130, 120}}, 5000, "reading north: 5,000 samples, 100%, 0 s left"},
	} {
		s := newScene(nil)
		p := s.begin(billing.Step{Name: "read", Of: "north", Unit: "samples"})
		p.Add(test.samples)
		for _, part := range test.parts {
			p.Part(part[0], part[1])
		}
		s.pass(10 * time.Second)
		p.End()
		if len(s.said) != 1 || s.said[0] != test.want {
			t.Errorf("%v: it says %q, want %q", test.parts, s.said, test.want)
		}
	}
}

// On a terminal there is a bar, once it takes a while, and nothing is left of
// it in the end.
func TestProgressBar(t *testing.T) {
	var screen bytes.Buffer
	s := newScene(&screen)
	p := s.begin(billingStep)
	p.Add(2500)
	s.pass(time.Second) // 7,500 * 1 s / 2,500 = 3 s, but it is too early to draw
	s.pass(time.Second) // 7,500 * 2 s / 2,500 = 6 s
	s.pass(0)
	s.write(io.Discard, "note: in between\n")
	p.End()
	all := screen.String()
	if !strings.Contains(all, "billing 2013-08 [") || !strings.Contains(all, "2,500 of 10,000 tenants, 6 s left") || strings.Contains(all, "3 s left") {
		t.Errorf("the screen shows %q", all)
	}
	if !strings.Contains(all, "note: in between\n") || strings.Contains(all, "\x1b[3") || !strings.HasSuffix(all, "\x1b[J") {
		t.Errorf("in the end the screen shows %q", all)
	}
	if s.every != redraw || len(s.said) > 0 {
		t.Errorf("every %v, and it said %q", s.every, s.said)
	}

	screen.Reset()
	p = s.begin(billing.Step{Name: "read", Unit: "samples"})
	p.Add(7)
	s.pass(5 * time.Second)
	p.End()
	if got := screen.String(); !strings.Contains(got, "reading: 7 samples, 5 s so far") {
		t.Errorf("the screen shows %q", got)
	}
	// What there is to do may be known later.
	screen.Reset()
	p = s.begin(billing.Step{Name: "read", Of: "north", Unit: "samples"})
	p.Add(7)
	s.pass(5 * time.Second)
	s.pass(0)
	p.Part(1, 4)
	s.pass(0)
	p.End()
	got := screen.String()
	before, after, _ := strings.Cut(got, "reading north [====")
	if !strings.Contains(before, "reading north: 7 samples, ") || !strings.Contains(after, "7 samples, 25%, ") {
		t.Errorf("the screen shows %q", got)
	}
	screen.Reset()
	s.begin(billingStep).End()
	if screen.Len() > 0 {
		t.Errorf("of what took no time the screen shows %q", &screen)
	}
}

// How far it came is said of what was begun last.
func TestStopped(t *testing.T) {
	var none *watch
	if got, want := none.stopped("artifice status"), "stopped: what was done is kept; artifice status goes on"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	s := newScene(nil)
	p := s.begin(billing.Step{Name: "read", Of: "object", Unit: "samples", Whole: true})
	p.Add(1000)
	p.End()
	if got, want := s.stopped("artifice collect"), "stopped: reading object: 1,000 samples; nothing of this is kept, and artifice collect begins it anew"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	p = s.begin(billing.Step{Name: "read", Of: "object", Unit: "samples", Whole: true, Kept: time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)})
	p.Add(1000)
	p.Part(3, 12)
	p.End()
	if got, want := s.stopped("artifice collect"), "stopped: reading object: 1,000 samples, 25%; usage before 2026-10-05T00:00:00Z is kept, and artifice collect goes on from there"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	// No mark is written before all is folded: status knows of nothing yet.
	p = s.begin(billing.Step{Name: "fold", Of: "object", Unit: "samples", Total: 892800, Unmarked: true})
	p.Add(212784)
	p.End()
	if got, want := s.stopped("artifice collect"), "stopped: folding object: 212,784 of 892,800 samples; not finished, and artifice collect goes on"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	p = s.begin(billingStep)
	p.Add(312)
	defer p.End()
	if got, want := s.stopped("artifice bill"), "stopped: billing 2013-08: 312 of 10,000 tenants are done, and stay so; artifice bill goes on with the rest"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", time.Millisecond: "1 s", 59 * time.Second: "59 s", time.Minute: "1 min", 61 * time.Second: "2 min", 25*time.Hour + 90*time.Second: "25 h 2 min",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

// In a log, and where it shall be quiet, no bar is drawn.
func TestLoggedProgress(t *testing.T) {
	var said bytes.Buffer
	a := &App{Stderr: &said, Now: func() time.Time { return time.Unix(0, 0) }}
	ticks := make(chan time.Time)
	a.tick = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
	a.talk.log = slog.New(slog.NewTextHandler(&said, nil))
	a.watching()
	p := a.watch.begin(billingStep)
	p.Add(3)
	ticks <- time.Time{}
	p.End()
	if want := "msg=progress step=bill of=2013-08 unit=tenants done=3 total=10000 duration=0\n"; !strings.HasSuffix(said.String(), want) {
		t.Errorf("the log says %q, want %q", &said, want)
	}
	said.Reset()
	a.talk = talk{quiet: true}
	a.watching()
	p = a.watch.begin(billingStep)
	ticks <- time.Time{}
	p.End()
	if said.Len() > 0 {
		t.Errorf("where it shall be quiet it says %q", &said)
	}
}
