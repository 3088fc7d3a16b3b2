package usage_test

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// A property is checked for each of these.
var drawn = []struct {
	name   string
	kinds  []usage.Kind
	draw   func(*rapid.T) usage.Transformer
	oracle func(usage.Transformer, []usage.Sample) []string
}{
	{"sum", []usage.Kind{usage.Gauge, usage.Delta}, fixed(usage.Sum{}),
		func(_ usage.Transformer, s []usage.Sample) []string { return oracleEach(s, oracleSum).lines(s, "B") }},
	{"max", []usage.Kind{usage.Gauge}, fixed(usage.Max{}),
		func(_ usage.Transformer, s []usage.Sample) []string {
			return oracleEach(s, oracleMax).lines(s, "B hour")
		}},
	{"numbool", []usage.Kind{usage.Gauge}, fixed(usage.NumBool{}),
		func(_ usage.Transformer, s []usage.Sample) []string {
			return oracleEach(s, oracleNumBool).lines(s, "B")
		}},
	{"cumulative", []usage.Kind{usage.Cumulative}, fixed(usage.Counter{}),
		func(_ usage.Transformer, s []usage.Sample) []string { return oracleCounter(s).lines(s, "B") }},
	{"uptime", []usage.Kind{usage.Gauge, usage.Delta, usage.Cumulative}, drawUptime,
		func(u usage.Transformer, s []usage.Sample) []string {
			return oracleUptime(s, u.(usage.Uptime).Hold).lines(s, "second")
		}},
	{"uptime_sampled", []usage.Kind{usage.Gauge, usage.Delta}, drawSampled,
		func(u usage.Transformer, s []usage.Sample) []string {
			return oracleSampled(u.(usage.UptimeSampled), s).lines(s, "second")
		}},
	{"integral", []usage.Kind{usage.Gauge}, drawIntegral,
		func(n usage.Transformer, s []usage.Sample) []string {
			return oracleIntegral(s, n.(usage.Integral).Hold).lines(s, "B second")
		}},
	{"storage_max", []usage.Kind{usage.Gauge}, fixed(usage.StorageMax{Names: names}),
		func(_ usage.Transformer, s []usage.Sample) []string {
			return oracleTyped(s, func(last usage.Sample) string {
				return named(names, said(last, "volume_type"))
			}).lines(s, "B hour")
		}},
	{"object_storage_max", []usage.Kind{usage.Gauge}, fixed(usage.ObjectStorageMax{PolicyKeys: []string{"volume_type"}, Names: names}),
		func(_ usage.Transformer, s []usage.Sample) []string {
			return oracleTyped(s, func(last usage.Sample) string {
				if policy := said(last, "volume_type"); policy != "" {
					return named(names, policy)
				}
				return "of r"
			}).lines(s, "B hour")
		}},
	{"network_service", []usage.Kind{usage.Gauge}, fixed(usage.NetworkService{}),
		func(_ usage.Transformer, s []usage.Sample) []string {
			return oracleEach(s, oracleNetwork).lines(s, "B hour")
		}},
	{"from_image", []usage.Kind{usage.Gauge}, fixed(usage.FromImage{}),
		func(_ usage.Transformer, s []usage.Sample) []string { return oracleFromImage(s).lines(s, "GB hour") }},
	{"database_uptime", []usage.Kind{usage.Gauge}, fixed(usage.DatabaseUptime{Names: names, Prefix: "db."}),
		func(u usage.Transformer, s []usage.Sample) []string {
			return oracleDatabase(u.(usage.DatabaseUptime), s).lines(s, "second")
		}},
	{"database_volume_max", []usage.Kind{usage.Gauge}, fixed(usage.DatabaseVolumeMax{Names: names}),
		func(d usage.Transformer, s []usage.Sample) []string {
			return oracleDatabaseVolume(d.(usage.DatabaseVolumeMax), s).lines(s, "GB hour")
		}},
}

// names is a table of a config, for ids of flavors, types, volumes and
// resources.
var names = map[string]string{"84": "x", "1": "fast", "v": "slow", "r": "of r"}

func fixed(tr usage.Transformer) func(*rapid.T) usage.Transformer {
	return func(*rapid.T) usage.Transformer { return tr }
}

func drawUptime(t *rapid.T) usage.Transformer {
	minutes := rapid.SampledFrom([]int{60, 1, 45, 61, 150}).Draw(t, "hold")
	return usage.Uptime{Hold: time.Duration(minutes) * time.Minute}
}

func drawSampled(t *rapid.T) usage.Transformer {
	var u usage.UptimeSampled
	u.Prefix = rapid.SampledFrom([]string{"", "c1."}).Draw(t, "prefix")
	if rapid.Bool().Draw(t, "has names") {
		u.Names = names
	}
	return u
}

func drawIntegral(t *rapid.T) usage.Transformer {
	return usage.Integral{Hold: drawUptime(t).(usage.Uptime).Hold}
}

// lastCut is a border that no drawn sample holds past: 4 hours and a hold.
const lastCut = 8

// drawSamples draws a series within four hours in which instants, borders and
// volumes often fall together. Every sample has an id, some the same.
func drawSamples(t *rapid.T, kinds []usage.Kind) []usage.Sample {
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	lowest := -3
	if kind == usage.Cumulative {
		lowest = 0
	}
	one := rapid.Custom(func(t *rapid.T) usage.Sample {
		when := clock("00:00:00").Add(time.Duration(rapid.IntRange(0, 24).Draw(t, "tens of minutes")) * 10 * time.Minute)
		if rapid.Bool().Draw(t, "off") {
			when = when.Add(rapid.SampledFrom([]time.Duration{-1, 1, 500_000_000, 61_000_000_007}).Draw(t, "nanoseconds"))
		}
		s := reading(kind, when, "0",
			id(fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "id"))),
			tenant(rapid.SampledFrom([]string{"a", "a", "b"}).Draw(t, "tenant")),
			metadata("status", rapid.SampledFrom([]string{"", "", "None", "paused", "Upgrade", "Deleted"}).Draw(t, "status")),
			metadata("state", rapid.SampledFrom([]string{"", "active", "ACTIVE", "Building", "stopped", "error", "None"}).Draw(t, "state")),
			metadata("flavor.name", rapid.SampledFrom([]string{"", "", "None", "x", "y"}).Draw(t, "flavor.name")),
			metadata("instance_type", rapid.SampledFrom([]string{"", "x", "84", "y", "z", "None"}).Draw(t, "instance_type")),
			metadata("volume_type", rapid.SampledFrom([]string{"", "fast", "1", "None"}).Draw(t, "volume_type")),
			metadata("volume_id", rapid.SampledFrom([]string{"v", "w"}).Draw(t, "volume_id")),
			metadata("volume.size", rapid.SampledFrom([]string{"", "7", "25.5", "25.9", "None"}).Draw(t, "volume.size")),
			metadata("root_gb", rapid.SampledFrom([]string{"", "0", "20", "2.5e1"}).Draw(t, "root_gb")))
		if image := rapid.SampledFrom([]string{"absent", "absent", "an image", "an image", "an image", "None", ""}).Draw(t, "image"); image != "absent" {
			metadata(rapid.SampledFrom([]string{"image_ref", "image_meta.base_image_ref"}).Draw(t, "image key"), image)(&s)
		}
		s.Volume = decimal.New(int64(rapid.IntRange(lowest, 12).Draw(t, "volume")), -int32(rapid.IntRange(0, 1).Draw(t, "digits")))
		if rapid.IntRange(0, 9).Draw(t, "has a volume") == 0 {
			noVolume(&s)
		}
		s.Datacenter = rapid.SampledFrom([]string{"north", "south"}).Draw(t, "datacenter")
		if rapid.Bool().Draw(t, "assumed") {
			assumed("default")(&s)
		}
		if seconds := rapid.IntRange(0, 2).Draw(t, "recorded"); seconds > 0 {
			s.Recorded = when.Add(time.Duration(seconds))
		}
		return s
	})
	return rapid.SliceOfN(one, 0, 30).Draw(t, "samples")
}

// ordered leaves out samples that are alike in all that orders them, so that no
// rule says which of them comes first.
func ordered(samples []usage.Sample) []usage.Sample {
	samples = slices.SortedFunc(slices.Values(samples), byOrder)
	return slices.CompactFunc(samples, func(a, b usage.Sample) bool { return byOrder(a, b) == 0 })
}

func byOrder(a, b usage.Sample) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	if c := a.Recorded.Compare(b.Recorded); c != 0 {
		return c
	}
	if c := volumeOf(a).Cmp(volumeOf(b)); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func drawCuts(t *rapid.T) []time.Time {
	hours := rapid.SliceOfNDistinct(rapid.IntRange(0, lastCut), 0, lastCut, rapid.ID).Draw(t, "cuts")
	slices.Sort(hours)
	var cuts []time.Time
	for _, hour := range hours {
		cuts = append(cuts, clock("00:00:00").Add(time.Duration(hour)*time.Hour))
	}
	return cuts
}

func end() time.Time { return clock("00:00:00").Add(lastCut * time.Hour) }

func drawWalk(t *rapid.T, tr usage.Transformer, samples []usage.Sample, cuts ...time.Time) []usage.Step {
	steps, err := walk(tr, samples, end(), cuts...)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// eachRule checks a property of every transformer.
func eachRule(t *testing.T, property func(t *rapid.T, rule int, tr usage.Transformer, samples []usage.Sample)) {
	for i, rule := range drawn {
		t.Run(rule.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				tr := rule.draw(t)
				property(t, i, tr, drawSamples(t, rule.kinds))
			})
		})
	}
}

// TestOracle compares every volume with what the oracle computes.
func TestOracle(t *testing.T) {
	eachRule(t, func(t *rapid.T, rule int, tr usage.Transformer, samples []usage.Sample) {
		samples = ordered(samples)
		want := drawn[rule].oracle(tr, oracleOnce(samples))
		if diff := cmp.Diff(want, lines(drawWalk(t, tr, samples))); diff != "" {
			t.Fatalf("volumes (-oracle +got):\n%s", diff)
		}
	})
}

// TestCutting resumes at random borders from nothing but the states.
func TestCutting(t *testing.T) {
	eachRule(t, func(t *rapid.T, _ int, tr usage.Transformer, samples []usage.Sample) {
		compareSteps(t, drawWalk(t, tr, samples), drawWalk(t, tr, samples, drawCuts(t)...))
	})
}

// TestOrderAndDuplicates gives the samples in another order, many of them more
// than once and from elsewhere.
func TestOrderAndDuplicates(t *testing.T) {
	eachRule(t, func(t *rapid.T, _ int, tr usage.Transformer, samples []usage.Sample) {
		// Without ids, identical samples count once all the same.
		if rapid.Bool().Draw(t, "without ids") {
			for i := range samples {
				samples[i].ID = ""
			}
		}
		again := numbered(slices.Clone(samples))
		for i := range samples {
			for range rapid.IntRange(0, 2).Draw(t, "again") {
				again = append(again, again[i])
			}
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "shuffle"), 0))
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		compareSteps(t, drawWalk(t, tr, samples), drawWalk(t, tr, again))
	})
}

func compareSteps(t *rapid.T, want, got []usage.Step) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(decimal.Decimal.Equal), cmp.Comparer(sameContent)); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
}

func sameContent(a, b usage.Sample) bool {
	a.Origin, b.Origin = usage.Origin{}, usage.Origin{}
	same := a.HasVolume == b.HasVolume && a.Volume.Equal(b.Volume) && a.Time.Equal(b.Time) && a.Recorded.Equal(b.Recorded) && maps.Equal(a.Metadata, b.Metadata)
	a.Volume, a.Time, a.Recorded, a.Metadata = b.Volume, b.Time, b.Recorded, b.Metadata
	return same && reflect.DeepEqual(a, b)
}

// TestUptimeMinuteByMinute asks of every minute whether it is billed: the
// total, however it is divided between windows and services.
func TestUptimeMinuteByMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t, []usage.Kind{usage.Gauge})
		for i := range samples {
			samples[i].Time = samples[i].Time.Round(time.Minute)
		}
		samples = ordered(samples)
		uptime := drawUptime(t).(usage.Uptime)
		var want int64 // seconds
		once := oracleOnce(samples)
		for minute := clock("00:00:00"); minute.Before(end()); minute = minute.Add(time.Minute) {
			if _, billed := holder(once, minute, uptime.Hold); billed {
				want += 60
			}
		}
		got := new(big.Rat)
		for _, step := range drawWalk(t, uptime, samples, drawCuts(t)...) {
			for _, v := range step.Volumes {
				got.Add(got, v.Volume.Rat())
			}
		}
		if got.Cmp(big.NewRat(want, 1)) != 0 {
			t.Fatalf("uptime is %s seconds, want %d", got.RatString(), want)
		}
	})
}

// TestCounterRestarts simulates a counter, which knows what it counted, and
// restarts it at random points. Whatever the cuts, each hour must come to what
// was counted up to its last reading.
func TestCounterRestarts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, counter := clock("00:00:00"), rapid.Int64Range(0, 1000).Draw(t, "first")
		samples := []usage.Sample{reading(usage.Cumulative, now, fmt.Sprint(counter))}
		counted := map[time.Time]int64{now: 0}
		for range rapid.IntRange(0, 40).Draw(t, "readings") {
			now = now.Add(time.Duration(rapid.Int64Range(1, int64(20*time.Minute)).Draw(t, "later")))
			grown := rapid.Int64Range(0, 100).Draw(t, "grown")
			if counter > 0 && rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
				// Only what it counted since it restarted can be known.
				grown %= counter
				counter = 0
			}
			counter += grown
			counted[hourOf(now)] += grown
			samples = append(samples, reading(usage.Cumulative, now, fmt.Sprint(counter)))
		}
		var cuts []time.Time
		for _, hour := range []int{1, 2, 5, 9} {
			if rapid.Bool().Draw(t, "cut") {
				cuts = append(cuts, clock("00:00:00").Add(time.Duration(hour)*time.Hour))
			}
		}
		steps, err := walk(usage.Counter{}, samples, clock("23:00:00"), cuts...)
		if err != nil {
			t.Fatal(err)
		}
		got := map[time.Time]int64{}
		for _, step := range steps {
			got[step.Window.Start] = step.Volumes[0].Volume.IntPart()
		}
		if diff := cmp.Diff(counted, got); diff != "" {
			t.Fatalf("counted by hour (-want +got):\n%s", diff)
		}
	})
}
