package http

import (
	"context"
	"errors"
	"fmt"
	"iter"
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/internal/pricing"
)

// CheckHealth checks that files and secrets can be read, that the receiver
// answers, and the prices. Where find = true it asks for an invoice that
// cannot be there; otherwise it sends a HEAD request, to which any answer is
// good that neither turns us away nor tells of a fault. Nothing is sent twice.
func (a *Invoice) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if !yield("files and secrets", a.checkSecrets()) || !yield("receiver", a.checkReceiver(ctx)) {
			return
		}
		if a.config.RatesURL != nil {
			yield("rates URL", a.probe(ctx, a.config.RatesURL, nethttp.StatusNotFound))
			return
		}
		for name, err := range pricing.Check(ctx, a.config.Rates) {
			if !yield(name, err) {
				return
			}
		}
	}
}

func (a *Invoice) checkSecrets() error {
	_, err := a.config.TLS.load()
	errs := []error{err}
	if !a.config.Bearer.IsZero() {
		_, err := header("bearer", a.config.Bearer)
		errs = append(errs, err)
	}
	if !a.config.Basic.Password.IsZero() {
		_, err := header("basic.password", a.config.Basic.Password)
		errs = append(errs, err)
	}
	if !a.config.SigningSecret.IsZero() {
		_, err := signer(a.config.SigningSecret)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// noOrder is a key that no order has: those are hashes.
var noOrder = strings.Repeat("0", 64)

func (a *Invoice) checkReceiver(ctx context.Context) error {
	if !a.config.Find {
		return a.probe(ctx, a.config.URL)
	}
	r := request{method: nethttp.MethodGet, url: withQuery(a.config.URL, keyParameter, noOrder), answers: []int{nethttp.StatusNotFound}}
	ans, fail := a.attempt(ctx, &r)
	switch {
	case fail == nil:
		return nil
	case ans.status == nethttp.StatusOK:
		return fmt.Errorf("GET %s?key=: finds an invoice for a key that no order has, so it does not look at the key (remove find = true)", place(a.config.URL))
	}
	return fmt.Errorf("GET %s?key=: %w", place(a.config.URL), fail.err)
}

// probe asks whether somebody answers at u. It is an error where nobody does,
// where we are turned away, and where the answer is one of bad.
func (a *Invoice) probe(ctx context.Context, u *url.URL, bad ...int) error {
	bad = append(bad, nethttp.StatusUnauthorized, nethttp.StatusForbidden, nethttp.StatusProxyAuthRequired, nethttp.StatusTooManyRequests)
	ans, fail := a.attempt(ctx, &request{method: nethttp.MethodHead, url: u, answers: []int{nethttp.StatusOK}})
	if fail != nil && (ans.status == 0 || ans.status >= 500 || slices.Contains(bad, ans.status)) {
		return fmt.Errorf("HEAD %s: %w", place(u), fail.err)
	}
	return nil
}
