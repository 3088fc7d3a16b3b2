package receive

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A keeper stands for a spool and for what checks samples: a batch that holds
// "bad" is one, and one that holds "odd" has a good sample and an odd one.
type keeper struct {
	mu      sync.Mutex
	kept    []string
	refused []string
	told    []string
	fail    error

	aside     string // where what is refused comes to
	failAside error
}

func (k *keeper) options() Options {
	locked := func(f func()) {
		k.mu.Lock()
		defer k.mu.Unlock()
		f()
	}
	return Options{
		MaxBatch:    100,
		Connections: 4,
		Timeout:     time.Minute,
		Every:       time.Hour,
		Check: func(batch []byte) (Parts, error) {
			switch {
			case bytes.Contains(batch, []byte("bad")):
				return Parts{}, errors.New("batch:1: sample 1: bad\nbatch:2: sample 2: bad")
			case bytes.Contains(batch, []byte("odd")):
				return Parts{Good: []byte("[{}]"), Samples: 1, Bad: []byte(`[{"odd":1}]`), Failed: 1, Why: errors.New("batch:1: sample 2: odd")}, nil
			}
			return Parts{Good: batch, Samples: bytes.Count(batch, []byte("{"))}, nil
		},
		Keep: func(_ context.Context, batch []byte) error {
			locked(func() { k.kept = append(k.kept, string(batch)) })
			return k.fail
		},
		Refuse: func(batch []byte) (string, error) {
			locked(func() { k.refused = append(k.refused, string(batch)) })
			return k.aside, k.failAside
		},
		IsFull: func(err error) bool { return errors.Is(err, syscall.ENOSPC) },
		Tell: func(level slog.Level, line string) {
			locked(func() { k.told = append(k.told, level.String()+" "+line) })
		},
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func TestTake(t *testing.T) {
	json := http.Header{"Content-Type": {"application/json"}}
	with := func(pairs ...string) http.Header {
		h := json.Clone()
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, test := range []struct {
		name   string
		token  string
		method string // "" is POST
		header http.Header
		body   string
		fail   error
		status int
		answer string // a part of it
		kept   string
		aside  string
	}{
		{name: "a list", header: json, body: `[{},{}]`, status: 200, answer: `{"samples": 2}`, kept: `[{},{}]`},
		{name: "one sample", header: json, body: `{}`, status: 200, answer: `{"samples": 1}`, kept: `{}`},
		{name: "with a charset", header: with("Content-Type", "application/json; charset=utf-8"), body: `[{}]`, status: 200, kept: `[{}]`},
		{name: "lines", header: json, body: "[\r\n {},\n {}\n]\n", status: 200, kept: `[   {},  {} ]`},
		{name: "no samples", header: json, body: `[]`, status: 200, answer: `{"samples": 0}`},
		{name: "gzip", header: with("Content-Encoding", "gzip"), body: zipped(`[{}]`), status: 200, kept: `[{}]`},
		{name: "no gzip", header: with("Content-Encoding", "gzip"), body: `[{}]`, status: 400, answer: "did not arrive whole"},
		{name: "half of a gzip", header: with("Content-Encoding", "gzip"), body: zipped(`[{}]`)[:20], status: 400, answer: "did not arrive whole"},
		{name: "a bomb", header: with("Content-Encoding", "gzip"), body: zipped(strings.Repeat(" ", 101)), status: 413, answer: "larger than 100 bytes"},
		{name: "another encoding", header: with("Content-Encoding", "br"), body: `[{}]`, status: 415, answer: `"br" is not known`},
		{name: "as large as may be", header: json, body: `[{}` + strings.Repeat(" ", 96) + `]`, status: 200, kept: `[{}` + strings.Repeat(" ", 96) + `]`},
		{name: "too large", header: json, body: `[{}` + strings.Repeat(" ", 97) + `]`, status: 413, answer: "larger than 100 bytes"},
		{name: "bad samples", header: json, body: `[{"bad":1}]`, status: 400, answer: "batch:1: sample 1: bad\nbatch:2: sample 2: bad\n", aside: `[{"bad":1}]`},
		{name: "no JSON", header: json, body: `[{}`, status: 400, answer: "not one JSON list", aside: `[{}`},
		{name: "two lists", header: json, body: `[{}] [{}]`, status: 400, answer: "not one JSON list", aside: `[{}] [{}]`},
		{name: "a form", header: with("Content-Type", "application/x-www-form-urlencoded"), body: `a=b`, status: 415, answer: "application/json"},
		{name: "no type", header: http.Header{}, body: `[{}]`, status: 415, answer: "application/json"},
		{name: "a look", method: "GET", header: json, status: 405, answer: "POST them"},
		{name: "full", header: json, body: `[{}]`, fail: syscall.ENOSPC, status: 507, answer: "the disk is full", kept: `[{}]`},
		{name: "broken", header: json, body: `[{}]`, fail: syscall.EIO, status: 503, answer: "send it again", kept: `[{}]`},
		{name: "bearer", token: "secret", header: with("Authorization", "Bearer secret"), body: `[{}]`, status: 200, kept: `[{}]`},
		{name: "basic", token: "secret", header: with("Authorization", "Basic Y2VpbDpzZWNyZXQ="), body: `[{}]`, status: 200, kept: `[{}]`}, // ceil:secret
		{name: "no token", token: "secret", header: json, body: `[{}]`, status: 401, answer: "missing or wrong"},
		{name: "another token", token: "secret", header: with("Authorization", "Bearer secrets"), body: `[{}]`, status: 401},
		{name: "an empty token", token: "secret", header: with("Authorization", "Bearer "), body: `[{}]`, status: 401},
		{name: "no token, no method", token: "secret", method: "GET", header: json, status: 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := &keeper{fail: test.fail}
			o := k.options()
			o.Token = test.token
			method := test.method
			if method == "" {
				method = http.MethodPost
			}
			r := httptest.NewRequest(method, "/any/path?x=y", strings.NewReader(test.body))
			r.Header = test.header
			w := httptest.NewRecorder()
			New(o).ServeHTTP(w, r)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.answer) {
				t.Errorf("%d %q, want %d with %q", w.Code, w.Body, test.status, test.answer)
			}
			if got := strings.Join(k.kept, "|"); got != test.kept {
				t.Errorf("kept is %q, want %q", got, test.kept)
			}
			if got := strings.Join(k.refused, "|"); got != test.aside {
				t.Errorf("set aside is %q, want %q", got, test.aside)
			}
			if told := strings.Join(k.told, "\n"); (test.status == 200) == strings.Contains(told, "WARN") || strings.Contains(told, "secret") {
				t.Errorf("told is %q", told)
			}
			if again := w.Header().Get("Retry-After"); (again != "") != (test.status >= 500) {
				t.Errorf("status %d with Retry-After %q", test.status, again)
			}
		})
	}
}

// One odd sample does not cost the others: they are kept, whether it can be set
// aside or not. Then alone its sender is refused, and everybody hears of it.
func TestTakePartly(t *testing.T) {
	for _, test := range []struct {
		aside     string
		failAside error
		fail      error // of keeping
		status    int
		answer    string
		told      string
		refused   int
	}{
		{"there", nil, nil, 200, `{"samples": 1}`, "WARN 192.0.2.1: received 1 sample, and set 1 other aside in there: batch:1: sample 2: odd", 1},
		{"", nil, nil, 400, "of 2 samples 1 cannot be kept: batch:1: sample 2: odd", "there is too much already", 1},
		{"", errors.New("broken"), nil, 400, "of 2 samples 1 cannot be kept: batch:1: sample 2: odd", "could not be set aside: broken", 1},
		{"there", nil, syscall.ENOSPC, 507, "the disk is full", "507", 0},
	} {
		k := &keeper{aside: test.aside, failAside: test.failAside, fail: test.fail}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`[{},{"odd":1}]`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		server := New(k.options())
		server.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.answer) {
			t.Errorf("%d %q, want %d with %q", w.Code, w.Body, test.status, test.answer)
		}
		if told := strings.Join(k.told, "\n"); !strings.Contains(told, test.told) {
			t.Errorf("told is %q, want %q", told, test.told)
		}
		if strings.Join(k.kept, "|") != "[{}]" || len(k.refused) != test.refused {
			t.Errorf("kept is %q, set aside %q", k.kept, k.refused)
		}
		k.told = nil
		server.tellCounts()
		if told := strings.Join(k.told, "\n"); test.status == 200 && told != "WARN received 1 sample in 1 batch (1 KiB), and set 1 other aside" {
			t.Errorf("counts are %q", told)
		}
	}
}

// Of what unpacks to far too much no more is unpacked than may be kept.
func TestBomb(t *testing.T) {
	bomb := zipped(strings.Repeat(" ", 32<<20))
	o := (&keeper{}).options()
	o.MaxBatch = 1 << 20
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(bomb))
	r.Header = http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}
	w := httptest.NewRecorder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	New(o).ServeHTTP(w, r)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; w.Code != 413 || took > 16<<20 {
		t.Errorf("%d, and %d bytes of memory", w.Code, took)
	}
}

// Others reach it only with a token and TLS.
func TestListen(t *testing.T) {
	some := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
	for _, test := range []struct {
		address string
		o       Options
		want    string
	}{
		{"127.0.0.1:0", Options{}, ""},
		{"localhost:0", Options{}, ""},
		{"[::1]", Options{}, "no address to listen on"},
		{"8777", Options{}, "no address to listen on"},
		{":0", Options{}, "without a token"},
		{"0.0.0.0:0", Options{}, "without a token"},
		{"[::]:0", Options{Certificate: some}, "without a token"},
		{"0.0.0.0:0", Options{Token: "t"}, "without TLS"},
		{"receiver.example.com:0", Options{Token: "t"}, "without TLS"},
		{"0.0.0.0:0", Options{Token: "t", Certificate: some}, ""},
	} {
		l, err := test.o.Listen(t.Context(), test.address)
		if err == nil {
			noError(t, l.Close())
		}
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.address, err, test.want)
		}
	}
	l, err := Options{}.Listen(t.Context(), "127.0.0.1:0")
	noError(t, err)
	defer l.Close()
	if _, err := (Options{}).Listen(t.Context(), l.Addr().String()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a second one says %v", err)
	}
}

// serve runs a server until the returned function is called.
func serve(t *testing.T, o Options) (url string, stop func() error) {
	t.Helper()
	l, err := o.Listen(t.Context(), "127.0.0.1:0")
	noError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(o).Serve(ctx, l) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { noError(t, stop()) })
	return "http://" + l.Addr().String(), stop
}

// A batch that is being kept when the server is stopped is answered.
func TestStop(t *testing.T) {
	k := &keeper{}
	o := k.options()
	keeping, goOn := make(chan bool), make(chan bool)
	keep := o.Keep
	o.Keep = func(ctx context.Context, batch []byte) error {
		close(keeping)
		<-goOn
		return keep(ctx, batch)
	}
	url, stop := serve(t, o)
	answered := make(chan error, 1)
	go func() {
		answer, err := http.Post(url, "application/json", strings.NewReader("[{}]"))
		if err == nil && answer.StatusCode != 200 {
			err = errors.New(answer.Status)
		}
		answered <- err
	}()
	<-keeping
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	close(goOn)
	noError(t, <-answered)
	noError(t, <-stopped)
	if want := "DEBUG 127.0.0.1: received 1 sample (4 bytes)|INFO received 1 sample in 1 batch (1 KiB)"; len(k.kept) != 1 || strings.Join(k.told, "|") != want {
		t.Errorf("kept %q, told %q", k.kept, k.told)
	}
}

// A body that ends early is nobody's batch.
func TestCutBody(t *testing.T) {
	k := &keeper{}
	url, stop := serve(t, k.options())
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	noError(t, err)
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n[{}]")
	noError(t, conn.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(conn)
	noError(t, err)
	noError(t, conn.Close())
	noError(t, stop())
	if !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || len(k.kept)+len(k.refused) > 0 {
		t.Errorf("%q, kept %q, set aside %q", answer, k.kept, k.refused)
	}
}

// More connections than are allowed wait for one to end.
func TestConnections(t *testing.T) {
	base, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	l := limit(base, 1)
	dial := func() {
		conn, err := net.Dial("tcp", base.Addr().String())
		noError(t, err)
		t.Cleanup(func() { conn.Close() })
	}
	dial()
	dial()
	first, err := l.Accept()
	noError(t, err)
	second := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		second <- err
	}()
	select {
	case err := <-second:
		t.Errorf("a second connection is accepted beside the first: %v", err)
	default:
	}
	noError(t, first.Close())
	noError(t, <-second)
	go func() {
		_, err := l.Accept()
		second <- err
	}()
	noError(t, l.Close())
	if err := <-second; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener says %v", err)
	}
}

// A sender that is refused over and over does not fill the log.
func TestManyRefusals(t *testing.T) {
	k := &keeper{}
	s := New(k.options())
	for range 100 {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	}
	if len(k.told) != maxTold {
		t.Errorf("%d lines are told", len(k.told))
	}
	s.tellCounts()
	if last := k.told[len(k.told)-1]; last != "WARN received 0 samples in 0 batches (0 KiB), and refused 100 requests" {
		t.Errorf("told is %q", last)
	}
}

// Systemd learns that the service is ready.
func TestNotify(t *testing.T) {
	path := t.TempDir() + "/s"
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	noError(t, err)
	defer l.Close()
	noError(t, Notify(path, "READY=1"))
	b := make([]byte, 100)
	n, err := l.Read(b)
	noError(t, err)
	if string(b[:n]) != "READY=1" {
		t.Errorf("it got %q", b[:n])
	}
	noError(t, Notify("", "READY=1"))
}
