package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	vconfig "github.com/pb33f/libopenapi-validator/config"
	"github.com/shopspring/decimal"

	artifice "github.com/openstack-artifice/artifice/adapters/http"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/invoice/invoicetest"
	"github.com/openstack-artifice/artifice/usage"
)

const prices = `{"currency": "NZD", "rates": [
	{"datacenter": "north", "name": "m1.nano", "unit": "hour", "cost": "0.015"},
	{"datacenter": "*", "name": "volume.size", "unit": "gigabyte hour", "cost": "0.00032"},
	{"datacenter": "south", "name": "m1.nano", "unit": "hour", "cost": "0.0125"}]}`

// serve starts the receiver over a directory, with prices beside it.
func serve(t testing.TB, dir string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/invoices", receiver(dir))
	mux.HandleFunc("/rates", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, prices)
	})
	server := httptest.NewServer(described(t, mux))
	t.Cleanup(server.Close)
	return server.URL
}

// described holds requests and answers against openapi.yaml as they pass.
func described(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	text, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document, vconfig.WithFormatAssertions())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method == http.MethodHead || len(body) > 1<<18 {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		again := r.Clone(r.Context())
		again.Body, r.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		record := httptest.NewRecorder()
		next.ServeHTTP(record, r)
		mu.Lock()
		if ok, errs := v.ValidateHttpRequestResponse(again, record.Result()); !ok {
			t.Errorf("%s %s, answered %d: %v", r.Method, r.URL, record.Code, errs)
		}
		mu.Unlock()
		for name, values := range record.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(record.Code)
		_, _ = w.Write(record.Body.Bytes())
	})
}

func config(t testing.TB, base string) artifice.Config {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return artifice.Config{URL: u.JoinPath("invoices"), RatesURL: u.JoinPath("rates"), Find: true, Timeout: time.Minute, MaxAnswer: 1 << 20}
}

func TestContract(t *testing.T) {
	for name, set := range map[string]func(*artifice.Config){
		"location":                func(*artifice.Config) {},
		"pointer, idempotent":     func(c *artifice.Config) { c.Reference, c.Idempotent = "/id", true },
		"cannot find, idempotent": func(c *artifice.Config) { c.Find, c.Idempotent, c.RetryFor = false, true, time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			var dir string
			price := func(datacenter, name, cost string) invoicetest.Price {
				return invoicetest.Price{Datacenter: datacenter, Name: name, Cost: decimal.RequireFromString(cost)}
			}
			invoicetest.Run(t, invoicetest.Setup{
				Once:   true,
				Prices: []invoicetest.Price{price("north", "m1.nano", "0.015"), price("north", "volume.size", "0.00032"), price("south", "m1.nano", "0.0125")},
				New: func(t testing.TB) invoice.ERP {
					dir = t.TempDir()
					c := config(t, serve(t, dir))
					set(&c)
					erp, err := artifice.NewInvoice(t.Context(), c)
					if err != nil {
						t.Fatal(err)
					}
					return erp
				},
				Saved: func(t testing.TB, _ invoice.ERP) []invoicetest.Saved {
					return saved(t, dir, name == "pointer, idempotent")
				},
			})
		})
	}
}

// saved reads the receiver's directory.
func saved(t testing.TB, dir string, pointer bool) []invoicetest.Saved {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []invoicetest.Saved
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Key, Total string
			Sections   []struct {
				Name, Subtotal string
				Lines          []struct {
					Name                string
					Value, Cost, Amount decimal.Decimal
				}
			}
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		s := invoicetest.Saved{Key: doc.Key, Reference: "/" + doc.Key}
		if pointer {
			s.Reference = doc.Key
		}
		var total decimal.Decimal
		for _, section := range doc.Sections {
			s.Sections = append(s.Sections, section.Name)
			var sum decimal.Decimal
			for _, l := range section.Lines {
				s.Items = append(s.Items, invoice.Item{Datacenter: section.Name, Name: l.Name, Value: l.Value, Cost: l.Cost, Amount: l.Amount})
				sum = sum.Add(l.Amount)
			}
			if section.Subtotal != sum.StringFixed(2) {
				t.Errorf("%s: the subtotal of %q is %s, its lines come to %s", path, section.Name, section.Subtotal, sum)
			}
			total = total.Add(sum)
		}
		if doc.Total != total.StringFixed(2) {
			t.Errorf("%s: the total is %s, the lines come to %s", path, doc.Total, total)
		}
		all = append(all, s)
	}
	return all
}

// The receiver takes what is an invoice, and nothing else.
func TestReceiver(t *testing.T) {
	dir := t.TempDir()
	server := httptest.NewServer(receiver(dir))
	t.Cleanup(server.Close)
	const key, other = "0123abcd", "ffff"
	long := strings.Repeat("a", 129)
	for _, tc := range []struct {
		method, query, key, body string
		want                     int
	}{
		{"GET", "?key=" + key, "", "", 404},
		{"GET", "", "", "", 404},
		{"GET", "?key=../" + filepath.Base(dir) + "/x", "", "", 404},
		{"PUT", "", `"` + key + `"`, `{"key": "0123abcd"}`, 405},
		{"POST", "", "", `{"key": "0123abcd"}`, 400},
		{"POST", "", `"../x"`, `{"key": "../x"}`, 400},
		{"POST", "", `"` + long + `"`, `{"key": "` + long + `"}`, 400},
		{"POST", "", `"` + other + `"`, `{"key": "0123abcd"}`, 400},
		{"POST", "", `"` + key + `"`, `not JSON`, 400},
		{"POST", "", `"` + key + `"`, `{"key": "0123abcd"}`, 201},
		{"POST", "", `"` + key + `"`, `{"key": "0123abcd"}`, 201},
		{"POST", "", `"` + key + `"`, `{"key": "0123abcd", "total": "1"}`, 422},
		{"GET", "?key=" + key, "", "", 200},
		{"HEAD", "?key=" + key, "", "", 200},
		{"GET", "?key=" + other, "", "", 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, server.URL+"/"+tc.query, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Idempotency-Key", tc.key)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tc.want {
			t.Errorf("%s %s %s %s = %d %s, want %d", tc.method, tc.query, tc.key, tc.body, resp.StatusCode, answer, tc.want)
		}
		if tc.want/100 == 2 && (resp.Header.Get("Location") != "/"+key || tc.method != "HEAD" && string(answer) != `{"id":"0123abcd"}`+"\n") {
			t.Errorf("%s %s answers %q %s", tc.method, tc.query, resp.Header.Get("Location"), answer)
		}
	}
	if got := fmt.Sprint(os.ReadDir(dir)); strings.Count(got, "- ") != 1 || !strings.Contains(got, key+".json") {
		t.Errorf("the directory holds %s", got)
	}
	broken := httptest.NewServer(receiver(filepath.Join(dir, "missing")))
	t.Cleanup(broken.Close)
	erp, err := artifice.NewInvoice(t.Context(), artifice.Config{URL: must(url.Parse(broken.URL)), Timeout: time.Minute, MaxAnswer: 1})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := erp.NewInvoice(t.Context(), order(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inv.Commit(t.Context()); !invoice.IsUnknownOutcome(err) {
		t.Errorf("a receiver without its directory: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func order(n int) invoice.Order {
	return invoice.Order{Key: fmt.Sprintf("%064x", n), Tenant: invoice.Tenant{ID: fmt.Sprintf("%032x", n), Name: "acme"},
		Block:    usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)},
		Currency: "NZD", Digits: 2, Date: time.Date(2013, 9, 2, 0, 0, 0, 0, time.UTC)}
}
