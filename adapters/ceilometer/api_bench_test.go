package ceilometer

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// BenchmarkAPIDay reads a day of 500,000 samples, and reports how much memory
// lives at the most, the server's included, beside the requests that it takes.
func BenchmarkAPIDay(b *testing.B) {
	const samples = 500_000
	f := newFakeAPI(b)
	f.fault = func(w http.ResponseWriter, r *http.Request) bool { return f.answerDay(w, r, samples) }
	c := f.config()
	c.Since, c.Page, c.Shape = march.Add(8*day), 1000, shapeSamples
	a := f.open(c)
	for b.Loop() {
		f.asked = 0
		var count, peak int
		for _, err := range a.Samples(b.Context(), usage.Query{Meters: []string{"instance"}, Before: march.Add(9 * day)}) {
			if err != nil {
				b.Fatal(err)
			}
			if count++; count%20_000 == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, int(m.HeapAlloc>>20))
			}
		}
		if count != samples {
			b.Fatalf("%d samples, want %d", count, samples)
		}
		b.ReportMetric(float64(peak), "peak-MB")
		b.ReportMetric(float64(f.asked), "requests")
	}
}

// answerDay answers for a day that has so many samples, evenly, and none before
// or after. It holds none of them.
func (f *fakeAPI) answerDay(w http.ResponseWriter, r *http.Request, samples int) bool {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		f.t.Error(err)
	}
	start := march.Add(8 * day)
	border := func(text string) int {
		at, err := time.Parse("2006-01-02T15:04:05.999999", text)
		if err != nil {
			f.t.Error(err)
		}
		// The first sample that is not earlier.
		return int((at.Sub(start).Milliseconds()*int64(samples) + day.Milliseconds() - 1) / day.Milliseconds())
	}
	from, to := max(0, border(q["q.value"][0])), min(samples, border(q["q.value"][1]))
	var answer strings.Builder
	separator := "["
	for n := from; n < min(to, from+limit); n++ {
		at := start.Add(time.Duration(int64(n)*day.Milliseconds()/int64(samples)) * time.Millisecond)
		fmt.Fprintf(&answer, `%s{"id": "%032x", "meter": "instance", "type": "gauge", "unit": "instance", "volume": 1.0, "project_id": "t%d", "user_id": "u", `+
			`"resource_id": "r%d", "timestamp": "%s", "recorded_at": "%s", "source": "openstack", "metadata": {"flavor.name": "m1.tiny", "host": "hlz-%d", "status": "active", "display_name": "vm %d"}}`,
			separator, n, n%100, n%1700, at.Format("2006-01-02T15:04:05.999999"), at.Format("2006-01-02T15:04:05.999999"), n%40, n%1700)
		separator = ", "
	}
	if separator == "[" {
		answer.WriteString("[")
	}
	answer.WriteString("]")
	fmt.Fprint(w, answer.String())
	return true
}
