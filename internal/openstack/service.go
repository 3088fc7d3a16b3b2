package openstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// A Service is asked with the cloud's token. It is safe for concurrent use.
type Service struct {
	cloud    *Cloud
	kind     string
	at       *url.URL // instead of the catalog's endpoint, or nil
	slots    chan struct{}
	patience patience
}

// A Request is what a service is asked.
type Request struct {
	Method string // "" is GET
	// Path is below the service's endpoint, escaped, or a link that an answer
	// holds. One to another host is refused: it would carry the token there.
	Path  string
	Query url.Values // replaces what Path's own query says of the same names
	Body  []byte     // JSON
	// Repeatable says that it may be sent again although it may have been
	// served, as a POST that searches may. A GET always may.
	Repeatable bool
	// Once says that it is not asked again where the service does not serve.
	Once bool
	// Accept lists statuses that are answers too, beside 2xx.
	Accept []int
}

// Do sends a request, with patience: a token that has ended is renewed, and a
// service that is busy or lost is asked again. It returns the answer once all
// of it is there. Its error is a *StatusError where there is an answer that is
// none of those asked for, and wraps ErrLogin where Keystone refuses the login,
// ErrTooLarge, ErrSilent, and the context's error where that has ended.
func (s *Service) Do(ctx context.Context, r Request) (*Answer, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	var answer *Answer
	var stale string
	attempt := func() (fail *failure) {
		for {
			var t *token
			var err error
			if t, err = s.cloud.token(ctx, stale); err != nil {
				return &failure{err: err}
			}
			answer, fail = s.attempt(ctx, &r, t)
			if fail == nil || !isUnauthorized(fail.err) {
				return fail
			}
			if stale != "" {
				return &failure{err: fmt.Errorf("%w (a new token is refused as well: does the service ask the same Keystone?)", fail.err)}
			}
			stale = t.id
		}
	}
	err := s.patience.try(ctx, s.cloud, r.Once, attempt)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func isUnauthorized(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == http.StatusUnauthorized
}

// attempt sends a request once.
func (s *Service) attempt(ctx context.Context, r *Request, t *token) (*Answer, *failure) {
	c := s.cloud
	endpoint := s.at
	if endpoint == nil {
		chosen, err := c.choose(t.catalog, s.kind)
		if err != nil {
			return nil, &failure{err: err}
		}
		endpoint = chosen.URL
	}
	u, err := follow(endpoint, r.Path, r.Query)
	if err != nil {
		return nil, &failure{err: fmt.Errorf("%s: service %q: %w", c, s.kind, err)}
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, &failure{err: ctx.Err()}
	}
	within, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(within, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, &failure{err: fmt.Errorf("%s: service %q: %w", c, s.kind, err)}
	}
	req.Header.Set("Accept", "application/json") // or errors are HTML
	req.Header.Set("User-Agent", "artifice")
	req.Header.Set("X-Auth-Token", t.id)
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	where := fmt.Sprintf("%s: %s %s", c, r.Method, place(u))
	repeatable := r.Repeatable || r.Method == http.MethodGet || r.Method == http.MethodHead
	if repeatable {
		// Not sent: it tells the transport that it may try another connection at
		// once where the service has just closed an old one.
		req.Header["Idempotency-Key"] = []string{}
	}
	judge := func(err error) *failure {
		fail := c.judgeError(ctx, where, err)
		fail.again = fail.again && repeatable
		return fail
	}
	sent := c.Now()
	// A transport by itself follows no redirect and keeps no cookie.
	resp, err := (&bounded{base: c.transport, limit: int64(c.config.MaxAnswer)}).RoundTrip(req)
	if err != nil {
		return nil, judge(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	answered := c.Now()
	if resp.StatusCode/100 != 2 && !slices.Contains(r.Accept, resp.StatusCode) {
		fail := c.judgeStatus(&StatusError{Method: r.Method, URL: place(u), Status: resp.StatusCode, Text: c.explain(body, resp.Header, err != nil)}, resp.Header)
		fail.again = fail.again && (repeatable || resp.StatusCode == http.StatusTooManyRequests)
		if to := resp.Header.Get("Location"); to != "" && resp.StatusCode/100 == 3 {
			fail.err = fmt.Errorf("%w (it points elsewhere; correct the endpoint)", fail.err)
		}
		fail.err = fmt.Errorf("%s: %w", c, fail.err)
		return nil, fail
	}
	if err != nil {
		return nil, judge(err)
	}
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, URL: u, cloud: c, sent: sent, answered: answered}, nil
}

// place is where a URL points, without its query.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
