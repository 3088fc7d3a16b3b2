package http

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	nethttp "net/http"
	"net/url"
	"strconv"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/web"
)

// client returns the transport that every request goes through. It is made
// once; an error is not kept, so that a mended file is read.
func (a *Invoice) client() (*nethttp.Transport, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.transport != nil {
		return a.transport, nil
	}
	tlsConfig, err := a.config.TLS.load()
	if err != nil {
		return nil, err
	}
	a.transport = &nethttp.Transport{
		Proxy:                  nethttp.ProxyFromEnvironment,
		TLSClientConfig:        tlsConfig,
		DisableKeepAlives:      true, // see the package's doc
		DisableCompression:     true, // so that max_answer bounds what is held, too
		MaxResponseHeaderBytes: maxHeader,
	}
	return a.transport, nil
}

func (t TLS) load() (*tls.Config, error) {
	return web.TLS(web.Files{
		CA: string(t.CA), CAKey: "tls.ca",
		Certificate: string(t.Certificate), CertificateKey: "tls.certificate",
		Private: t.Key.Reveal, PrivateKey: "tls.key",
	})
}

// sign sets the headers of a request. Secrets are read anew for each, so that
// one may change while the process lives.
func (a *Invoice) sign(req *nethttp.Request, r *request) error {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "artifice")
	if sameOrigin(r.url, a.config.URL) {
		if err := a.authorize(req); err != nil {
			return err
		}
	}
	if r.method != nethttp.MethodPost {
		return nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", `"`+r.key+`"`) // a string as RFC 9651 has it
	if a.config.SigningSecret.IsZero() {
		return nil
	}
	signer, err := signer(a.config.SigningSecret)
	if err != nil {
		return err
	}
	now := a.now()
	signature, err := signer.Sign(r.key, now, r.body)
	if err != nil {
		return fmt.Errorf("signing_secret: %w", err)
	}
	req.Header.Set(standardwebhooks.HeaderWebhookID, r.key)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return nil
}

// secrets are the texts that no message may have, in whatever answer they come
// back. One that cannot be read was not sent either. None is empty.
func (a *Invoice) secrets() []string {
	var all []string
	if token, err := a.config.Bearer.Reveal(); err == nil {
		all = append(all, token)
	}
	if password, err := a.config.Basic.Password.Reveal(); err == nil {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(a.config.Basic.User+":"+password)), password)
	}
	if secret, err := a.config.SigningSecret.Reveal(); err == nil {
		all = append(all, secret)
		if key := strings.TrimPrefix(secret, "whsec_"); key != "" {
			all = append(all, key)
		}
	}
	return append(all, append(keysIn(a.config.URL), keysIn(a.config.RatesURL)...)...)
}

// shortestKey is how long a value in a URL is at least that may be a key.
// Shorter ones are words that stand in many a text.
const shortestKey = 8

// keysIn are the values in the query of a URL, as some receivers want their
// keys there.
func keysIn(u *url.URL) []string {
	if u == nil {
		return nil
	}
	var all []string
	for _, values := range u.Query() {
		for _, value := range values {
			if len(value) >= shortestKey {
				all = append(all, value, url.QueryEscape(value))
			}
		}
	}
	return all
}

// sameOrigin keeps what authorizes us at the receiver from a rates URL that is
// somewhere else.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && web.SameHost(a, b)
}

func (a *Invoice) authorize(req *nethttp.Request) error {
	switch {
	case !a.config.Bearer.IsZero():
		token, err := header("bearer", a.config.Bearer)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	case !a.config.Basic.Password.IsZero():
		password, err := header("basic.password", a.config.Basic.Password)
		if err != nil {
			return err
		}
		req.SetBasicAuth(a.config.Basic.User, password)
	}
	return nil
}

// header reads a secret that goes into a header, where a line end in it would
// begin another one.
func header(key string, s config.Secret) (string, error) {
	value, err := s.Reveal()
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	if !printable(value) {
		return "", fmt.Errorf("%s: the secret holds a control character (is there more than one line?)", key)
	}
	return value, nil
}

func signer(s config.Secret) (*standardwebhooks.Webhook, error) {
	secret, err := s.Reveal()
	if err != nil {
		return nil, fmt.Errorf("signing_secret: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return nil, errors.New("signing_secret: it is not base64, with or without whsec_ before it")
	}
	return standardwebhooks.NewWebhookRaw(key)
}
