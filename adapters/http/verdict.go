package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A verdict says what a failure leaves known, and so what may be done about it.
type verdict int

const (
	// busy: the receiver did nothing, and may do it later.
	busy verdict = iota
	// lost: nobody can tell whether the receiver did it.
	lost
	// refused: the receiver did nothing, nor will it before somebody changes
	// something.
	refused
)

// A failure is why one request was not served.
type failure struct {
	verdict verdict
	err     error
	// after is the text of a Retry-After header.
	after string
}

func refuse(err error) *failure { return &failure{verdict: refused, err: err} }

// without returns the failure with secrets taken out of its words, where an
// error repeats what the receiver sent.
func (f *failure) without(secrets []string) *failure {
	if text := f.err.Error(); redact(text, secrets) != text {
		f.err = errors.New(redact(text, secrets))
	}
	return f
}

// redact takes secrets out of text, as they are and as JSON or Go quotes them.
func redact(text string, secrets []string) string {
	for _, secret := range secrets {
		quoted := strconv.Quote(secret)
		text = strings.ReplaceAll(text, secret, "***")
		text = strings.ReplaceAll(text, quoted[1:len(quoted)-1], "***")
	}
	return text
}

// judgeError judges a request that has no answer. connected says that some of
// it may have left.
func judgeError(err error, connected bool) *failure {
	var untrusted *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.As(err, &untrusted):
		return refuse(fmt.Errorf("the receiver's certificate is not trusted: %w (%s)", err, certificateRemedy(untrusted.Err)))
	case errors.As(err, &notTLS) && !connected:
		return refuse(fmt.Errorf("the receiver does not speak TLS there: %w (look at the port, or write http://)", err))
	case refusesCertificate(err):
		return refuse(fmt.Errorf("the receiver does not accept our certificate: %w (look at tls.certificate)", err))
	case isAlert(err) && !connected:
		return refuse(fmt.Errorf("no agreement with the receiver on TLS: %w (it must speak TLS 1.2 or later)", err))
	case !connected:
		return &failure{verdict: busy, err: fmt.Errorf("nothing was sent: %w", err)}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{verdict: lost, err: fmt.Errorf("no answer within the time that timeout gives: %w", err)}
	}
	return &failure{verdict: lost, err: fmt.Errorf("the answer was lost: %w", err)}
}

func certificateRemedy(err error) string {
	var name x509.HostnameError
	if errors.As(err, &name) {
		return "write the name in the URL that the certificate is for"
	}
	return "name the authority that signed it with tls.ca"
}

// refusals are the alerts by which a server ends a handshake because of our
// certificate (RFC 8446, section 6.2). With TLS 1.3 they come only after the
// request was written; a server that sends one has not read it.
var refusals = []tls.AlertError{42, 43, 44, 45, 46, 48, 49, 116}

// isAlert reports whether the receiver ended the connection by a TLS alert.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func refusesCertificate(err error) bool {
	var op *net.OpError
	return isAlert(err) && errors.As(err, &op) &&
		slices.ContainsFunc(refusals, func(alert tls.AlertError) bool { return op.Err.Error() == alert.Error() })
}

// judgeStatus judges an answer that is none of those that were asked for.
func judgeStatus(r *request, status int) verdict {
	switch {
	case status == nethttp.StatusTooManyRequests, status == nethttp.StatusServiceUnavailable && r.repeatable:
		// A 503 is also what a proxy answers whose receiver took the request and
		// hung up: where a repeat does not mend that, nobody can tell.
		return busy
	case status == nethttp.StatusRequestTimeout, status == nethttp.StatusConflict, status >= 500:
		return lost
	case status >= 400, status == nethttp.StatusTemporaryRedirect, status == nethttp.StatusPermanentRedirect:
		return refused
	case r.method == nethttp.MethodGet:
		return refused
	}
	// 202 promises nothing, and a POST may well be done before it is answered
	// by one of the older redirects.
	return lost
}

// remedies are what a person may do about a status.
var remedies = map[int]string{
	nethttp.StatusAccepted:            "202 does not say that the invoice is saved",
	nethttp.StatusUnauthorized:        "look at bearer, basic.user, signing_secret",
	nethttp.StatusForbidden:           "look at bearer, basic.user, signing_secret",
	nethttp.StatusNotFound:            "look at url",
	nethttp.StatusMethodNotAllowed:    "look at url, and whether the receiver has what find = true says",
	nethttp.StatusConflict:            "a request with this key is still being worked on",
	nethttp.StatusServiceUnavailable:  "by the receiver itself, or by a proxy after it",
	nethttp.StatusUnprocessableEntity: "the receiver has other content under this key, or does not take this content",
}

// explain words an answer that is a failure.
func explain(ans answer, secrets []string) error {
	text := fmt.Sprintf("answered %d", ans.status)
	if name := nethttp.StatusText(ans.status); name != "" {
		text += " " + name
	}
	if said := excerpt(ans.body, secrets); said != "" {
		text += fmt.Sprintf(", %q", said)
	}
	remedy := remedies[ans.status]
	if ans.status >= 300 && ans.status < 400 {
		remedy = "redirects are not followed: write the URL that it leads to"
	}
	if remedy != "" {
		text += " (" + remedy + ")"
	}
	return errors.New(text)
}

// excerpt is the beginning of what an answer says, in one line and without the
// secrets that it may repeat. Of problem details (RFC 9457) it is the detail.
func excerpt(body []byte, secrets []string) string {
	const most = 200
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	if value := jsontext.Value(body); value.Canonicalize() == nil {
		body = value // a secret in it is escaped as redact expects
	}
	text := string(body)
	if json.Unmarshal(body, &problem) == nil && problem.Title+problem.Detail != "" {
		text = strings.Trim(problem.Title+": "+problem.Detail, ": ")
	}
	text = redact(text, secrets)
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return text
}
