package http

import (
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/web"
	"github.com/openstack-artifice/artifice/rates"
)

// Config is the adapter's section of the config.
type Config struct {
	// URL takes an invoice by POST.
	URL *url.URL `ini:"url,required"`
	// Find says that GET URL?key=KEY tells of the invoice with the order's
	// key, and answers 404 where there is none.
	Find bool `ini:"find"`
	// Idempotent says that the receiver answers a repeated Idempotency-Key as
	// it answered the first, so that a lost answer is mended by a repeat.
	Idempotent bool `ini:"idempotent"`
	// Reference is a JSON pointer (RFC 6901) to what the answer calls the
	// invoice. Without one it is the Location header.
	Reference string `ini:"reference"`

	// PerResource asks for a line for each resource, instead of one for each
	// service.
	PerResource bool `ini:"per_resource"`

	// RatesURL gives the prices for a block. Without one, Rates does.
	RatesURL *url.URL     `ini:"rates_url"`
	Rates    rates.Config `ini:"rates"`

	// SigningSecret signs invoices as Standard Webhooks has it: base64, with
	// or without "whsec_" before it.
	SigningSecret config.Secret `ini:"signing_secret"`
	// Bearer is the token of an Authorization header.
	Bearer config.Secret `ini:"bearer"`
	Basic  Basic         `ini:"basic"`
	TLS    TLS           `ini:"tls"`
	// Insecure allows http:// to other machines.
	Insecure bool `ini:"insecure"`

	// Timeout bounds one request, from the connection to the end of the answer.
	Timeout time.Duration `ini:"timeout,default=30s"`
	// RetryFor is how long a receiver that does not serve is asked again.
	RetryFor time.Duration `ini:"retry_for,default=2m"`
	// MaxAnswer is how many bytes of an answer are read.
	MaxAnswer config.Size `ini:"max_answer,default=8MiB"`
}

// Basic is a user and a password for an Authorization header.
type Basic struct {
	User     string        `ini:"user"`
	Password config.Secret `ini:"password"`
}

// TLS says whom to trust, and who we are.
type TLS struct {
	// CA is a file of certificates, PEM. Where it is set, no others are trusted.
	CA config.Path `ini:"ca"`
	// Certificate is a file with our certificate and those between it and its
	// root, PEM; Key is its private key, PEM.
	Certificate config.Path   `ini:"certificate"`
	Key         config.Secret `ini:"key"`
}

// keys yields the keys, and whether they are set.
func (t TLS) keys() iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		_ = yield("tls.ca", t.CA != "") &&
			yield("tls.certificate", t.Certificate != "") &&
			yield("tls.key", !t.Key.IsZero())
	}
}

// keyParameter is the parameter by which the receiver is asked for an invoice.
const keyParameter = "key"

// maxAnswer is the largest MaxAnswer: answers are read into memory.
const maxAnswer = 1 << 30

// Validate reports what no key can tell alone.
func (c Config) Validate() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, &config.KeyError{Key: key, Err: fmt.Errorf(format, args...)})
	}
	if c.URL == nil {
		wrong("url", "is missing (write https://host/path)")
	} else if err := c.checkURL(c.URL); err != nil {
		wrong("url", "%w", err)
	} else if c.Find && c.URL.Query().Has(keyParameter) {
		wrong("url", "has a parameter %q of its own, in whose place find = true sends the order's key (let the receiver take its own from a header: bearer, basic.user)", keyParameter)
	}
	if c.RatesURL != nil {
		if err := c.checkURL(c.RatesURL); err != nil {
			wrong("rates_url", "%w", err)
		}
		for _, name := range []string{"start", "end", "currency"} {
			if c.RatesURL.Query().Has(name) {
				wrong("rates_url", "has a parameter %q of its own, in whose place that of the block is sent (remove it)", name)
			}
		}
		if c.Rates.File != "" || c.Rates.Names != "" {
			wrong("rates_url", "prices come from rates_url or from rates.file, not from both (remove one)")
		}
	}
	if _, err := parsePointer(c.Reference); err != nil {
		wrong("reference", "%w", err)
	}

	user, password := c.Basic.User != "", !c.Basic.Password.IsZero()
	if (user || password) && !c.Bearer.IsZero() {
		wrong("bearer", "requests are authorized by bearer or by basic.user and basic.password, not by both (remove one)")
	}
	switch {
	case user && !password:
		wrong("basic.user", "needs basic.password as well")
	case password && !user:
		wrong("basic.password", "needs basic.user as well")
	case strings.Contains(c.Basic.User, ":") || !printable(c.Basic.User):
		wrong("basic.user", "%q holds a colon or a control character, which no user can have here", c.Basic.User)
	}
	for key, set := range c.TLS.keys() {
		if set && !isHTTPS(c.URL) && !isHTTPS(c.RatesURL) {
			wrong(key, "is for https://, which no URL begins with")
		}
	}
	switch certificate, key := c.TLS.Certificate != "", !c.TLS.Key.IsZero(); {
	case certificate && !key:
		wrong("tls.certificate", "needs tls.key as well")
	case key && !certificate:
		wrong("tls.key", "needs tls.certificate as well")
	}

	if c.Timeout <= 0 {
		wrong("timeout", "%v is no time to wait (write 30s)", c.Timeout)
	}
	if c.RetryFor < 0 {
		wrong("retry_for", "%v is negative (write 0s to try once)", c.RetryFor)
	}
	if c.MaxAnswer <= 0 || c.MaxAnswer > maxAnswer {
		wrong("max_answer", "is not between 1 byte and 1GiB (write 8MiB)")
	}
	return errors.Join(errs...)
}

// checkURL reports why requests cannot go to u. It does not print u, which may
// hold what should not be there.
func (c Config) checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("begins with %s://, not with https://", u.Scheme)
	case u.Hostname() == "":
		return errors.New("names no host (write https://host/path)")
	case u.User != nil:
		return errors.New("holds a user (use basic.user and basic.password, or bearer)")
	case u.Fragment != "":
		return errors.New("has a fragment, which is never sent (remove what begins with #)")
	case web.LeavesOpenly(u) && !c.Insecure:
		return fmt.Errorf("requests would go to %s unencrypted (write https://, or insecure = true)", u.Host)
	}
	return nil
}

func isHTTPS(u *url.URL) bool { return u != nil && u.Scheme == "https" }
