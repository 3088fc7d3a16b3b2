package gnocchi

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// TestPresenceIsNotJudged has values that cannot be right. Where only that there
// is a measure counts they say that there is one; another meter of the same metric
// holds the tenant back all the same.
func TestPresenceIsNotJudged(t *testing.T) {
	const rows = `["2026-10-01T10:00:00+00:00", 300.0, -5], ["2026-10-01T10:05:00+00:00", 300.0, null], ["2026-10-01T10:10:00+00:00", 300.0, 7]`
	f := newFake(t)
	f.measures = func(w http.ResponseWriter, _ *http.Request) {
		say(w, 200, `{"measures": {"m1": {"mean": [`+rows+`]}}}`)
	}
	s := f.source(t, func(c *Config) {
		c.Meters = map[string]string{"there": "volume, volume.size, presence, volume", "volume.size": "volume, snapshot.size volume.size, gauge, GB"}
	})
	there := []string{"r1 acme 1 at 01T10:00:00", "r1 acme 1 at 01T10:05:00", "r1 acme 1 at 01T10:10:00"}
	size := []string{"r1 acme 7 at 01T10:10:00"}
	const wrong = `tenant acme: volume "r1", volume.size: metric "m1": at 2026-10-01T10:00:00Z: the value "-5" is impossible: below zero (2 of its measures are wrong; `
	for _, test := range []struct {
		meters []string
		want   []string
		wrong  bool
	}{
		{[]string{"there"}, there, false},
		{[]string{"volume.size"}, size, true},
		{[]string{"there", "volume.size"}, append(slices.Clone(there), size...), true},
	} {
		samples, errs := read(t, s, usage.Query{Meters: test.meters})
		if diff := cmp.Diff(test.want, texts(samples)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", test.meters, diff)
		}
		if test.wrong != (len(errs) == 1 && strings.HasPrefix(errs[0], wrong)) || !test.wrong && len(errs) > 0 {
			t.Errorf("%q: errors are %q", test.meters, errs)
		}
	}
}
