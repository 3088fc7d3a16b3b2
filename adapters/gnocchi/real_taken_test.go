package gnocchi

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

// TestRealTaken sends measures around a metric's last, one after the other: what
// Gnocchi takes of them is never older than what is taken for settled, and it
// does refuse what is.
func TestRealTaken(t *testing.T) {
	r := rig.Shared(t)
	for _, test := range []struct {
		name         string
		backWindow   int
		aggregations []string
		definition   []any
		block        time.Duration // and each earlier one that is taken
	}{
		{"five minutes", 0, []string{"mean"}, definitions("5 minutes"), 5 * time.Minute},
		{"five minutes and three", 3, []string{"mean"}, definitions("5 minutes"), 20 * time.Minute},
		{"a minute and an hour", 0, []string{"mean", "last"}, definitions("1 minute", "1 hour"), time.Hour},
		{"an hour and two", 2, []string{"mean"}, definitions("1 hour"), 3 * time.Hour},
		{"with rates", 0, []string{"mean", "rate:mean"}, definitions("5 minutes", "1 hour"), 2 * time.Hour},
		{"five days", 0, []string{"mean"}, definitions("5 minutes", "5 days"), 5 * 24 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := rig.NewLoad(t, r)
			l.Policy = "taken-" + rig.RandomID()[:12]
			l.Call(t, "POST", l.Gnocchi+"/v1/archive_policy", map[string]any{"name": l.Policy, "aggregation_methods": test.aggregations,
				"back_window": test.backWindow, "definition": test.definition}, nil)
			var p policy
			l.Call(t, "GET", l.Gnocchi+"/v1/archive_policy/"+l.Policy, nil, &p)
			l.Add("volume", "v", rig.RandomID(), day, nil, "volume.size")
			of := l.Gnocchi + "/v1/resource/volume/" + l.ID("v") + "/metric/volume.size/measures?aggregation=mean"
			var (
				random         = rand.New(rand.NewPCG(1, 2))
				at, last       = clock("10:02:00"), time.Time{}
				before         string
				taken, refused int
			)
			for i := range 60 {
				l.Measure("v", "volume.size", at, at.Add(time.Second), rig.Always(i*i+1))
				var all [][]any
				l.Call(t, "GET", of, nil, &all)
				now := fmt.Sprint(all)
				settled := p.settled(last.Truncate(5 * time.Minute)) // of the bucket, where that is what is known
				switch was := now != before; {
				case last.IsZero() || at.After(last):
				case was && at.Before(settled):
					t.Errorf("after a measure at %v it takes one at %v, which is before %v", last, at, settled)
				case was:
					taken++
				default:
					refused++
				}
				if before = now; at.After(last) {
					last = at
				}
				at = last.Add(time.Duration(random.Int64N(int64(test.block)*5/2)) - 2*test.block).Truncate(time.Second)
			}
			if taken < 5 || refused < 5 {
				t.Errorf("%d that were late are taken, %d refused", taken, refused)
			}
		})
	}
}

// definitions are those of an archive policy, kept for long.
func definitions(granularities ...string) []any {
	var all []any
	for _, granularity := range granularities {
		all = append(all, map[string]any{"granularity": granularity, "timespan": "400 days"})
	}
	return all
}

// TestRealLate has a host send what it measured while it was cut off, once the
// others are collected long since. All is billed; of what was settled nothing is
// asked for again.
func TestRealLate(t *testing.T) {
	r := rig.Shared(t)
	l := rig.NewLoad(t, r)
	acme, end := rig.RandomID(), day.Add(24*time.Hour)
	l.Add("volume", "goes on", acme, day.Add(-time.Hour), nil, "volume.size")
	l.Measure("goes on", "volume.size", day, end, rig.Always(10))
	l.Add("volume", "cut off", acme, day.Add(-time.Hour), nil, "volume.size")
	l.Measure("cut off", "volume.size", day, clock("06:00:00"), rig.Always(20))
	w := newTrouble(t, r)
	first := time.Time{}
	w.strike = func(req *http.Request) error {
		if strings.Contains(req.URL.Path, "/aggregates") {
			start, err := time.Parse(time.RFC3339, req.URL.Query().Get("start"))
			first = earlier(first, start)
			return err
		}
		return nil
	}
	c := w.collecting(acme)
	few := c.collect(end)
	if !first.Equal(day) {
		t.Errorf("it asks for measures from %v on", first)
	}
	first = time.Time{}
	if again := c.collect(end); !slices.Equal(again, few) || !first.Equal(clock("03:00:00")) { // two hours before that of the last
		t.Errorf("it asks again for measures from %v on, and collects %q", first, again)
	}
	l.Measure("cut off", "volume.size", clock("06:00:00"), end, rig.Always(30))
	all := c.collect(end)
	if diff := cmp.Diff(w.collecting(acme).collect(end), all); diff != "" || len(all) <= len(few) {
		t.Errorf("-collected once +got:\n%s", diff)
	}
	first = time.Time{}
	if again := c.collect(end); !slices.Equal(again, all) || !first.Equal(clock("21:00:00")) {
		t.Errorf("in the end it asks for measures from %v on, and collects %q", first, again)
	}
}
