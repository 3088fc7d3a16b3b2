package spool_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/usage"
)

var start = time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC)

// In whatever buffers, runs and parts samples are sorted, what comes out is
// what usage.Sort makes of them in memory.
func TestSpoolIsSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawSamples(t)
		want := inMemory(all)
		got := through(t, rapid.Permutation(all).Draw(t, "order"), spool.Options{
			Parts:  rapid.IntRange(1, 3).Draw(t, "parts"),
			Buffer: rapid.SampledFrom([]int{1, 2000, 9000, 0}).Draw(t, "buffer"),
		}.Reading(rapid.SampledFrom([]int{1, 7, 100, 0}).Draw(t, "read")), false)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-sorted in memory +spooled):\n%s", diff)
		}
	})
}

func drawSamples(t *rapid.T) []usage.Sample {
	all := rapid.SliceOfN(rapid.Custom(drawSample), 0, 200).Draw(t, "samples")
	if len(all) == 0 {
		return all
	}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, 20).Draw(t, "repeated") {
		all = append(all, all[i])
	}
	for i := range all {
		all[i].Origin = usage.Origin{Name: []string{"a.json", "b.json"}[i%2], Line: i / 3, Index: i}
	}
	return all
}

func drawSample(t *rapid.T) usage.Sample {
	s := usage.Sample{
		Meter: rapid.SampledFrom([]string{"m", "n"}).Draw(t, "meter"), Resource: rapid.SampledFrom([]string{"r", "s", ""}).Draw(t, "resource"),
		Tenant: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "tenant"), Kind: rapid.SampledFrom([]usage.Kind{usage.Gauge, usage.Delta}).Draw(t, "kind"),
		Unit: rapid.SampledFrom([]string{"", "GB"}).Draw(t, "unit"), Datacenter: "nz", Assumed: rapid.Bool().Draw(t, "assumed"),
		ID:   rapid.SampledFrom([]string{"", "", "1", "2", "3", "a long id, of more than eight bytes", "4", "5"}).Draw(t, "id"),
		Time: start.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "tens of minutes")) * 10 * time.Minute),
	}
	if rapid.Bool().Draw(t, "off") {
		s.Time = s.Time.Add(time.Duration(rapid.SampledFrom([]int{-1, 1, 999_999_999}).Draw(t, "by")))
	}
	switch rapid.IntRange(0, 3).Draw(t, "recorded") {
	case 0:
		s.Recorded = s.Time
	case 1:
		s.Recorded = s.Time.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "later")) * time.Second)
	}
	if text := rapid.SampledFrom([]string{"", "0", "1", "1.0", "10", "1e3", "0.000000001", "-3", "123456789012345678901234567890", "123456789012345678900", "9223372036854775808"}).Draw(t, "volume"); text != "" {
		s.Volume, s.HasVolume = decimal.RequireFromString(text), true
	}
	for _, key := range rapid.SliceOfN(rapid.SampledFrom([]string{"k", "l", "m"}), 0, 2).Draw(t, "keys") {
		if s.Metadata == nil {
			s.Metadata = map[string]string{}
		}
		s.Metadata[key] = rapid.SampledFrom([]string{"", "v", "w"}).Draw(t, key)
	}
	return s
}

// inMemory sorts samples as usage.Sort does, series by series, and renders
// them.
func inMemory(all []usage.Sample) []string {
	series := map[[2]string][]usage.Sample{}
	var keys [][2]string
	for _, s := range all {
		k := [2]string{s.Meter, s.Resource}
		if series[k] == nil {
			keys = append(keys, k)
		}
		series[k] = append(series[k], s)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	lines := []string{}
	for _, k := range keys {
		for _, s := range usage.Sort(series[k]) {
			lines = append(lines, line(usage.WindowAt(s.Time), s))
		}
	}
	return lines
}

func line(w usage.Span, s usage.Sample) string {
	s.Origin = usage.Origin{} // of samples that are alike, either may stay
	volume := "none"
	if s.HasVolume {
		volume = s.Volume.String()
	}
	s.Volume = decimal.Decimal{}
	return fmt.Sprintf("%s %s %s %s %s %s %s %+v", s.Meter, s.Resource, w, s.Time.Format(time.RFC3339Nano), s.Recorded.Format(time.RFC3339Nano), volume, s.ID, s)
}

type fataler interface{ Fatal(...any) }

// through renders what a spool makes of samples.
func through(t fataler, all []usage.Sample, o spool.Options, repeated bool) []string {
	s := spool.New(o)
	defer func() {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	for i := range all {
		if err := s.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := s.Parts()
	if err != nil {
		t.Fatal(err)
	}
	bySeries := map[[2]string][]string{}
	var keys [][2]string
	for _, p := range parts {
		p.Repeated = repeated
		for series, err := p.Next(); series != nil || err != nil; series, err = p.Next() {
			if err != nil {
				t.Fatal(err)
			}
			k := [2]string{series.Meter, series.Resource}
			if bySeries[k] != nil {
				t.Fatal("a series in two parts, or twice: ", k)
			}
			keys = append(keys, k)
			bySeries[k] = []string{}
			for w, err := series.Next(); w != nil || err != nil; w, err = series.Next() {
				if err != nil {
					t.Fatal(err)
				}
				for _, sample := range w.Samples {
					if !w.Contains(sample.Time) {
						t.Fatal(sample.Time, " is not within ", w.Span)
					}
					bySeries[k] = append(bySeries[k], line(w.Span, sample))
				}
				for _, sample := range w.Repeated {
					bySeries[k] = append(bySeries[k], "again "+line(w.Span, sample))
				}
			}
		}
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	lines := []string{}
	for _, k := range keys {
		lines = append(lines, bySeries[k]...)
	}
	return lines
}

// Runs are merged in passes where there are very many of them.
func TestManyRuns(t *testing.T) {
	dir := t.TempDir()
	var all []usage.Sample
	for i := range 3000 {
		all = append(all, usage.Sample{
			ID: fmt.Sprint("id", i%2990), Meter: "m", Kind: usage.Gauge, Tenant: "a", Resource: fmt.Sprint("r", i%7),
			Time: start.Add(time.Duration(i*37%2000) * time.Minute), Metadata: map[string]string{"k": fmt.Sprint(i % 5)},
		})
	}
	got := through(t, slices.Clone(all), spool.Options{Dir: dir, Buffer: 1}.Reading(50), false)
	if diff := cmp.Diff(inMemory(all), got); diff != "" {
		t.Errorf("(-sorted in memory +spooled):\n%s", diff)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestRepeated(t *testing.T) {
	one := usage.Sample{ID: "1", Meter: "m", Resource: "r", Time: start}
	later := one
	later.Time = start.Add(90 * time.Minute)
	nameless := usage.Sample{Meter: "m", Resource: "r", Time: start.Add(time.Minute)}
	var again []string
	for _, l := range through(t, []usage.Sample{later, one, nameless, one, nameless}, spool.Options{}, true) {
		if text, ok := strings.CutPrefix(l, "again "); ok {
			again = append(again, text)
		}
	}
	want := []string{line(usage.WindowAt(start), one), line(usage.WindowAt(start), nameless), line(usage.WindowAt(later.Time), later)}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("repetitions (-want +got):\n%s", diff)
	}
}

// Samples that are left out although they are no repetitions are counted.
func TestClashes(t *testing.T) {
	one := usage.Sample{ID: "1", Meter: "m", Resource: "r", Time: start, Origin: usage.Origin{Name: "a.json", Line: 7}}
	two := one
	two.ID = "2"
	other, later, moved := one, two, one
	other.Volume, other.HasVolume, other.Origin.Line = decimal.NewFromInt(3), true, 8
	later.Time = start.Add(3 * time.Hour)
	moved.Datacenter, moved.Metadata = "elsewhere", map[string]string{"k": "v"}
	elsewhere := other
	elsewhere.Resource = "s"
	s := spool.New(spool.Options{})
	defer s.Close()
	for _, sample := range []usage.Sample{later, other, one, two, one, moved, elsewhere} {
		if err := s.Add(&sample); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := s.Parts()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2, 0} { // other and later; none of s
		series, err := parts[0].Next()
		if err != nil || series == nil {
			t.Fatal(series, err)
		}
		for w, err := series.Next(); w != nil; w, err = series.Next() {
			if err != nil {
				t.Fatal(err)
			}
		}
		if series.Clashes != want || i == 0 && (series.Clash.ID != "1" || series.Clash.Origin.Line != 8) {
			t.Errorf("%s: %d clashes, the first is %v, want %d", series.Resource, series.Clashes, series.Clash, want)
		}
	}
}

// Of a sample with an id only the metadata that are wanted are kept; of one
// without an id all, and they count for its digest.
func TestMetadata(t *testing.T) {
	sample := func(id, other string) usage.Sample {
		return usage.Sample{ID: id, Meter: "m", Resource: "r", Time: start, Metadata: map[string]string{"k": "v", "other": other}}
	}
	digests := map[string]string{}
	for _, s := range []usage.Sample{sample("1", "x"), sample("1", "y"), sample("", "x"), sample("", "y")} {
		windows := windowsOf(t, []usage.Sample{s}, spool.Options{Metadata: []string{"k"}})
		got := windows[0].Samples[0].Metadata
		want := map[string]string{"k": "v"}
		if s.ID == "" {
			want = s.Metadata
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metadata of %q (-want +got):\n%s", s.ID, diff)
		}
		digests[s.ID+s.Metadata["other"]] = windows[0].Digest
	}
	if digests["1x"] != digests["1y"] || digests["x"] == digests["y"] {
		t.Errorf("digests: %v", digests)
	}
}

// windowsOf returns the windows of the first series.
func windowsOf(t *testing.T, all []usage.Sample, o spool.Options) []spool.Window {
	t.Helper()
	s := spool.New(o)
	defer s.Close()
	for i := range all {
		if err := s.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := s.Parts()
	if err != nil {
		t.Fatal(err)
	}
	series, err := parts[0].Next()
	if err != nil || series == nil {
		t.Fatal(series, err)
	}
	var windows []spool.Window
	for w, err := series.Next(); w != nil || err != nil; w, err = series.Next() {
		if err != nil {
			t.Fatal(err)
		}
		copied := *w
		copied.Samples = slices.Clone(w.Samples)
		windows = append(windows, copied)
	}
	return windows
}

func TestNoRoom(t *testing.T) {
	s := spool.New(spool.Options{Dir: "/nowhere/at/all", Buffer: 1})
	defer s.Close()
	sample := usage.Sample{Meter: "m", Resource: "r", Time: start}
	if err := s.Add(&sample); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(&sample); err == nil || !strings.Contains(err.Error(), "TMPDIR names the directory") {
		t.Errorf("error %v", err)
	}
}
