package rpc

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"mime"
	nethttp "net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// A request is a call as it is sent.
type request struct {
	path        string // below the server's URL
	contentType string // empty: it is a GET
	body        []byte
	header      map[string]string
}

// An answer is what came back, in full.
type answer struct {
	status int
	body   []byte
}

const maxHeader = 64 << 10 // bytes of an answer's header

func newTransport(config *tls.Config) *nethttp.Transport {
	return &nethttp.Transport{
		Proxy:           nethttp.ProxyFromEnvironment,
		TLSClientConfig: config,
		// A connection for each call: so one that failed to open is one whose
		// call was surely not sent.
		DisableKeepAlives:      true,
		DisableCompression:     true, // so that the bound on bytes bounds what is held, too
		MaxResponseHeaderBytes: maxHeader,
	}
}

// send sends a request once. An answer without an error is one to be read by
// the protocol.
func (c *Client) send(ctx context.Context, r request) (answer, Outcome, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, NotSent, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, fmt.Errorf("no answer within %s: %w", c.config.Timeout, context.DeadlineExceeded))
	defer cancel()
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	method := nethttp.MethodPost
	if r.contentType == "" {
		method = nethttp.MethodGet
	}
	req, err := nethttp.NewRequestWithContext(traced, method, c.config.URL.JoinPath(r.path).String(), bytes.NewReader(r.body))
	if err != nil {
		return answer{}, Refused, err
	}
	req.GetBody = nil // nothing is sent again behind our back
	req.Header.Set("User-Agent", "artifice")
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	// A transport by itself follows no redirect and keeps no cookie.
	resp, err := c.config.Transport.RoundTrip(req)
	if err != nil {
		outcome := NotSent
		if connected.Load() {
			outcome = Lost
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return answer{}, outcome, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if outcome, err := judgeStatus(resp); err != nil {
		return a, outcome, err
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, c.config.Limits.Bytes+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return a, Lost, context.Cause(ctx)
	case err != nil:
		return a, Lost, fmt.Errorf("the answer is cut short: %w", err)
	case int64(len(a.body)) > c.config.Limits.Bytes:
		return a, Lost, fmt.Errorf("the answer is larger than %d bytes", c.config.Limits.Bytes)
	}
	return a, 0, nil
}

// judgeStatus turns away what no Odoo endpoint answers with. A JSON-2 fault
// has a status too, but then also a JSON body.
func judgeStatus(resp *nethttp.Response) (Outcome, error) {
	status := resp.StatusCode
	said := fmt.Errorf("the server answers %d %s", status, nethttp.StatusText(status))
	json := isJSON(resp.Header.Get("Content-Type"))
	switch {
	case status == nethttp.StatusOK:
		return 0, nil
	case status >= 300 && status < 400:
		// Following would carry the secret to wherever it points.
		if location, err := url.Parse(resp.Header.Get("Location")); err == nil && location.Host != "" {
			return Refused, fmt.Errorf("%w, a redirect to %s://%s; put the right address into url", said, location.Scheme, location.Host)
		}
		return Refused, fmt.Errorf("%w, a redirect; put the right address into url", said)
	case status == nethttp.StatusTooManyRequests:
		return NotSent, said
	case status == nethttp.StatusRequestTimeout, status >= 502 && status <= 504:
		return Lost, said
	case status >= 400 && json:
		return 0, nil
	case status >= 400 && status < 500:
		return Refused, said
	}
	return Lost, said
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}
