package receive

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
)

// A refusal is why a request is not served.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// ServeHTTP takes in one batch: a POST to any path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	samples, size, err := s.take(w, r)
	if err == nil {
		s.counts.add(samples, size)
		s.o.Tell(slog.LevelDebug, fmt.Sprintf("%s: received %s (%d bytes)", sender(r), count(samples, "sample", "samples"), size))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "{\"samples\": %d}\n", samples)
		return
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		refused = refuse(http.StatusServiceUnavailable, "it cannot be kept: %v; send it again", err)
	}
	if s.counts.refuse() {
		s.o.Tell(slog.LevelWarn, fmt.Sprintf("%s: %d %s: %s", sender(r), refused.status, http.StatusText(refused.status), oneLine(refused.text)))
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	switch refused.status {
	case http.StatusUnauthorized:
		header.Add("WWW-Authenticate", "Bearer")
		header.Add("WWW-Authenticate", `Basic realm="artifice"`)
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		header.Set("Retry-After", "10")
	}
	w.WriteHeader(refused.status)
	fmt.Fprintln(w, refused.text)
}

// take keeps the samples of a request that are good. Where it returns an error
// not all of them are kept or set aside, or it is not known.
func (s *Server) take(w http.ResponseWriter, r *http.Request) (samples, size int, err error) {
	if err := s.authorized(r); err != nil {
		return 0, 0, err
	}
	if r.Method != http.MethodPost {
		return 0, 0, refuse(http.StatusMethodNotAllowed, "%s is not how samples are sent (POST them)", oneLine(r.Method))
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return 0, 0, refuse(http.StatusUnsupportedMediaType, "samples are sent as application/json")
	}
	batch, err := s.body(w, r)
	if err != nil {
		return 0, 0, err
	}
	parts, err := s.check(batch)
	if err != nil {
		if path := s.setAside(batch); path != "" {
			s.o.Tell(slog.LevelWarn, "a refused batch was set aside: "+path)
		}
		return 0, 0, refuse(http.StatusBadRequest, "%v", err)
	}
	if parts.Samples > 0 {
		// A sender that gives up does not take back what it sent.
		err = s.o.Keep(context.WithoutCancel(r.Context()), line(parts.Good))
		if err != nil && s.o.IsFull(err) {
			return 0, 0, refuse(http.StatusInsufficientStorage, "the disk is full: %v; make room, and send it again", err)
		}
	}
	if err == nil && parts.Failed > 0 {
		err = s.partly(sender(r), parts)
	}
	return parts.Samples, len(batch), err
}

// partly sets aside what is wrong in a batch whose good samples are kept. Its
// sender is refused only where they could not be set aside: nobody has them then.
func (s *Server) partly(sender string, parts Parts) error {
	tell := s.counts.fail(parts.Failed)
	path := s.setAside(parts.Bad)
	if path == "" {
		return refuse(http.StatusBadRequest, "of %s %d cannot be kept: %v", count(parts.Samples+parts.Failed, "sample", "samples"), parts.Failed, parts.Why)
	}
	if tell {
		s.o.Tell(slog.LevelWarn, fmt.Sprintf("%s: received %s, and set %s aside in %s: %s", sender, count(parts.Samples, "sample", "samples"), count(parts.Failed, "other", "others"), path, oneLine(parts.Why.Error())))
	}
	return nil
}

// authorized compares the token, without telling by its time what of it is
// right.
func (s *Server) authorized(r *http.Request) error {
	if s.o.Token == "" {
		return nil
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, given, _ = r.BasicAuth()
	}
	want, got := sha256.Sum256([]byte(s.o.Token)), sha256.Sum256([]byte(given))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return refuse(http.StatusUnauthorized, "the token is missing or wrong (Authorization: Bearer TOKEN, or https://USER:TOKEN@host)")
	}
	return nil
}

// body reads a request's body, all of it.
func (s *Server) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, s.o.MaxBatch)
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	switch encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, s.unreadable(err)
		}
		body = unzipped
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "the encoding %q is not known (gzip is, and none)", encoding)
	}
	batch, err := io.ReadAll(io.LimitReader(body, s.o.MaxBatch+1))
	if err == nil && int64(len(batch)) > s.o.MaxBatch {
		err = &http.MaxBytesError{Limit: s.o.MaxBatch}
	}
	if err != nil {
		return nil, s.unreadable(err)
	}
	return batch, nil
}

// unreadable says why a body could not be read.
func (s *Server) unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	var timeout net.Error
	switch {
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "the batch is larger than %d bytes (send less at a time, or set receive.max_batch higher)", s.o.MaxBatch)
	case errors.As(err, &timeout) && timeout.Timeout():
		return refuse(http.StatusRequestTimeout, "the batch did not arrive within %v", s.o.Timeout)
	}
	return refuse(http.StatusBadRequest, "the batch did not arrive whole: %v", err)
}

func (s *Server) check(batch []byte) (Parts, error) {
	parts, err := s.o.Check(batch)
	if err == nil && !json.Valid(batch) {
		err = errors.New("not one JSON list of samples, nor one sample")
	}
	return parts, err
}

// setAside keeps apart what cannot be right: its sender will not keep it. It
// returns where, "" where it could not, and told so.
func (s *Server) setAside(text []byte) (path string) {
	path, err := s.o.Refuse(text)
	switch {
	case err != nil:
		s.o.Tell(slog.LevelWarn, "what was refused could not be set aside: "+oneLine(err.Error()))
		return ""
	case path == "":
		s.o.Tell(slog.LevelWarn, "what was refused was not set aside: there is too much already")
	}
	return path
}

// line is a batch without line breaks: in JSON they stand between values only.
func line(batch []byte) []byte {
	for _, end := range []string{"\r", "\n"} {
		batch = bytes.ReplaceAll(batch, []byte(end), []byte(" "))
	}
	return bytes.TrimSpace(batch)
}

// sender is who sent a request, for a line of talk.
func sender(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
