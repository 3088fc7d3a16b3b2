package usage_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

func TestCounter(t *testing.T) {
	count := func(clockTime, volume string, options ...option) usage.Sample {
		return reading(usage.Cumulative, clock(clockTime), volume, options...)
	}
	for _, test := range []struct {
		name    string
		samples []usage.Sample
		want    []string
	}{
		{"the first reading adds nothing, but its window has an entry",
			[]usage.Sample{count("00:10:00", "1000")},
			[]string{"2014-01-01T00 tenant=a service= dc=north: 0 B of 1"}},
		{"an increment is booked where the later reading is",
			[]usage.Sample{count("00:10:00", "1000"), count("00:50:00", "1010"), count("01:10:00", "1015.5"), count("05:00:00", "1016")},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 10 B of 2",   // 1010 - 1000
				"2014-01-01T01 tenant=a service= dc=north: 11/2 B of 1", // 1015.5 - 1010 = 5.5
				"2014-01-01T05 tenant=a service= dc=north: 1/2 B of 1",  // 1016 - 1015.5, whatever time lies between
			}},
		{"a decrease is a restart from zero",
			[]usage.Sample{count("00:10:00", "100"), count("00:20:00", "30"), count("01:00:00", "20"), count("01:10:00", "20"), count("02:00:00", "0")},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 30 B of 2", // 30 in full
				"2014-01-01T01 tenant=a service= dc=north: 20 B of 2", // 20 in full + 0
				"2014-01-01T02 tenant=a service= dc=north: 0 B of 1",
			}},
		{"at one instant those not below come first, each part ascending",
			[]usage.Sample{count("00:00:00", "10"), count("00:10:00", "5"), count("00:10:00", "30"), count("00:10:00", "10"), count("00:10:00", "2"), count("00:20:00", "6")},
			[]string{"2014-01-01T00 tenant=a service= dc=north: 26 B of 6"}}, // 10 0, 30 +20, 2 restarts +2, 5 +3, 6 +1
		{"at one instant, however late each was recorded",
			[]usage.Sample{count("00:00:00", "10"), count("00:10:00", "30", recorded(clock("00:10:01"))), count("00:10:00", "20", recorded(clock("00:10:02")))},
			[]string{"2014-01-01T00 tenant=a service= dc=north: 20 B of 3"}}, // 20 +10, 30 +10; no restart
		{"at the first instant all ascend",
			[]usage.Sample{count("00:00:00", "10"), count("00:00:00", "4"), count("00:10:00", "11")},
			[]string{"2014-01-01T00 tenant=a service= dc=north: 7 B of 3"}}, // 10 - 4 + 11 - 10
		{"a sample without a volume is passed over",
			[]usage.Sample{count("00:00:00", "0", noVolume), count("00:10:00", "10"), count("00:20:00", "0", noVolume), count("00:30:00", "12"), count("01:00:00", "0", noVolume)},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 2 B of 4", // 12 - 10, no restart between
				"2014-01-01T01 tenant=a service= dc=north: 0 B of 1",
			}},
		{"the tenant of the later reading, where it was last",
			[]usage.Sample{count("00:00:00", "10"), count("00:10:00", "15", tenant("b")), count("00:20:00", "16", in("south")), count("00:30:00", "20", tenant("b"), in("west"))},
			[]string{
				"2014-01-01T00 tenant=a service= dc=south: 1 B of 2", // 16 - 15
				"2014-01-01T00 tenant=b service= dc=west: 9 B of 2",  // 5 + 4
			}},
		{"more digits than a float has",
			[]usage.Sample{count("00:00:00", "9007199254740993.1"), count("00:10:00", "9007199254740995.4")},
			[]string{"2014-01-01T00 tenant=a service= dc=north: 23/10 B of 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, lines(mustWalk(t, usage.Counter{}, test.samples))); diff != "" {
				t.Errorf("volumes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCounterRefusesAnotherState(t *testing.T) {
	w := usage.WindowAt(clock("00:00:00"))
	samples := []usage.Sample{reading(usage.Cumulative, w.Start, "1")}
	_, _, err := usage.Counter{}.Transform(w, usage.State{Data: `{"since":"2014-01-01T00:00:00Z"}`}, samples)
	if err == nil || !contains(err, "give the meter a section of another name") {
		t.Errorf("the state of another transformer: %v", err)
	}
	before := usage.State{Data: `{"last":"1"}`}
	if volumes, after, err := (usage.Counter{}).Transform(w, before, nil); len(volumes) != 0 || after != before || err != nil {
		t.Errorf("without samples: %v, %+v, %v; want the state as it was", volumes, after, err)
	}
}
