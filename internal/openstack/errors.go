package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/openstack-artifice/artifice/internal/web"
)

// A StatusError is an answer that is not what the request asks for.
type StatusError struct {
	Method string
	URL    string // without a query
	Status int    // the HTTP status
	Text   string // what the service says about it, one short line; may be ""
	// After is how long the service wants to be left alone (Retry-After), 0 where
	// it does not say.
	After time.Duration
}

// Busy reports whether the service serves nobody for now, whatever it is asked.
func (e *StatusError) Busy() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable || e.After > 0
}

// Error gives "GET http://...: 404 Not Found: what the service says".
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if e.Text != "" {
		text += ": " + e.Text
	}
	return text
}

// ErrSilent is where a service takes a request and does not answer it in time.
var ErrSilent = errors.New("no answer")

// judgeStatus says whether an answer would be another one later.
func (c *Cloud) judgeStatus(err *StatusError, header http.Header) *failure {
	switch err.Status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		err.After = web.RetryAfter(header.Get("Retry-After"), c.Now())
		return &failure{err: err, again: true, after: err.After}
	}
	return &failure{err: err}
}

// judgeError says what it means that there is no answer.
func (c *Cloud) judgeError(ctx context.Context, where string, err error) *failure {
	var (
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		host     x509.HostnameError
		record   tls.RecordHeaderError
		verify   *tls.CertificateVerificationError
		resolver *net.DNSError
	)
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err // without the URL, which where has
	}
	text := c.redact(err.Error())
	say := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...))
	}
	switch {
	case ctx.Err() != nil:
		return &failure{err: ctx.Err()}
	case errors.Is(err, ErrTooLarge):
		return &failure{err: fmt.Errorf("%s: %w (set it higher)", where, ErrTooLarge)}
	case errors.As(err, &unknown):
		return &failure{err: say("%s (set ca_file, or cacert in clouds.yaml, to the cloud's own authority)", text)}
	case errors.As(err, &invalid), errors.As(err, &host), errors.As(err, &verify):
		return &failure{err: say("%s", text)}
	case errors.As(err, &record):
		return &failure{err: say("it does not speak TLS (does its URL begin with http://?)")}
	case errors.As(err, &resolver) && resolver.IsNotFound:
		return &failure{err: say("there is no host %q", resolver.Name)}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{err: fmt.Errorf("%s: %w within %v (timeout)", where, ErrSilent, c.config.Timeout), again: true, silent: true}
	}
	return &failure{err: say("%s", text), again: isLost(err)}
}

// isLost reports whether a connection was lost, or not to be had, for reasons
// that pass.
func isLost(err error) bool {
	var timeout net.Error
	if errors.As(err, &timeout) {
		return true
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE,
		syscall.ENETUNREACH, syscall.EHOSTUNREACH, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	// net/http has errors of its own without a type for these.
	return strings.Contains(err.Error(), "http: server closed idle connection") || strings.Contains(err.Error(), "transport connection broken")
}

const maxText = 300 // bytes of what a service says that a message holds

// explain is what the body of a failure says, for people. Where it was cut off,
// its end may be a part of a secret, and is left out.
func (c *Cloud) explain(body []byte, header http.Header, cut bool) string {
	if len(body) >= maxExcerpt {
		cut = true
	}
	text := string(body)
	if kind := header.Get("Content-Type"); strings.Contains(kind, "html") || strings.HasPrefix(strings.TrimSpace(text), "<") {
		return "" // the status says as much
	}
	if said := saidInJSON(body); said != "" {
		text, cut = said, false
	}
	text = c.redact(text)
	if cut {
		text = text[:max(0, min(len(text), maxExcerpt)-c.longestSecret())]
	}
	return oneLine(text)
}

// saidInJSON finds the message in what Keystone, Nova and Cinder, and Gnocchi
// answer:
//
//	{"error": {"title": "...", "message": "..."}}
//	{"forbidden": {"code": 403, "message": "..."}}, with a name for each status
//	{"code": 400, "title": "...", "description": "..." or {"cause": "...", ...}}
func saidInJSON(body []byte) string {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	said := answer["description"]
	for name, fault := range answer {
		if members, ok := fault.(map[string]any); ok && (name == "error" || len(answer) == 1) {
			said = members["message"]
		}
	}
	switch said := said.(type) {
	case nil:
		return ""
	case string:
		return said
	default:
		text, err := json.Marshal(said)
		if err != nil {
			return ""
		}
		return string(text)
	}
}

// oneLine makes a text of a server's fit for a line on a terminal.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf)
	}), " ")
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// redact puts *** in place of every secret that was ever sent, as it is and as
// JSON and URLs write it.
func (c *Cloud) redact(text string) string {
	for _, s := range c.hidden() {
		quoted, _ := json.Marshal(s)
		for _, form := range []string{s, strings.Trim(string(quoted), `"`), url.QueryEscape(s), url.PathEscape(s)} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	return text
}

// hidden are the secrets, the longest first: one may hold another.
func (c *Cloud) hidden() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Keys(c.secrets), func(a, b string) int { return len(b) - len(a) })
}

func (c *Cloud) longestSecret() int {
	if all := c.hidden(); len(all) > 0 {
		return len(all[0])
	}
	return 0
}
