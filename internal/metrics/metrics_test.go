package metrics_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/metrics"
)

var (
	runs = metrics.Metric{Name: "artifice_runs_total", Kind: metrics.Counter, Help: `Runs, with a \ and` + "\nanother line."}
	last = metrics.Metric{Name: "artifice_last_run_timestamp_seconds", Kind: metrics.Gauge, Help: "When."}
)

func TestText(t *testing.T) {
	s := metrics.New(runs, last)
	s.SetTime(last, time.UnixMilli(1375660800250), nil)
	s.Add(runs, 2, metrics.Labels{"command": "bill", "code": "0", "none": ""})
	s.Add(runs, 1, metrics.Labels{"code": "0", "command": "bill"})
	s.Add(runs, 1, metrics.Labels{"command": "a\"b\\c\nd"})
	const want = `# HELP artifice_runs_total Runs, with a \\ and\nanother line.
# TYPE artifice_runs_total counter
artifice_runs_total{code="0",command="bill"} 3
artifice_runs_total{command="a\"b\\c\nd"} 1
# HELP artifice_last_run_timestamp_seconds When.
# TYPE artifice_last_run_timestamp_seconds gauge
artifice_last_run_timestamp_seconds 1375660800.25
`
	if got := string(s.Text()); got != want {
		t.Errorf("the text is\n%s\nwant\n%s", got, want)
	}
	again := metrics.New(runs, last)
	again.Read([]byte(want))
	if got := string(again.Text()); got != want {
		t.Errorf("read again, the text is\n%s", got)
	}
	if got := again.Label(runs, "code"); got != "0" {
		t.Errorf("the code is %q", got)
	}
	again.Drop(func(name string, labels metrics.Labels) bool { return name == last.Name || labels["code"] == "0" })
	if got := string(again.Text()); !strings.HasSuffix(got, "counter\nartifice_runs_total{command=\"a\\\"b\\\\c\\nd\"} 1\n") {
		t.Errorf("of what was dropped is left\n%s", got)
	}
}

// Whatever stands in a file, what is understood of it is written again as it
// was.
func TestReadAnything(t *testing.T) {
	for _, line := range []string{
		"artifice_runs_total", "artifice_runs_total x", "artifice_runs_total NaN", "artifice_runs_total +Inf", "artifice_unknown 1",
		"artifice_runs_total{ 1", "artifice_runs_total{} 1", `artifice_runs_total{a="1" 1`, `artifice_runs_total{b="1",a="1"} 1`,
		"artifice_runs_total{a=`1`} 1", `artifice_runs_total{a="\x41"} 1`, `artifice_runs_total{a="1"}1 1`, "# HELP artifice_runs_total 1",
	} {
		s := metrics.New(runs)
		if s.Read([]byte(line + "\n")); len(s.Text()) > 0 {
			t.Errorf("%s is read as\n%s", line, s.Text())
		}
	}
}

// What is written is read as what it was.
func TestReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := metrics.New(runs, last)
		for range rapid.IntRange(0, 5).Draw(t, "figures") {
			labels := rapid.MapOf(rapid.StringMatching("[a-z_]{1,5}"), rapid.String()).Draw(t, "labels")
			s.Add(runs, rapid.IntRange(0, 1<<50).Draw(t, "value"), labels)
		}
		again := metrics.New(runs, last)
		again.Read(s.Text())
		if got, want := string(again.Text()), string(s.Text()); got != want {
			t.Fatalf("read again\n%q\nis\n%q", want, got)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("artifice_runs_total{a=\"1\"} 1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := metrics.New(runs, last)
		s.Read(text)
		again := metrics.New(runs, last)
		again.Read(s.Text())
		if got, want := string(again.Text()), string(s.Text()); got != want {
			t.Errorf("read again\n%q\nis\n%q", want, got)
		}
	})
}
