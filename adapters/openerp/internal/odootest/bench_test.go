package odootest

import (
	"fmt"
	"testing"
)

// BenchmarkLoad loads invoices of some lines: time a line should not grow.
func BenchmarkLoad(b *testing.B) {
	for _, lines := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			for b.Loop() {
				s := New(Options{})
				r := &replay{server: s}
				s.Add("product.product", Values{"name": "p"})
				for s.Find("res.partner", []any{"id", "=", 7}) == nil {
					s.Add("res.partner", Values{"name": "x"})
				}
				r.load(1, lines, "1")
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*lines), "µs/line")
		})
	}
}
