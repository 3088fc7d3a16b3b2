package ceilometer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/datacenter"
	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

// jsonOf is a sample as /v2/samples has it, sent by somebody.
func jsonOf(t testing.TB, s usage.Sample, sender string) string {
	t.Helper()
	const format = "2006-01-02T15:04:05.999999"
	fields := map[string]any{
		"id": s.ID, "meter": s.Meter, "type": s.Kind, "unit": s.Unit, "volume": json.Number(s.Volume.String()), "project_id": s.Tenant,
		"resource_id": s.Resource, "timestamp": s.Time.Format(format), "metadata": s.Metadata, "source": sender,
	}
	if !s.Recorded.IsZero() {
		fields["recorded_at"] = s.Recorded.Format(format)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// zoned is a config under which the metadata tells the datacenter.
func zoned(dir string) Config {
	return Config{Path: config.Path(dir), Rules: datacenter.Rules{DatacenterKey: []string{"zone"}}}
}

func openSource(t testing.TB, c Config) *Source {
	t.Helper()
	s, err := NewSource(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A Source keeps the contract, whatever its files look like.
func TestSourceContract(t *testing.T) {
	all := usagetest.Samples()
	stranger := all[3]
	stranger.ID, stranger.Resource = "strange", "strange"
	files := map[string]string{"b.json": "[" + jsonOf(t, stranger, "mallory")}
	for i, s := range all {
		if i%2 == 0 {
			files["b.json"] += ",\n" + jsonOf(t, s, "openstack")
			continue
		}
		files[fmt.Sprintf("of-%d/samples.jsonl.gz", s.Time.Day())] += jsonOf(t, s, "openstack") + "\n"
	}
	files["b.json"] += "]"
	dir := write(t, files)
	files["a.json"] = "[" + plain(`"vm"`, "null") + ",\n" + plain() + "]"
	files["of-1/samples.json"] = "[" + plain()
	damaged := write(t, files)
	names := write(t, map[string]string{"names": "1 | one\n2 | two\n"})
	usagetest.RunSource(t, usagetest.SourceSetup{
		Samples: all,
		LeftOut: []usage.Sample{stranger},
		New: func(t testing.TB) usage.Source {
			c := zoned(dir)
			c.TrustSources, c.Tenants = []string{"openstack"}, config.Path(names+"/names")
			return openSource(t, c)
		},
		Damaged: func(t testing.TB) usage.Source {
			c := zoned(damaged)
			c.TrustSources = []string{"openstack"}
			return openSource(t, c)
		},
		Tenants: []usage.Tenant{{ID: "1", Name: "one"}, {ID: "2", Name: "two"}},
	})
}

// What was received is read as the contract has it.
func TestReceivedContract(t *testing.T) {
	all := usagetest.Samples()
	r := startReceiving(t, ReceiveConfig{})
	r.now = func() time.Time { return all[len(all)-1].Time }
	for some := range slices.Chunk(all, 10) {
		var batch []string
		for _, s := range some {
			batch = append(batch, jsonOf(t, s, "openstack"))
		}
		if status, answer := r.post("[" + strings.Join(batch, ",") + "]"); status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	usagetest.RunSource(t, usagetest.SourceSetup{
		Samples: all,
		New:     func(t testing.TB) usage.Source { return openSource(t, zoned(r.dir)) },
	})
}

// fillContract stores the samples of the suite, as far as the fake can tell
// them apart.
func (f *fakeAPI) fillContract() (all []usage.Sample) {
	f.now = time.Date(2025, 3, 12, 0, 30, 0, 0, time.UTC)
	for _, s := range usagetest.Samples() {
		s.Kind, s.Unit, s.Recorded = usage.Gauge, "GB", s.Time
		f.samples = append(f.samples, fakeSample{id: s.ID, meter: s.Meter, tenant: s.Tenant, resource: s.Resource, volume: s.Volume.String(), at: s.Time, metadata: s.Metadata})
		all = append(all, s)
	}
	return all
}

// An API keeps the contract in both of its shapes, with few samples in an answer.
func TestAPIContract(t *testing.T) {
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprintf("old %t", old), func(t *testing.T) {
			f := newFakeAPI(t)
			f.old = old
			all := f.fillContract()
			stranger := all[0]
			stranger.ID, stranger.Tenant = "strange", "strange"
			f.samples = append(f.samples, fakeSample{id: stranger.ID, meter: stranger.Meter, tenant: stranger.Tenant, resource: stranger.Resource, volume: stranger.Volume.String(), at: stranger.Time, metadata: stranger.Metadata})
			for _, s := range all {
				if !slices.Contains(f.projects, s.Tenant) {
					f.projects = append(f.projects, s.Tenant)
				}
			}
			c := f.config()
			c.DatacenterKey, c.Page = []string{"zone"}, 20
			c.Tenants.Include, c.Late, c.RetryFor = f.projects, 3*time.Hour, 0
			usagetest.RunSource(t, usagetest.SourceSetup{
				Samples:     all,
				NamesMeters: old,
				LeftOut:     []usage.Sample{stranger},
				New:         func(testing.TB) usage.Source { return f.open(c) },
				Tenants:     []usage.Tenant{{ID: f.projects[0], Name: "name of " + f.projects[0]}},
			})
		})
	}
}
