package http

import (
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

// BenchmarkCommit fills and sends invoices to a receiver on this machine,
// which is part of the time. heap-MB is what lives while the invoice is on its
// way, when most does.
func BenchmarkCommit(b *testing.B) {
	for _, lines := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			var sent int64
			var heap uint64
			measure := false
			server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				sent, _ = io.Copy(io.Discard, r.Body)
				if measure {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					heap = m.HeapAlloc
				}
				w.Header().Set("Location", "/1")
				w.WriteHeader(nethttp.StatusCreated)
			}))
			defer server.Close()
			a, err := NewInvoice(b.Context(), defaults(b, server.URL))
			if err != nil {
				b.Fatal(err)
			}
			items := make([]invoice.Item, lines)
			for i := range items {
				items[i] = item("north", "m1.nano", "744", "hour", "0.015", "11.16")
				items[i].Resource, items[i].Value = fmt.Sprintf("%032x", i), decimal.New(int64(i), -3)
			}
			commit := func() {
				if _, err := filled(b, a, august(), items...).Commit(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			var before runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			measure = true
			commit()
			measure = false
			b.ReportAllocs()
			for b.Loop() {
				commit()
			}
			b.SetBytes(sent)
			b.ReportMetric(float64(int64(heap)-int64(before.HeapAlloc))/1e6, "heap-MB")
		})
	}
}
