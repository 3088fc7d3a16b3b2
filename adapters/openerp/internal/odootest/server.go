package odootest

import (
	"fmt"
	"math/rand/v2"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Server is a simulated Odoo server with one database. It is an
// [nethttp.Handler]; calls are served one at a time.
type Server struct {
	version  int
	database string
	now      func() time.Time
	noise    bool
	models   map[string]*model
	held     chan struct{}

	mu       sync.Mutex
	state    state
	expired  map[int64]bool // users that must log in again
	calls    []Call
	failures []failure
	plan     Plan
	random   *rand.Rand
	pending  []*call
}

// A Call is a call that the server got, whatever became of it.
type Call struct {
	Protocol string // json-rpc, xml-rpc or json-2
	User     int64
	Model    string
	Method   string
	Fault    Fault // that it was made to have
}

// New makes a server with the records that a new database has: a company in
// US dollars, its journals, accounts and a sales tax of 15 %, units of measure,
// payment terms, currencies, and three users.
func New(o Options) *Server {
	if o.Version == 0 {
		o.Version = 17
	}
	if o.Version < 16 || o.Version > 19 {
		panic(fmt.Sprintf("odootest: no Odoo %d", o.Version))
	}
	if o.Database == "" {
		o.Database = "bill"
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }
	}
	s := &Server{version: o.Version, database: o.Database, now: o.Now, noise: o.Noise, models: schema(o.Version), state: state{},
		expired: map[int64]bool{}, held: make(chan struct{}, 1000)}
	s.seed()
	return s
}

// Start serves until the test ends, and returns where.
func (s *Server) Start(t testing.TB) *url.URL {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.CloseClientConnections() // those whose clients still wait
		server.Close()
	})
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Calls returns the calls of models' methods so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Held yields a value for each call that keeps its client waiting, when it
// begins to: a test that cancels the call then needs no clock.
func (s *Server) Held() <-chan struct{} { return s.held }

// ServeHTTP serves the endpoints that a server of the version has.
func (s *Server) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	path := r.URL.Path
	var p protocol
	switch {
	case path == "/jsonrpc":
		p = &jsonProtocol{}
	case strings.HasPrefix(path, "/xmlrpc/2/"):
		p = &xmlProtocol{service: strings.TrimPrefix(path, "/xmlrpc/2/")}
	case path == "/web/version" && s.version >= 19:
		s.serveVersion(w, r)
		return
	case strings.HasPrefix(path, "/json/2/") && s.version >= 19:
		p = &json2Protocol{}
	default:
		page(w, nethttp.StatusNotFound, "Not Found", "The requested URL was not found on the server.")
		return
	}
	if r.Method != nethttp.MethodPost {
		w.Header().Set("Allow", "POST, OPTIONS")
		page(w, nethttp.StatusMethodNotAllowed, "Method Not Allowed", "The method is not allowed for the requested URL.")
		return
	}
	s.serve(p, w, r)
}

// page answers as the server's web framework does.
func page(w nethttp.ResponseWriter, status int, title, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html>\n<html lang=en>\n<title>%d %s</title>\n<h1>%s</h1>\n<p>%s</p>\n", status, title, title, text)
}

// A protocol reads requests and writes answers.
type protocol interface {
	name() string
	// read reads a request. Its error ends the exchange: it has answered.
	read(s *Server, w nethttp.ResponseWriter, r *nethttp.Request) (*request, bool)
	// answer returns the status and the body for a result, or for what was
	// raised.
	answer(s *Server, result any, err *exc) (status int, contentType string, body []byte)
}

// A request is a call of a service.
type request struct {
	service, method string
	params          []any
	call            *call // where the protocol has it at once
	err             *exc  // raised by reading it
}

// serve serves a request, with the fault that its call has.
func (s *Server) serve(p protocol, w nethttp.ResponseWriter, r *nethttp.Request) {
	req, ok := p.read(s, w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	result, err, fault := s.dispatch(p, req)
	status, contentType, body := p.answer(s, result, err)
	s.mu.Unlock()
	switch fault {
	case LoseRequest, LoseReply, CommitLater, Kill:
		panic(nethttp.ErrAbortHandler)
	case Hang, Stall:
		select {
		case s.held <- struct{}{}:
		default: // nobody listens
		}
		<-r.Context().Done()
		panic(nethttp.ErrAbortHandler)
	case SaveThen500:
		page(w, nethttp.StatusInternalServerError, "Internal Server Error", "The server encountered an internal error.")
		return
	case Busy:
		page(w, nethttp.StatusServiceUnavailable, "Service Unavailable", "No worker is free.")
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if fault == CutReply {
		w.Write(body[:len(body)/2])
		nethttp.NewResponseController(w).Flush()
		panic(nethttp.ErrAbortHandler)
	}
	w.Write(body)
}

// dispatch serves a request. The lock is held.
func (s *Server) dispatch(p protocol, req *request) (result any, err *exc, fault Fault) {
	if req.err != nil {
		return nil, req.err, 0
	}
	call := req.call
	if call == nil {
		err = catch(func() { result, call = s.service(req) })
		if err != nil || call == nil {
			return result, err, 0
		}
	}
	fault = s.fault(call.method)
	s.calls = append(s.calls, Call{p.name(), call.user, call.model, call.method, fault})
	switch fault {
	case LoseRequest, Busy:
		return nil, nil, fault
	case CommitLater, Hang:
		if t, _, err := s.run(call); err == nil {
			call.claims = t.claims
		}
		s.pending = append(s.pending, call)
		return nil, nil, fault
	case ExpireLogin:
		s.expired[call.user] = true
		return nil, &exc{accessDenied, "Access Denied"}, 0
	case Serialization:
		return nil, &exc{serialize, "could not serialize access due to concurrent update\n"}, 0
	case RejectDuplicate:
		clash := &exc{unique, "duplicate key value violates unique constraint \"ir_model_data_module_name_uniq_index\"\nDETAIL:  Key (module, name) already exists.\n"}
		if call.method == "load" {
			return failedLoad([]any{rowMessage(0, 0, clash.message)}), nil, 0
		}
		return nil, clash, 0
	}
	t, result, err := s.run(call)
	if err == nil && fault != Kill {
		s.state = t.state
	}
	return result, err, fault
}

// run serves a call in a transaction of its own, which is not committed.
func (s *Server) run(c *call) (t *tx, result any, err *exc) {
	t = s.begin(c.user, false)
	err = catch(func() { result = t.call(c) })
	return t, result, err
}
