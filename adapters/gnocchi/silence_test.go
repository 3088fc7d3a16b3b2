package gnocchi

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// silence takes requests and never answers, until the client gives up.
func silence(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or nobody looks whether the client is there
	<-r.Context().Done()
}

// TestSilence has Gnocchi stop to answer, before anything is read and in the
// middle. Not every batch, nor half of one, waits for it.
func TestSilence(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func(*fake)
		calls  int // at most
		where  string
	}{
		{"metrics", func(f *fake) { f.metrics = silence }, 2, "/v1/metric"},
		{"resources", func(f *fake) { f.search = silence }, 4, "/v1/search/resource/volume"},
		{"measures", func(f *fake) { f.measures = silence }, 2*4 + 4, "/v1/aggregates"}, // four at a time, twice
	} {
		f := newFake(t)
		f.volumesOf(3*batchJobs + 1)
		test.damage(f)
		s := f.source(t, func(c *Config) { c.Timeout = time.Second })
		samples, errs := read(t, s, usage.Query{Meters: []string{"volume.size"}, Before: clock("12:00:00")})
		if len(samples) > 0 || len(errs) == 0 || !strings.Contains(errs[0], test.where+": no answer within 1s (timeout)") {
			t.Errorf("%s: %d samples, %q", test.name, len(samples), errs)
		}
		f.mu.Lock()
		calls := slices.Clone(f.calls)
		f.mu.Unlock()
		if len(calls) > test.calls {
			t.Errorf("%s: %d calls, want %d at most: %q", test.name, len(calls), test.calls, calls)
		}
	}
}
