package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// ErrLogin is where Keystone refuses the login.
var ErrLogin = errors.New("login refused")

const (
	// renewBefore is how long before its end a token is renewed, so that a long
	// request does not outlive it; of a short life it is a quarter.
	renewBefore = 5 * time.Minute
	// renewPause is how long a failed renewal ahead of time is let be.
	renewPause = 30 * time.Second
	// refusalHolds is how long a refused login is not tried again: many refused
	// logins would lock the user out.
	refusalHolds = 30 * time.Second
)

// A token lets requests be sent until it expires, by our own clock.
type token struct {
	id      string
	catalog []tokens.CatalogEntry
	skew    time.Duration // by how much our clock is ahead of Keystone's, about
	renew   time.Time     // when to ask for another
	expires time.Time
}

// A refusal is what Keystone said to a login.
type refusal struct {
	err   error
	until time.Time
}

// token returns a token that is good for a while, and not the stale one, which
// a service refused. It renews the token where that is due.
func (c *Cloud) token(ctx context.Context, stale string) (*token, error) {
	if t, due := c.known(stale); t != nil {
		if !due {
			return t, nil
		}
		select {
		case c.renewing <- struct{}{}:
		default:
			return t, nil // somebody else renews it
		}
	} else {
		select {
		case c.renewing <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { <-c.renewing }()

	old, due := c.known(stale)
	if old != nil && !due {
		return old, nil // it was renewed meanwhile
	}
	if old != nil {
		t, fail := c.ask(ctx)
		if fail == nil {
			return c.keep(t), nil
		}
		// The old one will do until Keystone is back.
		c.Log.Warn("cannot renew the token yet", "cloud", c.String(), "error", fail.err)
		c.mu.Lock()
		old.renew = c.Now().Add(renewPause)
		c.mu.Unlock()
		return old, nil
	}
	if err := c.refused(); err != nil {
		return nil, err
	}
	var t *token
	err := c.patience.try(ctx, c, false, func() (fail *failure) {
		t, fail = c.ask(ctx)
		return fail
	})
	if err != nil {
		if errors.Is(err, ErrLogin) {
			c.mu.Lock()
			c.refusal = &refusal{err, c.Now().Add(refusalHolds)}
			c.mu.Unlock()
		}
		return nil, err
	}
	return c.keep(t), nil
}

// known returns the token that is at hand, if it can be used, and whether it is
// due to be renewed.
func (c *Cloud) known(stale string) (t *token, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Now()
	if c.current == nil || c.current.id == stale || !now.Before(c.current.expires) {
		return nil, true
	}
	return c.current, !now.Before(c.current.renew)
}

func (c *Cloud) keep(t *token) *token {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.refusal = t, nil
	return t
}

// refused returns what Keystone said to the login a moment ago.
func (c *Cloud) refused() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusal == nil || !c.Now().Before(c.refusal.until) {
		return nil
	}
	return c.refusal.err
}

// ask asks Keystone for a token once.
func (c *Cloud) ask(ctx context.Context) (*token, *failure) {
	auth, err := c.login.auth()
	if err != nil {
		return nil, &failure{err: fmt.Errorf("%s: %w", c.login.remedy, err)}
	}
	c.hideAuth(auth)
	if err := checkAuth(auth); err != nil {
		return nil, &failure{err: fmt.Errorf("%s in %s: %w", c, c.login.remedy, err)}
	}
	within, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	provider := &gophercloud.ProviderClient{HTTPClient: http.Client{
		Transport:     &bounded{base: c.transport, limit: int64(c.config.MaxAnswer)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	provider.UserAgent.Prepend("artifice")
	keystone := &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: c.login.base.String() + "/"}
	sent := c.Now()
	result := tokens.Create(within, keystone, &auth)
	if result.Err != nil {
		return nil, c.judgeLogin(ctx, auth, result.Err)
	}
	t, err := readToken(result, sent, c.Now())
	if err != nil {
		return nil, &failure{err: fmt.Errorf("%s: Keystone at %s: %w", c, c.login.base, err)}
	}
	c.hide(t.id)
	c.Log.Debug("got a token", "cloud", c.String(), "expires", t.expires)
	return t, nil
}

// readToken reads Keystone's answer to a request that was sent and answered at
// these times by our clock. That clock may be off: what counts of a token's
// times is how long it lives.
func readToken(result tokens.CreateResult, sent, answered time.Time) (*token, error) {
	var body struct {
		ExpiresAt time.Time             `json:"expires_at"`
		IssuedAt  time.Time             `json:"issued_at"`
		Catalog   []tokens.CatalogEntry `json:"catalog"`
	}
	if err := result.ExtractInto(&body); err != nil {
		return nil, errors.New("its answer to the login is not what Keystone's version 3 answers; is auth_url right?")
	}
	id := result.Header.Get("X-Subject-Token")
	life := body.ExpiresAt.Sub(body.IssuedAt)
	if id == "" || body.ExpiresAt.IsZero() || body.IssuedAt.IsZero() || life <= 0 {
		return nil, errors.New("its answer to the login has no token; is auth_url right?")
	}
	t := &token{id: id, catalog: body.Catalog, expires: sent.Add(life)}
	t.renew = t.expires.Add(-min(renewBefore, life/4))
	var dated bool
	if t.skew, dated = skewOf(result.Header, sent, answered); !dated {
		t.skew = skew(body.IssuedAt, sent, answered)
	}
	return t, nil
}

// judgeLogin says what a failed login means.
func (c *Cloud) judgeLogin(ctx context.Context, auth gophercloud.AuthOptions, err error) *failure {
	where := fmt.Sprintf("%s: Keystone at %s", c, c.login.base)
	var status gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &status) {
		var timeout interface{ Timeout() bool }
		if errors.As(err, &timeout) || errors.Is(err, ErrTooLarge) || isLost(err) {
			return c.judgeError(ctx, where, err)
		}
		// What gophercloud says itself names its own arguments, no values.
		return &failure{err: fmt.Errorf("%s: %s (see %s)", where, c.redact(err.Error()), c.login.remedy)}
	}
	said := c.explain(status.Body, status.ResponseHeader, false)
	if status.Actual == http.StatusUnauthorized {
		return &failure{err: fmt.Errorf("%w: %s does not take %s; it does not tell a wrong password or secret, an unknown or disabled user, and a project without a role apart (see %s)",
			ErrLogin, where, whoIs(auth), c.login.remedy)}
	}
	fail := c.judgeStatus(&StatusError{Method: http.MethodPost, URL: c.login.base.JoinPath("auth", "tokens").String(), Status: status.Actual, Text: said}, status.ResponseHeader)
	fail.err = fmt.Errorf("%s: %w", where, fail.err)
	if status.Actual/100 == 2 {
		fail.err = fmt.Errorf("%w; its answer to the login is not what Keystone's version 3 answers; is auth_url right?", fail.err)
	}
	if status.Actual == http.StatusNotFound || status.Actual/100 == 3 {
		fail.err = fmt.Errorf("%w; is auth_url right?", fail.err)
	}
	return fail
}

// whoIs says who logs in, without what is secret of it.
func whoIs(auth gophercloud.AuthOptions) string {
	who := fmt.Sprintf("user %q", auth.Username+auth.UserID)
	if domain := auth.DomainName + auth.DomainID; domain != "" {
		who += fmt.Sprintf(" of domain %q", domain)
	}
	switch {
	case auth.ApplicationCredentialID != "":
		return fmt.Sprintf("the application credential %q", auth.ApplicationCredentialID)
	case auth.ApplicationCredentialName != "":
		return fmt.Sprintf("the application credential %q of %s", auth.ApplicationCredentialName, who)
	case auth.Scope == nil:
		return who
	case auth.Scope.ProjectID != "" || auth.Scope.ProjectName != "":
		return fmt.Sprintf("%s with project %q", who, auth.Scope.ProjectID+auth.Scope.ProjectName)
	case auth.Scope.DomainID != "" || auth.Scope.DomainName != "":
		return fmt.Sprintf("%s with domain %q", who, auth.Scope.DomainID+auth.Scope.DomainName)
	case auth.Scope.System:
		return who + " with the system"
	}
	return who
}
