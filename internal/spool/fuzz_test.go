package spool

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// FuzzRun reads runs that were damaged: an error, never a panic, and no more
// memory than there is to be read.
func FuzzRun(f *testing.F) {
	b := newBuffer(nil)
	for i, volume := range []string{"", "1.5", "123456789012345678901234567890"} {
		s := usage.Sample{Meter: "m", Resource: "r", Tenant: "a", Kind: usage.Gauge, Unit: "GB", Time: time.Unix(int64(i)*1800, 5), Metadata: map[string]string{"k": "v"}, Origin: usage.Origin{Name: "f", Line: i, Index: i}}
		if volume != "" {
			s.Volume, s.HasVolume, s.ID, s.Recorded = decimal.RequireFromString(volume), true, "id"+volume, s.Time.Add(time.Second)
		}
		if err := b.add(&s); err != nil {
			f.Fatal(err)
		}
	}
	var run bytes.Buffer
	if err := b.write(newRunWriter(&run)); err != nil {
		f.Fatal(err)
	}
	f.Add(run.Bytes())
	f.Add([]byte{0})
	f.Add([]byte{1, 1, 'm', 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRunReader(bytes.NewReader(data), 4)
		m, err := newMerge([]*runReader{r})
		for err == nil && m.nextSeries() {
			var numbers numbers
			for rec := m.record(); rec != nil && err == nil; rec = m.record() {
				var s usage.Sample
				rec.sample(&s, &numbers)
				rec.fingerprint(keyOf(rec.id))
				err = m.next()
			}
		}
		if len(r.in.buf) > 16*len(data)+1024 {
			t.Errorf("%d bytes of memory for %d", len(r.in.buf), len(data))
		}
		if err != nil && !errors.Is(err, errDamaged) && !errors.Is(err, io.EOF) {
			t.Errorf("error %v", err)
		}
	})
}

// FuzzSample has a sample come out as it went in.
func FuzzSample(f *testing.F) {
	f.Add("id", "m", "r", "tenant", "GB", "dc", "k", "v", "file", int64(1400000000), int64(5), int64(0), int64(0), int64(15), int32(-1), true, true, 7, 9)
	f.Add("", "", "", "", "", "", "", "", "", int64(-62135596800), int64(0), int64(1), int64(999999999), int64(-9223372036854775808), int32(40), true, false, -1, 1<<40)
	f.Fuzz(func(t *testing.T, id, meter, resource, tenant, unit, dc, key, value, file string, sec, nsec, rsec, rnsec, coefficient int64, exponent int32, hasVolume, assumed bool, line, index int) {
		const years = 5e10
		if sec > years || sec < -years*2 || rsec > years || rsec < -years*2 || exponent > 1e6 || exponent < -1e6 {
			t.Skip()
		}
		in := usage.Sample{
			ID: id, Meter: meter, Resource: resource, Tenant: tenant, Unit: unit, Datacenter: dc, Assumed: assumed, Kind: usage.Kind(value),
			Time: time.Unix(sec, nsec).UTC(), Recorded: time.Unix(rsec, rnsec).UTC(), HasVolume: hasVolume, Metadata: map[string]string{key: value},
			Origin: usage.Origin{Name: file, Line: line, Index: index},
		}
		if hasVolume {
			in.Volume = decimal.New(coefficient, exponent).Mul(decimal.New(coefficient, 0))
		}
		s := New(Options{})
		if err := s.Add(&in); err != nil {
			if e := in.Volume.Exponent(); e >= -maxExponent && e <= maxExponent {
				t.Fatal(err)
			}
			return
		}
		parts, err := s.Parts()
		if err != nil {
			t.Fatal(err)
		}
		series, err := parts[0].Next()
		if err != nil {
			t.Fatal(err)
		}
		w, err := series.Next()
		if err != nil || len(w.Samples) != 1 {
			t.Fatal(w, err)
		}
		out := w.Samples[0]
		if out.ID != in.ID || out.Meter != in.Meter || out.Resource != in.Resource || out.Tenant != in.Tenant || out.Unit != in.Unit || out.Datacenter != in.Datacenter ||
			out.Assumed != in.Assumed || out.Kind != in.Kind || !out.Time.Equal(in.Time) || !out.Recorded.Equal(in.Recorded) || out.HasVolume != in.HasVolume ||
			!out.Volume.Equal(in.Volume) || out.Origin != in.Origin || out.Metadata[key] != value {
			t.Errorf("%+v came out as %+v", in, out)
		}
	})
}
