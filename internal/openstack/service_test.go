package openstack

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answers serves one after the other, the last for ever.
func answers(all ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		all[min(int(n.Add(1)), len(all))-1](w, r)
	}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		if code == http.StatusOK {
			fmt.Fprint(w, `{"n": 1}`)
		}
	}
}

// hangUp ends the connection in the middle of an answer.
func hangUp(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	fmt.Fprint(w, `{"n":`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// drop ends the connection before there is an answer.
func drop(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }

func TestRetries(t *testing.T) {
	date := time.Date(2026, 10, 1, 12, 0, 20, 0, time.UTC).Format(http.TimeFormat)
	for _, test := range []struct {
		name    string
		request Request
		service http.HandlerFunc
		asked   int
		slept   string
		err     string // "" for success
	}{
		{"a good answer", Request{}, status(200), 1, "", ""},
		{"busy", Request{}, answers(status(503), status(502), status(504), status(500), status(429), status(200)), 6, "1s 2s 4s 8s 16s", ""},
		{"lost before an answer", Request{}, answers(drop, drop, status(200)), 3, "1s 2s", ""},
		{"lost in an answer", Request{}, answers(hangUp, status(200)), 2, "1s", ""},
		{"down for good", Request{}, status(503), 14, "1s 2s 4s 8s 16s 30s 30s 30s 30s 30s 30s 30s 30s", "503 Service Unavailable; gave up after 4m31s (retry_for is 5m0s)"},
		{"Retry-After in seconds", Request{}, answers(status(429, "Retry-After", "7"), status(200)), 2, "8s", ""},
		{"Retry-After as a date", Request{}, answers(status(503, "Retry-After", date), status(200)), 2, "21s", ""},
		{"Retry-After without sense", Request{}, answers(status(503, "Retry-After", "soon"), status(200)), 2, "1s", ""},
		{"Retry-After without an end", Request{}, status(503, "Retry-After", "99999999999999999999"), 1, "", "wants to be asked again after 8760h0m0s"},
		{"Retry-After too long", Request{}, status(429, "Retry-After", "3600"), 1, "", "wants to be asked again after 1h0m0s, which is later than retry_for allows"},
		{"a request that is wrong", Request{}, status(400), 1, "", "400 Bad Request"},
		{"forbidden", Request{}, status(403), 1, "", "403 Forbidden"},
		{"not there, which is an answer", Request{Accept: []int{404}}, status(404), 1, "", ""},
		{"not implemented", Request{}, status(501), 1, "", "501"},
		{"a redirect", Request{}, status(302, "Location", "http://192.0.2.1/"), 1, "", "it points elsewhere"},
		{"a POST that is lost", Request{Method: "POST", Body: []byte("{}")}, drop, 1, "", "EOF"},
		{"a POST that may have been served", Request{Method: "POST", Body: []byte("{}")}, status(503), 1, "", "503"},
		{"a POST that was not served", Request{Method: "POST", Body: []byte("{}")}, answers(status(429), status(200)), 2, "1s", ""},
		{"a search that is lost", Request{Method: "POST", Body: []byte("{}"), Repeatable: true}, answers(drop, hangUp, status(500), status(200)), 4, "1s 2s 4s", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.Config.SetKeepAlivesEnabled(false) // or the transport itself asks again, once
			var asked atomic.Int64
			f.service = func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if body, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(body, test.request.Body) {
					t.Errorf("the body is %q, %v", body, err)
				}
				test.service(w, r)
			}
			test.request.Path = "v1/x"
			answer, err := f.open(t).Service("metric", nil).Do(t.Context(), test.request)
			if test.err != "" {
				wantError(t, err, test.err, "the cloud at 127.0.0.1")
			} else if err != nil {
				t.Fatal(err)
			} else if answer.Status == http.StatusOK && string(answer.Body) != `{"n": 1}` {
				t.Errorf("the answer is %q", answer.Body)
			}
			if n := int(asked.Load()); n != test.asked {
				t.Errorf("asked %d times, want %d", n, test.asked)
			}
			var slept []string
			for _, d := range f.clock.slept {
				slept = append(slept, d.String())
			}
			if got := strings.Join(slept, " "); got != test.slept {
				t.Errorf("waited %s, want %s", got, test.slept)
			}
		})
	}
}

// TestClosedConnection has the service close a connection that the next request
// is sent on: that is no reason to wait, unless it may have been served.
func TestClosedConnection(t *testing.T) {
	for _, repeatable := range []bool{true, false} {
		f := newFake(t)
		f.service = answers(status(200), drop, status(200))
		s := f.open(t).Service("metric", nil)
		var err error
		for range 2 {
			_, err = s.Do(t.Context(), Request{Method: "POST", Body: []byte("{}"), Repeatable: repeatable})
		}
		if (err == nil) != repeatable || len(f.clock.slept) > 0 {
			t.Errorf("repeatable %v: %v, and waited %v", repeatable, err, f.clock.slept)
		}
	}
}

// TestNoHTTP has the service answer what is no HTTP, and tells a secret.
func TestNoHTTP(t *testing.T) {
	f := newFake(t)
	f.service = func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprintf(conn, "%s %s\n\n", r.Header.Get("X-Auth-Token"), canary)
		conn.Close()
	}
	_, err := f.open(t).Service("metric", nil).Do(t.Context(), Request{})
	wantError(t, err, "malformed HTTP", "***")
}

func TestNobodyListens(t *testing.T) {
	f := newFake(t)
	cloud := f.open(t)
	gone := newFake(t)
	gone.Close()
	_, err := cloud.Service("metric", mustURL(t, gone.URL)).Do(t.Context(), Request{Path: "v1"})
	wantError(t, err, "connection refused", "gave up after 4m31s (retry_for is 5m0s)")
	_, err = cloud.Service("metric", mustURL(t, "http://host.invalid")).Do(t.Context(), Request{Path: "v1"})
	wantError(t, err, "host.invalid")
}

func TestRetryAfterIsForAll(t *testing.T) {
	f := newFake(t)
	cloud := f.open(t)
	s := cloud.Service("metric", nil)
	f.service = status(429, "Retry-After", "200")
	impatient := cloud.Options.Sleep
	cloud.Options.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	if _, err := s.Do(t.Context(), Request{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	cloud.Options.Sleep = impatient
	f.service = status(200)
	if _, err := s.Do(t.Context(), Request{}); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{201 * time.Second}; !cmp.Equal(f.clock.slept, want) {
		t.Errorf("another request waited %v, want %v", f.clock.slept, want)
	}
}

// TestRetryAfterTooLong: a service that wants to be left alone for longer than
// retry_for is not asked by other requests either, until then.
func TestRetryAfterTooLong(t *testing.T) {
	f := newFake(t)
	s := f.open(t).Service("metric", nil)
	var asked atomic.Int64
	f.service = func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		status(503, "Retry-After", "600")(w, r)
	}
	for range 3 {
		_, err := s.Do(t.Context(), Request{Path: "v1"})
		wantError(t, err, "503 Service Unavailable; it wants to be asked again after 10m0s, which is later than retry_for allows")
		if e := (*StatusError)(nil); !errors.As(err, &e) || !e.Busy() || e.After != 10*time.Minute {
			t.Errorf("the error is %+v", e)
		}
	}
	if n := asked.Load(); n != 1 || len(f.clock.slept) > 0 {
		t.Errorf("asked %d times, and waited %v", n, f.clock.slept)
	}
	f.clock.advance(10 * time.Minute)
	f.service = status(200)
	if _, err := s.Do(t.Context(), Request{Path: "v1"}); err != nil {
		t.Error(err)
	}
}

func TestCancel(t *testing.T) {
	for _, where := range []string{"keystone", "service"} {
		f := newFake(t)
		asked, hang := make(chan struct{}), make(chan struct{})
		t.Cleanup(func() { close(hang) })
		slow := func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-hang
		}
		if where == "keystone" {
			f.keystone = slow
		} else {
			f.service = slow
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			cancel()
		}()
		// It ends although nothing ever answers, and no clock goes on.
		_, err := f.open(t).Service("metric", nil).Do(ctx, Request{Path: "v1"})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", where, err)
		}
	}
}

func TestTimeout(t *testing.T) {
	f := newFake(t)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	f.service = answers(func(w http.ResponseWriter, r *http.Request) { <-hang }, status(200))
	c := f.config(t)
	c.Timeout = 250 * time.Millisecond
	cloud := mustOpen(t, c, f.clock.options())
	if _, err := cloud.Service("metric", nil).Do(t.Context(), Request{}); err != nil || len(f.clock.slept) != 1 {
		t.Errorf("after a silence: %v, and waited %v", err, f.clock.slept)
	}
}

func TestConcurrency(t *testing.T) {
	f := newFake(t)
	var now, most atomic.Int64
	arrived, leave := make(chan struct{}, 100), make(chan struct{})
	f.service = func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		arrived <- struct{}{}
		<-leave
		now.Add(-1)
	}
	c := f.config(t)
	c.Concurrency = 3
	s := mustOpen(t, c, f.clock.options()).Service("metric", nil)
	done := make(chan error)
	for range 10 {
		go func() {
			_, err := s.Do(t.Context(), Request{})
			done <- err
		}()
	}
	for range 3 {
		<-arrived
	}
	for range 50 { // each as long as another request would take to arrive
		if _, err := s.cloud.Service("metric", mustURL(t, f.URL)).Do(t.Context(), Request{Accept: []int{http.StatusNotFound}}); err != nil {
			t.Fatal(err)
		}
	}
	close(leave)
	for range 10 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 3 {
		t.Errorf("%d requests at a time", most.Load())
	}
}

func TestAnswersAreBounded(t *testing.T) {
	f := newFake(t)
	s := f.open(t).Service("metric", nil)
	body := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.Write(bytes.Repeat([]byte("1"), n)) }
	}
	f.service = body(1 << 20)
	if answer, err := s.Do(t.Context(), Request{}); err != nil || len(answer.Body) != 1<<20 {
		t.Errorf("the largest answer: %v", err)
	}
	f.service = body(1<<20 + 1)
	_, err := s.Do(t.Context(), Request{})
	wantError(t, err, "larger than max_answer")
	f.service = func(w http.ResponseWriter, r *http.Request) { // small on the wire
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(make([]byte, 8<<20))
		z.Close()
	}
	_, err = s.Do(t.Context(), Request{})
	wantError(t, err, "larger than max_answer")
	if len(f.clock.slept) != 0 {
		t.Error("an answer that is too large was asked for again")
	}
}

func TestLinks(t *testing.T) {
	const other = "would carry the token away"
	for _, test := range []struct{ endpoint, path, query, want string }{
		{"http://g:8041", "v1/resource/volume", "", "http://g:8041/v1/resource/volume"},
		{"http://g:8041/", "/v1/resource/volume?limit=2", "marker=a", "http://g:8041/v1/resource/volume?limit=2&marker=a"},
		{"https://c/metric/", "v1/x", "limit=1", "https://c/metric/v1/x?limit=1"},
		{"https://c/metric", "v1/a%2Fb", "", "https://c/metric/v1/a%2Fb"},
		{"https://c/metric", "", "", "https://c/metric"},
		{"https://c/metric", "../identity/v3", "", "leads out of the endpoint"},
		{"https://c/metric", "v1/../../admin", "", "leads out of the endpoint"},
		{"https://c/metric", "https://c/metric/v1/x?marker=a%40b", "", "https://c/metric/v1/x?marker=a%40b"},
		{"https://c/metric", "https://C:443/metric/v1/x", "", "https://c/metric/v1/x"},
		{"https://c/metric", "http://c/metric/v1/x", "", "https://c/metric/v1/x"}, // behind a proxy that ends TLS
		{"https://c:8041", "http://c/v1/x", "", "https://c:8041/v1/x"},
		{"https://c/metric", "http://c:8041/metric/v1/x", "", other},
		{"http://c", "https://c/v1", "", other},
		{"http://c:8041", "http://c:8042/v1", "", other},
		{"https://c", "https://evil/v1", "", other},
		{"https://c", "https://c.evil/v1", "", other},
		{"https://c", "//evil/v1", "", other},
		{"https://c", "https://c@evil/v1", "", "holds a user"},
		{"https://c", "https://u:p@c/v1", "", "holds a user"},
		{"https://c", "ftp://c/v1", "", "begins with"},
		{"https://c", "mailto:x", "", "begins with"},
		{"https://c", "http://[", "", "neither a path nor a link"},
	} {
		query, _ := url.ParseQuery(test.query)
		u, err := follow(mustURL(t, test.endpoint), test.path, query)
		if err != nil && !strings.Contains(err.Error(), test.want) || err == nil && u.String() != test.want {
			t.Errorf("%s from %s: %v, %v; want %s", test.path, test.endpoint, u, err, test.want)
		}
	}
}

func TestLinkToAnotherHostIsNotAsked(t *testing.T) {
	evil := newFake(t)
	f := newFake(t)
	f.service = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<`+evil.URL+`/v1/x?marker=1>; rel="next"`)
	}
	s := f.open(t).Service("metric", nil)
	answer, err := s.Do(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Do(t.Context(), Request{Path: answer.Next()})
	wantError(t, err, "would carry the token away", `service "metric"`)
	if len(evil.requests) > 0 {
		t.Errorf("the other host was asked %q", evil.requests)
	}
}

func TestNext(t *testing.T) {
	for _, test := range []struct{ header, want string }{
		{``, ""},
		{`<http://g/v1?a=1>; rel="next"`, "http://g/v1?a=1"},
		{`<http://g/v1,2>; title="a, <b>"; rel=next`, "http://g/v1,2"},
		{`<http://g/p>; rel="prev", <?marker=2>; rel="last next"`, "http://g/v1/x?marker=2"},
		{`<http://g/p>; rel="prev"`, ""},
		{`<http://g/p>; rel="nextcloud"; title="rel=next"`, ""},
		{`<http://g/p`, ""},
		{`rel=next`, ""},
	} {
		a := Answer{Header: http.Header{"Link": {test.header}}, URL: mustURL(t, "http://g/v1/x?marker=1")}
		if got := a.Next(); got != test.want {
			t.Errorf("%s: %q, want %q", test.header, got, test.want)
		}
	}
}

func TestDecode(t *testing.T) {
	f := newFake(t)
	f.service = func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Query().Get("say")) }
	s := f.open(t).Service("metric", nil)
	for say, want := range map[string]string{
		`[1, 12345678901234567890.5]`: "",
		`[1] x`:                       "text after the value",
		`[1`:                          "unexpected EOF",
		``:                            "EOF",
		`{}`:                          "cannot unmarshal object",
	} {
		answer, err := s.Do(t.Context(), Request{Path: "v1", Query: url.Values{"say": {say}}})
		if err != nil {
			t.Fatal(err)
		}
		var values []any
		err = answer.Decode(&values)
		if want == "" {
			if err != nil || !cmp.Equal(values, []any{json.Number("1"), json.Number("12345678901234567890.5")}) {
				t.Errorf("%v, %v", values, err)
			}
			continue
		}
		wantError(t, err, want, f.URL+"/metric/v1 ")
	}
}

func TestExplain(t *testing.T) {
	f := newFake(t)
	cloud := f.open(t)
	if _, err := cloud.token(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	cloud.hide(canary + "-longer")
	for _, test := range []struct{ kind, body, want string }{
		{"text/plain", canary + "-longer " + canary, "400 Bad Request: *** ***"},
		{"application/json", `{"code": 400, "title": "Bad Request", "description": {"cause": "Metrics not found", "detail": []}}`, `400 Bad Request: {"cause":"Metrics not found","detail":[]}`},
		{"application/json", `{"code": 404, "title": "Not Found", "description": "Metric x does not exist"}`, "400 Bad Request: Metric x does not exist"},
		{"application/json", `{"error": {"code": 403, "message": "You are not authorized"}}`, "400 Bad Request: You are not authorized"},
		{"application/json", `{"error": {"message": "You are not authorized"}, "more": 1}`, "400 Bad Request: You are not authorized"},
		{"application/json", `{"badRequest": {"code": 400, "message": "Invalid marker"}}`, "400 Bad Request: Invalid marker"},
		{"application/json", `{"description": {"message": "x"}, "more": {"message": "y"}}`, `400 Bad Request: {"message":"x"}`},
		{"application/json", `{"badRequest": "Invalid"}`, `400 Bad Request: {"badRequest": "Invalid"}`},
		{"text/html", "<html><h1>Oops</h1></html>", "400 Bad Request"},
		{"text/plain", " <html>", "400 Bad Request"},
		{"text/plain", "a\tb\r\n\u202e\x1b[31mc " + canary + " token-1", "400 Bad Request: a b [31mc *** ***"},
		{"text/plain", url.QueryEscape(canary), "400 Bad Request: ***"},
		{"text/plain", strings.Repeat("ü", 1000), "400 Bad Request: " + strings.Repeat("ü", 150) + "..."},
		{"text/plain", strings.Repeat(canary, 600), "400 Bad Request: " + strings.Repeat("***", 100) + "..."},
		{"application/json", `[` + strings.Repeat("[", 1<<14), "400 Bad Request: " + strings.Repeat("[", 300) + "..."},
	} {
		f.service = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", test.kind)
			w.WriteHeader(400)
			io.WriteString(w, test.body)
		}
		_, err := cloud.Service("metric", nil).Do(t.Context(), Request{Path: "v1/x", Query: url.Values{"q": {"hidden"}}})
		var s *StatusError
		if want := "the cloud at " + strings.TrimPrefix(f.URL, "http://") + ": GET " + f.URL + "/metric/v1/x: " + test.want; err == nil || err.Error() != want || !errors.As(err, &s) {
			t.Errorf("the error is\n%v\nwant\n%s", err, want)
		}
	}
}
