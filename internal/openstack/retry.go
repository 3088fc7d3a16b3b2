package openstack

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	firstWait   = time.Second      // before the first repeat; it doubles
	longestWait = 30 * time.Second // up to this
	// silenceHolds is how long a service that does not answer is let be: it costs
	// every request all of its timeout.
	silenceHolds = 30 * time.Second
	// longestRest is for how long a service that wants to be left alone, for longer
	// than may be waited, is not asked.
	longestRest = time.Hour
)

// A failure is why an attempt failed.
type failure struct {
	err    error
	again  bool          // whether it may be made again
	after  time.Duration // how long the service wants to be left alone
	silent bool          // whether there was no answer in all of the timeout
}

// patience is how often a service is asked again.
type patience struct {
	mu        sync.Mutex
	downSince time.Time // when the service did not serve first; zero while it does
	quiet     time.Time // until when the service wants to be left alone
	silences  int       // how often it was given up because it does not answer
	rest      error     // what every request is told until restTo
	restTo    time.Time
}

// try makes attempts until one succeeds, or its failure does not change by
// another, or retry_for is over; one only with once. That counts from when the
// service last served anybody: of many requests, not every one waits for a
// service that is down. One that was given up because it does not answer, and
// then does not answer a later request either, is not asked for a while, nor is
// one that wants to be left alone for longer than that.
func (p *patience) try(ctx context.Context, c *Cloud, once bool, attempt func() *failure) error {
	began := c.Now()
	silences, err := p.heard(began)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if err := p.leaveAlone(ctx, c); err != nil {
			return err
		}
		fail := attempt()
		if ctx.Err() != nil && fail != nil {
			return ctx.Err()
		}
		since := p.note(began, fail)
		switch {
		case fail == nil:
			return nil
		case !fail.again || once:
			p.giveUp(c.Now(), silences, fail)
			return fail.err
		}
		half := min(longestWait, firstWait<<min(n, 10)) / 2
		wait := fail.after + half + c.Jitter(half)
		if c.Now().Add(wait).After(since.Add(c.config.RetryFor)) {
			if fail.after > 0 {
				err := fmt.Errorf("%w; it wants to be asked again after %v, which is later than retry_for allows", fail.err, fail.after)
				p.leave(err, c.Now().Add(min(fail.after, longestRest)))
				return err
			}
			p.giveUp(c.Now(), silences, fail)
			return fmt.Errorf("%w; gave up after %v (retry_for is %v)", fail.err, c.Now().Sub(since).Round(time.Second), c.config.RetryFor)
		}
		c.Log.Info("asking again", "in", wait, "error", fail.err)
		if fail.after > 0 {
			p.quieten(c.Now().Add(fail.after))
		}
		if err := c.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// note remembers whether the service serves, and returns since when it does not.
func (p *patience) note(began time.Time, fail *failure) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case fail == nil || !fail.again:
		p.downSince = time.Time{}
	case p.downSince.IsZero():
		p.downSince = began
	}
	if fail == nil || !fail.silent {
		p.silences, p.rest = 0, nil
	}
	return p.downSince
}

// heard returns how often the service was given up because it does not answer,
// or why it is not to be asked now.
func (p *patience) heard(now time.Time) (silences int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rest != nil && now.Before(p.restTo) {
		return 0, p.rest
	}
	return p.silences, nil
}

// giveUp remembers a failure that is a silence. Requests that are under way at
// the same time are one; a smaller one that is sent then may be answered.
func (p *patience) giveUp(now time.Time, silences int, fail *failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !fail.silent || silences != p.silences {
		return
	}
	if p.silences++; silences > 0 {
		p.rest, p.restTo = fmt.Errorf("%w; it is let be for %v", fail.err, silenceHolds), now.Add(silenceHolds)
	}
}

// leave has no request sent for a while: each is told why.
func (p *patience) leave(why error, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest, p.restTo = why, until
}

func (p *patience) quieten(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.quiet) {
		p.quiet = until
	}
}

// leaveAlone waits while the service wants to be left alone: a Retry-After is
// for all requests, not for the one that was answered with it.
func (p *patience) leaveAlone(ctx context.Context, c *Cloud) error {
	p.mu.Lock()
	wait := p.quiet.Sub(c.Now())
	p.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	return c.Sleep(ctx, wait+c.Jitter(firstWait))
}
