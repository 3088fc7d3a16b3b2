package simulation

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// errDead is what every call of a process answers after it has died. Nothing
// that it does then has an effect, and nobody looks at what it returns.
var errDead = errors.New("the process is dead")

// A scheduler lets one process at a time take a step.
type scheduler struct {
	rng       *rand.Rand
	now       time.Time // the true time, which is also the store's
	processes []*process
	events    chan struct{} // the running process waits, or has ended
	crash     crash
	passed    map[string]int    // how often each point was passed
	owners    map[string]string // by key: which process was last given an order
	batches   int               // that were recorded
	wrong     error             // what a process did that must not be
}

// A crash is where a process dies.
type crash struct {
	point string // "" for nowhere
	skip  int    // how often a process passes the point before
}

// A process is one run of a command.
type process struct {
	*scheduler
	name   string
	wake   chan struct{}
	clock  time.Duration // how much its clock is ahead of the true time
	asleep int           // for how many turns of others it stands still
	read   int           // how many batches were recorded when it began to read
	lease  time.Time     // until when it may send the order that it has
	dead   bool
	ended  bool
}

// start adds a process. It runs when the scheduler does.
func (s *scheduler) start(name string, clock time.Duration, run func(*process)) *process {
	p := &process{scheduler: s, name: name, wake: make(chan struct{}), clock: clock}
	s.processes = append(s.processes, p)
	go func() {
		<-p.wake
		run(p)
		p.ended = true
		s.events <- struct{}{}
	}()
	return p
}

// run lets the processes take turns until all have ended.
func (s *scheduler) run() {
	for {
		var ready, sleeping []*process
		for _, p := range s.processes {
			switch {
			case p.ended:
			case p.asleep > 0:
				sleeping = append(sleeping, p)
			default:
				ready = append(ready, p)
			}
		}
		if len(ready) == 0 {
			for _, p := range sleeping {
				p.asleep = 0
			}
			ready = sleeping
		}
		if len(ready) == 0 {
			s.processes = nil
			return
		}
		for _, p := range sleeping {
			p.asleep--
		}
		p := ready[s.rng.IntN(len(ready))]
		p.wake <- struct{}{}
		<-s.events
	}
}

// step is where a process waits for its next turn. It is errDead where it does
// not live to have it.
func (p *process) step(point string) error {
	if p.dead {
		return errDead
	}
	if p.crash.point == point {
		if p.crash.skip == 0 {
			p.crash.point = ""
			p.dead = true
			return errDead
		}
		p.crash.skip--
	}
	p.passed[point]++
	p.now = p.now.Add(time.Duration(p.rng.IntN(2000)) * time.Millisecond)
	if p.chance(300) {
		// Somebody sets the clock.
		p.clock = time.Duration(p.rng.IntN(120)-60) * time.Minute
	}
	often := 200
	if strings.HasPrefix(point, "commit") {
		often = 15 // where it hurts most
	}
	if p.chance(often) {
		// Stopped, swapped out, or moved to another machine.
		p.asleep = 1 + p.rng.IntN(40)
		p.now = p.now.Add(time.Duration(p.rng.IntN(int(3 * leaseLength))))
	}
	p.events <- struct{}{}
	<-p.wake
	return nil
}

// chance is true once in n times, on average.
func (s *scheduler) chance(n int) bool { return n > 0 && s.rng.IntN(n) == 0 }

// Now is what the clock of the process shows.
func (p *process) Now() time.Time { return p.now.Add(p.clock) }
