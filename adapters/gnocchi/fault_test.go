package gnocchi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/usage"
)

// volumesOf has a fake list so many volumes, each with its metric.
func (f *fake) volumesOf(n int) {
	var metrics, rows []string
	for i := range n {
		id := fmt.Sprint(i)
		metrics, rows = append(metrics, metricJSON("m"+id, "mean")), append(rows, rowJSON(id))
	}
	f.metrics = func(w http.ResponseWriter, r *http.Request) {
		list := ""
		if r.URL.Query().Get("name") == "volume.size" {
			list = strings.Join(metrics, ",")
		}
		say(w, 200, "["+list+"]")
	}
	f.search = func(w http.ResponseWriter, _ *http.Request) { say(w, 200, "["+strings.Join(rows, ",")+"]") }
}

// asked is how often it was asked for measures.
func (f *fake) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(f.calls), func(c string) bool { return !strings.Contains(c, "aggregates") }))
}

// TestDead: a Gnocchi that does not serve is one error, and no metric's of any
// tenant. It is asked no more often than it has to be.
func TestDead(t *testing.T) {
	answer := func(status int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			say(w, status, body)
		}
	}
	for _, test := range []struct {
		name     string
		measures http.HandlerFunc
		serves   bool // what is nobody's
		calls    int  // at most, of batches of which four are under way
		want     string
	}{
		{"503 with Retry-After", answer(503, "{}", "Retry-After", "600"), false, 4, "503 Service Unavailable: {}; it wants to be asked again after 10m0s, which is later than retry_for allows"},
		{"500 with Retry-After", answer(500, "{}", "Retry-After", "600"), true, 4, "500 Internal Server Error: {}; it wants to be asked again after 10m0s, which is later than retry_for allows"},
		{"429", answer(429, "{}", "Retry-After", "600"), false, 4, "429 Too Many Requests: {}; it wants"},
		{"503", answer(503, "{}"), true, 4, "503 Service Unavailable: {}; gave up after 0s (retry_for is 0s)"},
		{"500", answer(500, "{}"), false, 8, "500 Internal Server Error: {}; gave up"},
		{"a proxy without a Gnocchi", answer(502, "<html>"), false, 8, "502 Bad Gateway; gave up"},
		{"lost", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, 16, "EOF; gave up"}, // the transport asks twice
		{"its storage is gone", answer(500, "{}"), true, 4 * 2 * 17, "500 Internal Server Error"},
		{"forbidden", answer(403, "{}"), true, 4, "403 Forbidden"},
		{"no metric is as it should be", answer(400, "{}"), true, 4 * 17, "400 Bad Request"},
		{"an earlier release", answer(404, `{"code": 404, "title": "Not Found", "description": "The resource could not be found.<br /><br />\n\n\n"}`), false, 4 * 8, "is it Gnocchi 4.3 or later"},
		{"a proxy that knows of no such page", answer(404, "<html>"), false, 4 * 8, "404 Not Found (is it Gnocchi"},
		{"HTML", answer(200, "<html>"), true, 4, "not as Gnocchi's are: "},
		{"too large", answer(200, strings.Repeat(" ", 1<<18+1)), true, 4 * 8, "larger than max_answer (set it higher)"},
	} {
		f := newFake(t)
		f.volumesOf(180)
		f.measures = test.measures
		if !test.serves {
			f.unknown = test.measures
		}
		s := f.source(t, func(c *Config) { c.MaxAnswer = 1 << 18 }) // 9 metrics in a batch, so 20 batches
		samples, errs := read(t, s, volumes)
		if len(samples) > 0 || len(errs) != 1 || !strings.Contains(errs[0], test.want) || strings.HasPrefix(errs[0], "tenant") {
			t.Errorf("%s: %d samples, %q, want %q", test.name, len(samples), errs, test.want)
		}
		if n := f.asked(); n > test.calls {
			t.Errorf("%s: %d calls, want %d at most", test.name, n, test.calls)
		}
	}
}

// TestDeadList asks a Gnocchi that does not list one type of resources for no
// other.
func TestDeadList(t *testing.T) {
	f := newFake(t)
	f.volumesOf(2)
	list := f.metrics
	f.metrics = func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = "name=volume.size" // of each name
		list(w, r)
	}
	f.search = func(w http.ResponseWriter, _ *http.Request) { say(w, 500, "{}") }
	s := f.source(t, nil)
	_, errs := read(t, s, usage.Query{Meters: []string{"volume.size", "instance", "ip.floating"}})
	searches := 0
	for _, call := range f.calls {
		if strings.Contains(call, "/search/") {
			searches++
		}
	}
	if len(errs) != 1 || searches != 1 || !strings.Contains(errs[0], "500 Internal Server Error") {
		t.Errorf("after %d lists the errors are %q", searches, errs)
	}
}
