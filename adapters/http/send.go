package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/openstack-artifice/artifice/internal/web"
	"github.com/openstack-artifice/artifice/invoice"
)

// A request is what is sent, as often as it may be.
type request struct {
	method string
	url    *url.URL
	key    string // of a POST: the order's
	body   []byte
	// answers are the statuses that serve the request.
	answers []int
	// repeatable says that it may be sent again although it may have been
	// served.
	repeatable bool
	// withBody says that an answer's body is wanted.
	withBody bool
}

// An answer is one of the answers that a request asks for.
type answer struct {
	status int
	header nethttp.Header
	body   []byte
}

const (
	firstWait   = time.Second      // the most that is waited before the first repeat; it doubles
	longestWait = 30 * time.Second // up to this
	maxExcerpt  = 8 << 10          // bytes that are read of an answer that is a failure
	maxHeader   = 64 << 10         // bytes of an answer's header
)

// send sends a request until it is served, or must not or need not be sent
// again. Its error is permanent where somebody must change something first,
// and an unknown outcome where a POST may have been served.
func (a *Invoice) send(ctx context.Context, r request) (answer, error) {
	began := a.now()
	var unknown error // the last failure that leaves the outcome open
	for repeats := 0; ; repeats++ {
		ans, fail := a.attempt(ctx, &r)
		if ctx.Err() == nil {
			a.served(began, fail == nil || fail.verdict == refused)
		}
		if fail == nil {
			return ans, nil
		}
		err := fmt.Errorf("%s %s: %w", r.method, place(r.url), fail.err)
		if fail.verdict == lost {
			unknown = err
		}
		again := fail.verdict == busy || fail.verdict == lost && r.repeatable
		if again {
			wait, ok := a.wait(began, repeats, fail.after)
			if again = ok && ctx.Err() == nil; again {
				if stopped := a.sleep(ctx, wait); stopped != nil {
					err, again = fmt.Errorf("%w, after %w", stopped, err), false
				}
			}
		}
		switch {
		case again:
			continue
		case unknown != nil && r.method == nethttp.MethodPost:
			if fail.verdict != lost {
				err = fmt.Errorf("%w; before that, %w", err, unknown)
			}
			return answer{}, invoice.UnknownOutcome(err)
		case fail.verdict == refused:
			return answer{}, invoice.Permanent(err)
		}
		return answer{}, err
	}
}

// served notes whether the receiver serves at all.
func (a *Invoice) served(began time.Time, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case ok:
		a.idleSince = time.Time{}
	case a.idleSince.IsZero():
		a.idleSince = began
	}
}

// wait is the time before the next repeat, at random so that many who wait do
// not come at once. ok is false where it would end later than retry_for after
// the request began, or after the receiver last served any: of many invoices,
// not every one waits for a receiver that is down.
func (a *Invoice) wait(began time.Time, repeats int, after string) (wait time.Duration, ok bool) {
	wait = a.jitter(min(longestWait, firstWait<<min(repeats, 10)))
	now := a.now()
	wait += web.RetryAfter(after, now)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.idleSince.IsZero() && a.idleSince.Before(began) {
		began = a.idleSince
	}
	return wait, !now.Add(wait).After(began.Add(a.config.RetryFor))
}

// attempt sends a request once.
func (a *Invoice) attempt(ctx context.Context, r *request) (answer, *failure) {
	if err := ctx.Err(); err != nil {
		return answer{}, &failure{verdict: busy, err: err}
	}
	transport, err := a.client()
	if err != nil {
		return answer{}, refuse(err)
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := nethttp.NewRequestWithContext(ctx, r.method, r.url.String(), bytes.NewReader(r.body))
	if err != nil {
		return answer{}, refuse(err)
	}
	req.GetBody = nil // nothing but send sends anything again
	if err := a.sign(req, r); err != nil {
		return answer{}, refuse(err)
	}
	// A transport by itself follows no redirect and keeps no cookie.
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answer{}, judgeError(err, connected.Load()).without(a.secrets())
	}
	defer resp.Body.Close()
	ans := answer{status: resp.StatusCode, header: resp.Header}
	if !slices.Contains(r.answers, ans.status) {
		// What it says is for people: as much as there is.
		ans.body, _ = io.ReadAll(io.LimitReader(resp.Body, maxExcerpt))
		return ans, &failure{verdict: judgeStatus(r, ans.status), err: explain(ans, a.secrets()), after: ans.header.Get("Retry-After")}
	}
	if !r.withBody {
		return ans, nil
	}
	limit := int64(a.config.MaxAnswer)
	ans.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return ans, judgeError(err, true).without(a.secrets())
	case int64(len(ans.body)) > limit && r.method == nethttp.MethodPost:
		return ans, &failure{verdict: lost, err: errTooLarge}
	case int64(len(ans.body)) > limit:
		return ans, refuse(errTooLarge)
	}
	return ans, nil
}

var errTooLarge = errors.New("the answer is larger than max_answer")

// place is where a URL points, without what may be a secret.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// withQuery returns u with parameters, given as names and values, added.
func withQuery(u *url.URL, parameters ...string) *url.URL {
	with := *u
	query := with.Query()
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	with.RawQuery = query.Encode()
	return &with
}
