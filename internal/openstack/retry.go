package openstack

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	firstWait   = time.Second      // before the first repeat; it doubles
	longestWait = 30 * time.Second // up to this
)

// A failure is why an attempt failed.
type failure struct {
	err   error
	again bool          // whether it may be made again
	after time.Duration // how long the service wants to be left alone
}

// patience is how often a service is asked again.
type patience struct {
	mu        sync.Mutex
	downSince time.Time // when the service did not serve first; zero while it does
	quiet     time.Time // until when the service wants to be left alone
}

// try makes attempts until one succeeds, or its failure does not change by
// another, or retry_for is over; one only with once. That counts from when the service last served
// anybody: of many requests, not every one waits for a service that is down.
func (p *patience) try(ctx context.Context, c *Cloud, once bool, attempt func() *failure) error {
	began := c.Now()
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
			return fail.err
		}
		half := min(longestWait, firstWait<<min(n, 10)) / 2
		wait := fail.after + half + c.Jitter(half)
		if c.Now().Add(wait).After(since.Add(c.config.RetryFor)) {
			if fail.after > 0 {
				return fmt.Errorf("%w; it wants to be asked again after %v, which is later than retry_for allows", fail.err, fail.after)
			}
			return fmt.Errorf("%w; gave up after %v (retry_for)", fail.err, c.config.RetryFor)
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
	return p.downSince
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

// retryAfter is the time that a Retry-After header asks for: seconds or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	const forever = 365 * 24 * time.Hour
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text != "" && strings.Trim(text, "0123456789") == "" {
		if seconds, err := strconv.Atoi(text); err == nil && seconds < int(forever/time.Second) {
			return time.Duration(seconds) * time.Second
		}
		return forever
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(0, date.Sub(now)), forever)
	}
	return 0
}
