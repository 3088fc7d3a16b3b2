package gnocchi

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// TestSeen ends steps: of what meters saw of one metric at several times the next
// reading goes by the first, and by nothing once a step saw nothing new.
func TestSeen(t *testing.T) {
	hour := func(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }
	window := int64(0)
	p := &policy{name: "low", backWindow: &window, kept: []kept{{granularity: time.Hour, timespan: 1000 * time.Hour}}}
	job := func(meter string) job {
		return job{resource: &resource{name: "v"}, meter: meter, metric: "m", policy: p, errand: errand{span: usage.Span{End: hour(100)}}}
	}
	list := func(hours ...int) (list []measure) {
		for _, n := range hours {
			list = append(list, measure{at: hour(n)})
		}
		return list
	}
	all := allSeen{}
	first := usage.Span{End: hour(10)}
	all.see(job("size"), list(1, 9, 10), first)
	all.see(job("presence"), list(1, 9), first)
	all.endStep(first.End)
	if s := all["m"]; !s.settled.Equal(hour(9)) || s.count != 1 || !s.final {
		t.Errorf("after the first step %+v", s)
	}

	all = allSeen{}
	for _, meter := range []string{"size", "presence"} { // one more came while the first was read
		minutes := map[string][]measure{"size": list(10), "presence": append(list(10), measure{at: hour(10).Add(time.Minute)})}
		all.see(job(meter), minutes[meter], first)
	}
	all.endStep(first.End)
	if s := all["m"]; !s.settled.Equal(hour(10)) || s.count != 1 || s.final {
		t.Errorf("of two meters %+v", s)
	}
	second := usage.Span{Start: hour(10), End: hour(20)}
	all.see(job("size"), nil, second)
	all.endStep(second.End)
	if s := all["m"]; !s.settled.Equal(hour(10)) || !s.final {
		t.Errorf("after a step without any %+v", s)
	}
	third := usage.Span{Start: hour(20), End: hour(30)}
	all.see(job("size"), list(25), third) // may be late already
	all.endStep(third.End)
	if s := all["m"]; !s.settled.Equal(hour(10)) || s.count != 1 {
		t.Errorf("after a gap %+v", s)
	}
}
