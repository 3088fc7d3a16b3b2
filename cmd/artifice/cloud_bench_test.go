//go:build linux

package main

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

var (
	benchTenants = flag.Int("cloud-tenants", 1, "how many tenants BenchmarkCloud has; the standard month has 3")
	benchEach    = flag.Int("cloud-each", 1, "how many instances, volumes and interfaces each of them has; the standard month has 10")
)

// BenchmarkCloud collects a month from a real Gnocchi with the whole program,
// into SQLite. It tells, for a tenant, the seconds that it took, how many
// requests Keystone and Gnocchi were sent, and the CPU seconds of the program and of
// Gnocchi; and the program's peak memory. The same of the run that follows, which
// finds nothing new, but for all tenants together.
//
//	go test ./cmd/artifice -run '^$' -bench Cloud -benchtime 1x -cloud-tenants 3 -cloud-each 10
func BenchmarkCloud(b *testing.B) {
	r := rig.Shared(b)
	l := rig.NewLoad(b, r)
	m := rig.Month{Start: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Each: *benchEach}
	for i := range *benchTenants {
		id := cloudTenant(b, r, "default", fmt.Sprintf("bench-%d-%s", i, rig.RandomID()), nil)
		b.Cleanup(func() { r.Call(b, "DELETE", "/projects/"+id, nil, nil) })
		m.Tenants = append(m.Tenants, id)
	}
	m.Load(l)
	var calls atomic.Int64
	config := fmt.Sprintf(benchCloud, strings.Join(m.Tenants, ", "), counting(b, r.Gnocchi, &calls))
	d := deployCloud(b, r, counting(b, r.Keystone, &calls), "cloud-bench", config)
	cpu, peak := map[string]float64{}, map[string]float64{}
	var again struct {
		calls int64
		took  time.Duration
	}
	var gnocchi time.Duration // of CPU
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		noError(b, os.RemoveAll(filepath.Join(d.dir, "artifice.db")))
		before := r.CPU(b, rig.Gnocchi)
		b.StartTimer()
		measure(b, d.dir, d.command("collect", "--through", "2026-11-01"), "collect", cpu, peak)
		b.StopTimer()
		gnocchi += r.CPU(b, rig.Gnocchi) - before
		first, began := calls.Load(), time.Now()
		measure(b, d.dir, d.command("collect", "--through", "2026-11-01"), "again", cpu, peak)
		again.calls += calls.Load() - first
		again.took += time.Since(began)
		b.StartTimer()
	}
	b.StopTimer()
	runs, months := float64(b.N), float64(b.N**benchTenants)
	b.ReportMetric(b.Elapsed().Seconds()/months, "s/tenant")
	b.ReportMetric(float64(calls.Load()-again.calls)/months, "calls/tenant")
	b.ReportMetric(cpu["collect"]/months, "cpu-s/tenant")
	b.ReportMetric(gnocchi.Seconds()/months, "gnocchi-cpu-s/tenant")
	b.ReportMetric(peak["collect"], "peak-MiB")
	b.ReportMetric(again.took.Seconds()/runs, "s/again")
	b.ReportMetric(float64(again.calls)/runs, "calls/again")
	b.ReportMetric(cpu["again"]/runs, "cpu-s/again")
	b.ReportMetric(0, "ns/op")
}

const benchCloud = `[main]
deployment     = cloud
currency       = NZD
invoice:object = adapters.csv:Invoice
source:north   = adapters.gnocchi:Source
store:object   = adapters.sqlite:Store
[invoice:object]
csv_directory = invoices
rates.file    = rates.csv
[source:north]
cloud           = north
clouds_file     = clouds.yaml
since           = 2026-10-01
lookback        = 100000h
tenants.include = %s
endpoint        = %s
datacenter      = nz
`

// counting is a server before another, which counts the requests to that.
func counting(b *testing.B, at string, calls *atomic.Int64) string {
	b.Helper()
	target, err := url.Parse(at)
	noError(b, err)
	target.Path = "" // requests have it
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		calls.Add(1)
		r.SetURL(target)
		r.Out.Host = r.In.Host // for the links to further pages
	}}
	server := httptest.NewServer(http.Handler(proxy))
	b.Cleanup(server.Close)
	return server.URL
}
