package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
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

	mu       sync.Mutex
	invoices map[string][]byte // by key
	posts    map[string]int    // by key
	other    []string          // keys that came again with another invoice
	onPost   func()            // called once, by the next POST, when it is saved and not yet answered
}

func newReceiver(t testing.TB, seed uint64) *receiver {
	r := &receiver{seed: seed, invoices: map[string][]byte{}, posts: map[string]int{}}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
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
	if post > troubled {
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
	if fate == requestLost {
		panic(http.ErrAbortHandler)
	}
	if fate == notNow {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	if was, ok := r.invoices[key]; ok && string(was) != string(body) {
		r.other = append(r.other, key)
	} else {
		r.invoices[key] = body
	}
	if r.onPost != nil {
		r.onPost()
		r.onPost = nil
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

// trap calls f when the next invoice is saved and not yet answered.
func (r *receiver) trap(f func()) {
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
