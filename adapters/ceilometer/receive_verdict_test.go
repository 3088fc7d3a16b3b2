package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/receive"
	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/spool"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// A verdict takes batches in as a receiver does, and reads as collecting does
// what it kept of them.
type verdict struct {
	t    rapid.TB
	dir  string
	kept int // samples that were acknowledged
	odd  int // texts that were set aside
}

// source is what has been kept.
func (v *verdict) source(c Config) *Source {
	c.Path, c.Datacenter = config.Path(v.dir), "d"
	s, err := NewSource(context.Background(), c)
	if err != nil {
		v.t.Fatal(err)
	}
	s.now = func() time.Time { return time.Date(2013, 8, 5, 0, 0, 0, 0, time.UTC) }
	return s
}

// post reports whether a batch is acknowledged.
func (v *verdict) post(batch string) bool {
	o, err := v.source(Config{}).receiveOptions(func(slog.Level, string) {})
	if err != nil {
		v.t.Fatal(err)
	}
	o.Keep = func(_ context.Context, line []byte) error {
		f, err := os.OpenFile(filepath.Join(v.dir, "received.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = fmt.Fprintf(f, "%s\n", line)
		return err
	}
	o.Refuse = func(text []byte) (string, error) {
		v.odd++
		dir := filepath.Join(v.dir, spool.Refused)
		path := filepath.Join(dir, fmt.Sprintf("%d.txt", v.odd))
		return path, errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(path, text, 0o600))
	}
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(batch))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	receive.New(o).ServeHTTP(answer, request)
	if answer.Code == http.StatusOK {
		var n int
		if _, err := fmt.Sscanf(answer.Body.String(), `{"samples": %d}`, &n); err != nil {
			v.t.Fatal(err)
		}
		v.kept += n
	}
	return answer.Code == http.StatusOK
}

// check reads what was kept. Nothing that was acknowledged keeps it from being
// collected, whatever the config asks for.
func (v *verdict) check() {
	if v.kept == 0 {
		return
	}
	for _, c := range []Config{{}, {TrustSources: []string{"open"}}} {
		for _, meters := range [][]string{nil, {"instance"}} {
			for _, keys := range [][]string{nil, {"flavor.name", "status"}} {
				c.DatacenterKey = keys
				n := 0
				q := usage.Query{Meters: meters, Metadata: keys, LeftOut: func(_ usage.Sample, why string) {
					if !strings.HasPrefix(why, refusedWhy) {
						n++
					}
				}}
				for s, err := range v.source(c).Samples(context.Background(), q) {
					if err != nil {
						v.t.Fatalf("what was answered 200 fails: %v", err)
					}
					if n++; s.Tenant == "" || s.Resource == "" || s.Time.Year() < 2000 || s.Time.After(time.Date(2013, 8, 6, 0, 0, 0, 0, time.UTC)) {
						v.t.Fatalf("it cannot be collected: %+v", s)
					}
					for _, text := range []string{s.Tenant, s.Resource, s.Meter, s.Unit, s.Datacenter} {
						if strings.Contains(text, "\x00") {
							v.t.Fatalf("it cannot be stored: %q", text)
						}
					}
				}
				if len(meters) == 0 && n != v.kept {
					v.t.Fatalf("%d samples of %d", n, v.kept)
				}
			}
		}
	}
}

// What is answered 200 never makes collecting fail, and all of it is there, in
// whatever company it is written.
func TestReceivedIsCollected(t *testing.T) {
	odd := rapid.SampledFrom([]string{
		"null", `""`, `"None"`, "7", "-1", "1e-70", "true", "[]", "{}", `"\u0000"`, `"\ud800"`, `"é"`, "\"\xff\"", `"a\"b"`, `{"a":1,"a":2}`, `{"a":{"b":"\u0000"}}`,
		"1.50", `"2013-08-05T23:59:59"`, `"2013-08-06T00:00:01"`, `"1999-12-31T23:59:59"`, `"2013-08-05T00:00:00+14:00"`,
	})
	member := func(t *rapid.T, names []string, good ...string) string {
		value := rapid.SampledFrom(good).Draw(t, "value")
		switch rapid.IntRange(0, 40).Draw(t, "odd") { // small numbers come more often
		case 40:
			return ""
		case 20, 30:
			value = odd.Draw(t, "value")
		}
		return fmt.Sprintf("%q: %s,", rapid.SampledFrom(names).Draw(t, "name"), value)
	}
	taken, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		v := &verdict{t: rt, dir: t.TempDir()}
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			var samples []string
			for range rapid.IntRange(1, 2).Draw(rt, "samples") {
				text := "{" + member(rt, []string{"project_id"}, `"acme"`, "null") +
					member(rt, []string{"resource_id"}, `"vm"`) +
					member(rt, []string{"name", "meter", "counter_name"}, `"instance"`, `"volume.size"`) +
					member(rt, []string{"type", "counter_type"}, `"gauge"`, `"cumulative"`) +
					member(rt, []string{"unit", "counter_unit"}, `"GB"`, "null") +
					member(rt, []string{"volume", "counter_volume"}, "1.5", "0") +
					member(rt, []string{"timestamp"}, `"2013-08-04T23:29:05"`, `"2013-08-04T23:29:05.123456+00:00"`) +
					member(rt, []string{"recorded_at", "monotonic_time"}, "null", `"2013-08-04T23:29:06"`) +
					member(rt, []string{"message_id", "id"}, `"1"`, "null") +
					member(rt, []string{"source"}, `"openstack"`, `"mallory"`) +
					member(rt, []string{"metadata", "resource_metadata"}, "{}", `{"flavor":{"name":"m1"},"status":"active"}`)
				samples = append(samples, strings.TrimSuffix(text, ",")+"}")
			}
			batch := samples[0]
			if rapid.Bool().Draw(rt, "list") {
				batch = "[" + strings.Join(samples, rapid.SampledFrom([]string{",", ",\n", " ,\r\n\t"}).Draw(rt, "separator")) + "]"
			}
			if v.post(batch) {
				taken++
			} else {
				refused++
			}
		}
		v.check()
	})
	if few := (taken + refused) / 20; taken < few || refused < few { // rapid draws fewer with -short
		t.Errorf("%d batches were taken, %d refused: this proves little", taken, refused)
	}
}

// FuzzBatch takes any bytes for a batch, in the company of good ones.
func FuzzBatch(f *testing.F) {
	f.Add([]byte(batchOf("a", "b")))
	f.Add([]byte(plain()))
	f.Add([]byte("[{},\n[]]"))
	f.Add([]byte("[" + plain(`"acme"`, "null") + ",\r\n" + plain(`"vm"`, `"\u0000"`) + "]"))
	f.Add([]byte("\ufeff[]"))
	f.Add([]byte(strings.ReplaceAll(plain(), `"`, "'")))
	f.Fuzz(func(t *testing.T, batch []byte) {
		v := &verdict{t: t, dir: t.TempDir()}
		for i, text := range []string{string(batch), plain(), string(batch)} {
			if !v.post(text) && i == 1 {
				t.Error("a good batch is refused")
			}
		}
		v.check()
	})
}
