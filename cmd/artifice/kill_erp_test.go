package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An erp is where the programs save invoices.
type erp interface {
	config() string             // the adapter's section
	saved(t testing.TB) []saved // every invoice that it has
}

// A csvFiles is a directory with a file for each invoice. One that is there is
// never written again.
type csvFiles string

func (dir csvFiles) config() string {
	return fmt.Sprintf("[invoice:object]\ncsv_directory = %s\nrates.file = rates.csv\nlayout = flat\nprofile = raw\n"+
		"row_layout = order,tenant,datacenter,service,value,unit,cost,amount\n", string(dir))
}

func (dir csvFiles) saved(t testing.TB) []saved {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(string(dir), "*.csv"))
	noError(t, err)
	var all []saved
	for _, name := range files {
		text, err := os.ReadFile(name)
		noError(t, err)
		rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		noError(t, err)
		inv := saved{key: rows[1][0], tenant: rows[1][1]}
		for _, row := range rows[1:] {
			if row[0] != inv.key || row[1] != inv.tenant {
				t.Errorf("%s has lines of orders %s and %s", name, inv.key, row[0])
			}
			inv.lines = append(inv.lines, savedLine{row[2], row[3], row[4], row[5]})
		}
		all = append(all, inv)
	}
	return all
}

// A receiver takes invoices over HTTP, each key once, and loses requests and
// answers as its seed says. It gives up losing in time.
type receiver struct {
	server *httptest.Server
	seed   uint64
	// reliable says that nothing is lost, but what a trap loses.
	reliable bool

	mu       sync.Mutex
	idle     *sync.Cond        // told when a connection has ended
	open     map[net.Conn]bool // connections
	invoices map[string][]byte // by key
	posts    map[string]int    // by key
	repeated []string          // keys that came again after they were saved
	other    []string          // of these, those that came with another invoice
	onPost   func(fate *int)   // called once, by the next POST, before anything becomes of it
}

func newReceiver(t testing.TB, seed uint64) *receiver {
	r := &receiver{seed: seed, open: map[net.Conn]bool{}, invoices: map[string][]byte{}, posts: map[string]int{}}
	r.idle = sync.NewCond(&r.mu)
	r.server = httptest.NewUnstartedServer(r)
	r.server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if state == http.StateClosed {
			delete(r.open, c)
			r.idle.Broadcast()
		} else {
			r.open[c] = true
		}
	}
	r.server.Start()
	t.Cleanup(r.server.Close)
	return r
}

// drain waits until all that was ever sent is dealt with: what a process sent
// before it was killed, too. Nothing else may be sent meanwhile.
func (r *receiver) drain(t testing.TB) {
	t.Helper()
	// Connections are accepted in their order, so that no earlier one is left.
	c, err := net.Dial("tcp", r.server.Listener.Addr().String())
	noError(t, err)
	fmt.Fprint(c, "GET /?key=0 HTTP/1.1\r\nHost: receiver\r\nConnection: close\r\n\r\n")
	_, err = io.Copy(io.Discard, c)
	noError(t, errors.Join(err, c.Close()))
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.open) > 0 {
		r.idle.Wait()
	}
}

func (r *receiver) config() string {
	return fmt.Sprintf("[invoice:object]\nurl = %s\nfind = true\nrates.file = rates.csv\nretry_for = 0s\n", r.server.URL)
}

// What becomes of a POST.
const (
	answered = iota
	requestLost
	answerLost
	savedThen500
	notNow
	fates
)

// troubled is how many times a key may meet with trouble.
const troubled = 3

func (r *receiver) fate(key string, post int) int {
	if r.reliable || post > troubled {
		return answered
	}
	var hash uint64
	for _, c := range []byte(key) {
		hash = hash*31 + uint64(c)
	}
	// Half of them go well.
	return max(0, rand.New(rand.NewPCG(r.seed, hash+uint64(post))).IntN(2*fates)-fates)
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := strings.Trim(req.Header.Get("Idempotency-Key"), `"`)
	if req.Method != http.MethodPost {
		key = req.URL.Query().Get("key")
		if _, ok := r.invoices[key]; !ok {
			http.Error(w, "no invoice has this key", http.StatusNotFound)
			return
		}
		w.Header().Set("Location", "/"+key)
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, "half an invoice", http.StatusBadRequest)
		return
	}
	r.posts[key]++
	fate := r.fate(key, r.posts[key])
	if then := r.onPost; then != nil {
		r.onPost = nil
		r.mu.Unlock()
		then(&fate)
		r.mu.Lock()
	}
	switch fate {
	case requestLost:
		panic(http.ErrAbortHandler)
	case notNow:
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	was, again := r.invoices[key]
	if again {
		r.repeated = append(r.repeated, key)
	}
	if again && string(was) != string(body) {
		r.other = append(r.other, key)
	} else {
		r.invoices[key] = body
	}
	switch fate {
	case answerLost:
		panic(http.ErrAbortHandler)
	case savedThen500:
		http.Error(w, "saved, and then this", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Location", "/"+key)
	w.WriteHeader(http.StatusCreated)
}

// trap calls f when the next invoice comes, which may change its fate.
func (r *receiver) trap(f func(fate *int)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onPost = f
}

func (r *receiver) saved(t testing.TB) []saved {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.other) > 0 {
		t.Errorf("keys came again with another invoice: %v", r.other)
	}
	var all []saved
	for key, body := range r.invoices {
		var document struct {
			Key      string
			Tenant   struct{ ID string }
			Sections []struct {
				Name  string
				Lines []struct{ Name, Value, Unit string }
			}
		}
		noError(t, json.Unmarshal(body, &document))
		if document.Key != key {
			t.Errorf("key %s has the invoice of %s", key, document.Key)
		}
		inv := saved{key: key, tenant: document.Tenant.ID}
		for _, section := range document.Sections {
			for _, l := range section.Lines {
				inv.lines = append(inv.lines, savedLine{section.Name, l.Name, l.Value, l.Unit})
			}
		}
		all = append(all, inv)
	}
	slices.SortFunc(all, func(a, b saved) int { return strings.Compare(a.key, b.key) })
	return all
}
