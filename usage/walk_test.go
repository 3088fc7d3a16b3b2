package usage_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// spy is a transformer that notes what it is shown.
type spy struct {
	until time.Time // what its state says
	fail  string    // the window that it refuses, "" for none
	data  string
	saw   *[]string
}

func (s spy) Transform(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	saw := w.Start.Format("15") + " after " + before.Data + ":"
	for _, sample := range samples {
		saw += " " + sample.Volume.String() + "@" + sample.Datacenter
	}
	*s.saw = append(*s.saw, saw)
	if w.Start.Format("15") == s.fail {
		return nil, usage.State{}, errors.New("refused")
	}
	data := s.data
	if data == "" {
		data = `"` + w.Start.Format("15") + `"`
	}
	return nil, usage.State{Data: data, Until: s.until}, nil
}

func TestWalk(t *testing.T) {
	samples := []usage.Sample{
		gauge(clock("01:00:00"), "1"),
		gauge(clock("01:59:59.999999999"), "2"),
		gauge(clock("02:00:00"), "3"),
		gauge(clock("07:30:00"), "4"),
		gauge(clock("09:00:00"), "5"),
	}
	for _, test := range []struct {
		name          string
		from, through time.Time
		state         usage.State
		until         time.Time
		want          []string
	}{
		{"windows with samples, half open", time.Time{}, clock("23:00:00"), usage.State{}, time.Time{}, []string{
			"01 after : 1@north 2@north",
			`02 after "01": 3@north`,
			`07 after "02": 4@north`,
			`09 after "07": 5@north`,
		}},
		{"from and through", clock("02:00:00"), clock("09:00:00"), usage.State{}, time.Time{}, []string{
			"02 after : 3@north",
			`07 after "02": 4@north`,
		}},
		{"windows that begin before Until", clock("02:00:00"), clock("09:00:00"), usage.State{}, clock("04:00:01"), []string{
			"02 after : 3@north",
			`03 after "02":`,
			`04 after "03":`,
			`07 after "04": 4@north`,
		}},
		{"not the window that begins at Until", clock("02:00:00"), clock("04:00:00"), usage.State{}, clock("03:00:00"), []string{
			"02 after : 3@north",
		}},
		{"no samples but a state that matters", clock("10:00:00"), clock("23:00:00"),
			usage.State{Data: `{"data":"x"}`, Until: clock("10:00:01")}, time.Time{}, []string{
				`10 after "x":`,
			}},
		{"no window past through", clock("10:00:00"), clock("11:00:00"),
			usage.State{Until: clock("20:00:00")}, clock("20:00:00"), []string{"10 after :"}},
		{"nothing", clock("10:00:00"), clock("10:00:00"), usage.State{Until: clock("20:00:00")}, time.Time{}, nil},
		{"through before from", clock("10:00:00"), clock("01:00:00"), usage.State{Until: clock("20:00:00")}, time.Time{}, nil},
		{"another zone", clock("02:00:00").In(time.FixedZone("", 3600)), clock("03:00:00"), usage.State{}, time.Time{}, []string{
			"02 after : 3@north",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var saw []string
			for step, err := range usage.Walk(spy{until: test.until, saw: &saw}, test.from, test.state, samples, test.through) {
				if err != nil {
					t.Fatal(err)
				}
				if step.Window.Start.Location() != time.UTC || step.Window.Duration() != usage.WindowLength {
					t.Errorf("window %s is not an hour in UTC", step.Window)
				}
			}
			if diff := cmp.Diff(test.want, saw); diff != "" {
				t.Errorf("transformer saw (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWalkResolvesDatacenters has a sample's datacenter known twice only; the
// second walk resumes from nothing but the state of the first.
func TestWalkResolvesDatacenters(t *testing.T) {
	samples := []usage.Sample{
		gauge(clock("01:10:00"), "1", assumed("default")),
		gauge(clock("01:20:00"), "2", in("north")),
		gauge(clock("01:30:00"), "3", assumed("default")),
		gauge(clock("03:00:00"), "4", assumed("default")),
		gauge(clock("03:10:00"), "5", in("south")),
		gauge(clock("04:00:00"), "6", assumed("default")),
	}
	want := []string{
		"01 after : 1@default 2@north 3@north",
		`03 after "01": 4@north 5@south`,
		`04 after "03": 6@south`,
	}
	var saw []string
	steps, err := walk(spy{saw: &saw}, samples, clock("05:00:00"), clock("02:00:00"), clock("04:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, saw); diff != "" {
		t.Errorf("transformer saw (-want +got):\n%s", diff)
	}
	if want := `{"dc":"south","data":"04"}`; steps[2].State.Data != want {
		t.Errorf("state is %s, want %s", steps[2].State.Data, want)
	}
	if samples[3].Datacenter != "default" || steps[1].Samples[0].Datacenter != "default" {
		t.Error("walk changed the caller's samples, so that their digest is another one the next time")
	}
}

func TestWalkErrors(t *testing.T) {
	ordered := []usage.Sample{gauge(clock("01:00:00"), "1"), gauge(clock("02:00:00"), "2"), gauge(clock("03:00:00"), "3")}
	for _, test := range []struct {
		name          string
		transformer   spy
		from, through time.Time
		state         usage.State
		samples       []usage.Sample
		steps         int
		want          string
	}{
		{"the first error ends it", spy{fail: "02"}, clock("01:00:00"), clock("05:00:00"), usage.State{}, ordered, 1, "refused"},
		{"from off a border", spy{}, clock("01:00:01"), clock("05:00:00"), usage.State{}, ordered, 0,
			"2014-01-01T01:00:01Z is not on the border of an hour"},
		{"through off a border", spy{}, clock("01:00:00"), clock("05:30:00"), usage.State{}, ordered, 0,
			"2014-01-01T05:30:00Z is not on the border of an hour"},
		{"out of order", spy{}, clock("01:00:00"), clock("05:00:00"), usage.State{},
			numbered([]usage.Sample{gauge(clock("02:00:00"), "1"), gauge(clock("01:00:00"), "2")}), 0,
			"samples.json: sample 2: out of order; sort the series first"},
		{"a state that is not ours", spy{}, clock("01:00:00"), clock("05:00:00"), usage.State{Data: `{"last":"1"}`}, ordered, 0,
			"resume at 2014-01-01T01:00:00Z: the kept state does not fit the meter's transformer"},
		{"a state with a tail", spy{}, clock("01:00:00"), clock("05:00:00"), usage.State{Data: `{} {}`}, ordered, 0,
			"text after the state"},
		{"a transformer whose state is not JSON", spy{data: "{"}, clock("01:00:00"), clock("05:00:00"), usage.State{}, ordered, 0,
			"the transformer's state is not JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.transformer.saw = new([]string)
			var steps, errs []string
			for step, err := range usage.Walk(test.transformer, test.from, test.state, test.samples, test.through) {
				if err != nil {
					errs = append(errs, err.Error())
				} else {
					steps = append(steps, fmt.Sprint(step.Window))
				}
			}
			if len(steps) != test.steps || len(errs) != 1 || !strings.Contains(errs[0], test.want) {
				t.Errorf("got steps %q and errors %q, want %d steps and the one error %q", steps, errs, test.steps, test.want)
			}
		})
	}
}

func TestWalkStops(t *testing.T) {
	saw := new([]string)
	samples := []usage.Sample{gauge(clock("01:00:00"), "1"), gauge(clock("02:00:00"), "2")}
	for range usage.Walk(spy{saw: saw}, time.Time{}, usage.State{}, samples, clock("05:00:00")) {
		break
	}
	if len(*saw) != 1 {
		t.Errorf("transformer was called for %d windows after the caller stopped at 1", len(*saw))
	}
}

// twice bills twice what the transformer comes to that it embeds.
type twice struct{ usage.FromImage }

func (d twice) Transform(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	volumes, after, err := d.FromImage.Transform(w, before, samples)
	for i := range volumes {
		volumes[i].Volume = volumes[i].Volume.Add(volumes[i].Volume)
	}
	return volumes, after, err
}

// A transformer that embeds one of this package is walked itself: 2 x 20 GB.
func TestWalkEmbedding(t *testing.T) {
	samples := []usage.Sample{gauge(clock("00:10:00"), "1", metadata("image_ref", "an image"), metadata("root_gb", "20"))}
	for _, tr := range []usage.Transformer{twice{}, &twice{}} {
		steps, err := walk(tr, samples, clock("01:00:00"))
		if err != nil {
			t.Fatal(err)
		}
		if got := steps[0].Volumes[0].Volume.String(); got != "40" {
			t.Errorf("%T: the volume is %s, want 40", tr, got)
		}
	}
}
