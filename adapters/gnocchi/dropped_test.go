package gnocchi

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// TestDropped reads for the first time what Gnocchi has dropped in part, by how long
// before the last measure it was: that is told, with its span, and only where no
// sample before it does.
func TestDropped(t *testing.T) {
	const short, long = "2 days, 0:00:00", "30 days, 0:00:00"
	fine := map[time.Duration]string{5 * time.Minute: short}
	both := map[time.Duration]string{5 * time.Minute: short, time.Hour: long}
	hour := func(days, hours int) time.Time { return day.Add(time.Duration(days*24+hours) * time.Hour) }
	for name, test := range map[string]struct {
		kept      map[time.Duration]string
		dropped   time.Time // what was measured before
		ends      time.Time // what was measured; zero for never
		since     time.Time
		collected map[string]time.Time
		want      string
		first     time.Time // measure
	}{
		"kept for too short": {kept: fine, dropped: hour(3, 0), since: hour(1, 0), first: hour(3, 0),
			want: `: archive policy "low" keeps measures for 2 days: of what began before since = 2026-10-02T00:00:00Z (1 resource) nothing is known up to 2026-10-04T00:00:00Z, and it is billed to nobody (artifice check tells how to let it keep more)`},
		"it ended, and its last days are kept": {kept: fine, dropped: hour(2, 1), ends: hour(4, 1), since: hour(1, 0), first: hour(2, 1),
			want: `: archive policy "low" keeps measures for 2 days: of what began before since = 2026-10-02T00:00:00Z (1 resource) nothing is known up to 2026-10-03T01:00:00Z, and it is billed to nobody (artifice check tells how to let it keep more)`},
		"it ended before any was dropped": {kept: fine, ends: hour(2, 0), since: hour(1, 0), first: hour(1, 0)},
		"it was silent at first":          {kept: fine, dropped: hour(4, 0), since: hour(1, 0), first: hour(4, 0)},
		"more is kept than it says":       {kept: fine, since: hour(1, 0), first: hour(1, 0)},
		"kept in longer buckets":          {kept: both, since: hour(1, 0), first: hour(1, 0)},
		"began within what is read":       {kept: fine, since: hour(-1, 0), first: hour(0, 0)},
		"kept since":                      {kept: fine, since: hour(4, 0), first: hour(4, 0)},
		"collected before":                {kept: fine, since: hour(1, 0), collected: map[string]time.Time{"": hour(2, 0), "acme": hour(2, 0)}, first: hour(1, 0)},
		"asked for anew, by its rule":     {kept: fine, since: hour(1, 0), collected: map[string]time.Time{"": {}, "acme": {}}, first: hour(1, 0)},
		"billing began with no day":       {kept: fine, first: hour(3, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.keepsMany(day, test.kept)
			all := f.measures
			f.measures = func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				start, err1 := time.Parse(time.RFC3339, q.Get("start"))
				stop, err2 := time.Parse(time.RFC3339, q.Get("stop"))
				if err1 != nil || err2 != nil {
					panic(q)
				}
				q.Set("start", later(start, test.dropped).Format(time.RFC3339))
				q.Set("stop", earlier(stop, test.ends).Format(time.RFC3339))
				r.URL.RawQuery = q.Encode()
				all(w, r)
			}
			s := f.source(t, func(c *Config) { c.Since, c.Lookback = test.since, 48*time.Hour })
			s.now = func() time.Time { return hour(5, 0).Add(30 * time.Minute) }
			q := volumes
			q.Collected = test.collected
			var first time.Time
			got := ""
			for sample, err := range s.Samples(t.Context(), q) {
				var warning *usage.Warning
				switch {
				case errors.As(err, &warning):
					got += warning.Error()
				case err != nil:
					t.Fatal(err)
				case sample.HasVolume && (first.IsZero() || sample.Time.Before(first)):
					first = sample.Time
				}
			}
			if want := test.want; want != "" && got != s.cloud.String()+want || want == "" && got != "" {
				t.Errorf("warns of %q,\nwant that of the cloud %q", got, want)
			}
			if test.collected == nil && !first.Equal(test.first) {
				t.Errorf("the first measure is of %v, want %v", first, test.first)
			}
		})
	}
}
