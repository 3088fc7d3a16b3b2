package gnocchi

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
	"github.com/openstack-artifice/artifice/usage"
)

// TestRealGranularity has an operator let the archive policy keep what is fine for
// longer, between two readings, as check advises. What was read comes again as it
// was, and the figures of the day are right.
func TestRealGranularity(t *testing.T) {
	r := rig.Shared(t)
	l := rig.NewLoad(t, r)
	l.Policy = "two-" + rig.RandomID()[:12]
	keeping := func(fine string) map[string]any {
		return map[string]any{"definition": []any{
			map[string]any{"granularity": "5 minutes", "timespan": fine},
			map[string]any{"granularity": "1 hour", "timespan": "90 days"},
		}}
	}
	made := keeping("30 days")
	made["name"], made["aggregation_methods"], made["back_window"] = l.Policy, []string{"mean"}, 0
	l.Call(t, "POST", l.Gnocchi+"/v1/archive_policy", made, nil)
	// It grew at 13:00.
	l.Add("volume", "grown", rig.RandomID(), day.Add(-100*time.Hour), nil, "volume.size")
	l.Measure("grown", "volume.size", day, day.Add(24*time.Hour), func(i int) int {
		if i < 13*12 {
			return 10
		}
		return 30
	})
	now := day
	s, err := newSource(plainConfig(), openstack.Options{Getenv: func(k string) string { return r.Env()[k] }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.now = func() time.Time { return now }
	q := volumes
	q.Resources = []string{l.ID("grown")}
	q.Remember = func(text string) { q.Remembered = text }
	readAt := func(at time.Time) (all []usage.Sample) {
		t.Helper()
		now = at
		all, errs := read(t, s, q)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		through := usage.WindowAt(at).Start
		q.Collected = map[string]time.Time{"": through, all[0].Tenant: through}
		return all
	}
	first := readAt(clock("06:10:00"))
	l.Call(t, "PATCH", l.Gnocchi+"/v1/archive_policy/"+l.Policy, keeping("90 days"), nil)
	readAt(clock("12:10:00"))
	last := readAt(day.Add(24 * time.Hour))
	if len(first) != 7 || len(last) != 13+11*12 { // hours up to 13:00, where the first that is over ends, and then every five minutes
		t.Errorf("%d samples at first, %d at last", len(first), len(last))
	}
	if diff := cmp.Diff(texts(usage.Sort(first[:6])), texts(usage.Sort(last)[:6])); diff != "" {
		t.Errorf("of what was read it has -before +after:\n%s", diff)
	}
	sums, gaps := billed(t, last, map[string]usage.Transformer{"volume.size": usage.Integral{}}, func(string) string { return "it" })
	if want := map[string]string{"it it": "1656000 GB second"}; !cmp.Equal(sums, want) || len(gaps) > 1 { // 13 h of 10 GB, 11 h of 30
		t.Errorf("it comes to %v, want %v; gaps %v", sums, want, gaps)
	}
}
