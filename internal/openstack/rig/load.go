package rig

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Load puts resources of the past into a rig's Gnocchi, as Ceilometer would
// have over time. They are removed after the test.
type Load struct {
	testing.TB
	*Rig
	Policy string // the archive policy of the metrics that are added

	ids   map[string]string // of resources, by name
	kinds map[string]string
}

// NewLoad returns a load whose metrics keep the mean and the last reading of
// every five minutes for 40 days.
func NewLoad(t testing.TB, r *Rig) *Load {
	t.Helper()
	l := &Load{TB: t, Rig: r, Policy: "load-" + RandomID()[:12], ids: map[string]string{}, kinds: map[string]string{}}
	l.AddPolicy(l.Policy, "40 days", "mean", "last")
	t.Cleanup(l.remove)
	return l
}

// connect opens Gnocchi's database. It may be restarted in between, so that a
// connection is not kept.
func (l *Load) connect() *pgx.Conn {
	l.Helper()
	db, err := pgx.Connect(context.Background(), l.Database)
	if err != nil {
		l.Fatal(err)
	}
	return db
}

func (l *Load) remove() {
	if len(l.ids) > 0 {
		ids := slices.Sorted(maps.Values(l.ids))
		l.Call(l, "DELETE", l.Gnocchi+"/v1/resource/generic", map[string]any{"in": map[string]any{"id": ids}}, nil)
	}
}

// AddPolicy makes an archive policy that keeps aggregates of five minutes for
// a span such as "30 days".
func (l *Load) AddPolicy(name, span string, aggregations ...string) {
	l.Helper()
	l.Call(l, "POST", l.Gnocchi+"/v1/archive_policy", map[string]any{"name": name, "aggregation_methods": aggregations, "back_window": 0,
		"definition": []any{map[string]any{"granularity": "5 minutes", "timespan": span}}}, nil)
}

// RandomID is a project's id, as Keystone makes them.
func RandomID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// gnocchiTime is how times are written, UTC.
const gnocchiTime = "2006-01-02T15:04:05"

// Add makes a resource that began at an instant, with metrics, and returns its
// id.
func (l *Load) Add(kind, name, project string, started time.Time, attributes map[string]any, metrics ...string) string {
	l.Helper()
	id := RandomID()
	id = fmt.Sprintf("%s-%s-4%s-8%s-%s", id[:8], id[8:12], id[13:16], id[17:20], id[20:])
	l.ids[name], l.kinds[name] = id, kind
	measured := map[string]any{}
	for _, metric := range metrics {
		measured[metric] = map[string]any{"archive_policy_name": l.Policy}
	}
	body := map[string]any{"id": id, "project_id": project, "user_id": "u", "started_at": started.UTC().Format(gnocchiTime), "metrics": measured}
	maps.Copy(body, attributes)
	l.Call(l, "POST", l.Gnocchi+"/v1/resource/"+kind, body, nil)
	l.dated(name, started)
	return id
}

// ID is that of a resource.
func (l *Load) ID(name string) string { return l.ids[name] }

// Names are those of the resources, by id.
func (l *Load) Names() map[string]string {
	names := map[string]string{}
	for name, id := range l.ids {
		names[id] = name
	}
	return names
}

// End has a resource end, of which Gnocchi hears later.
func (l *Load) End(name string, at, heard time.Time) {
	l.Helper()
	l.Patch(name, heard, map[string]any{"ended_at": at.UTC().Format(gnocchiTime)})
}

// Patch changes a resource at an instant later than all its changes before.
func (l *Load) Patch(name string, at time.Time, attributes map[string]any) {
	l.Helper()
	db := l.connect()
	defer db.Close(context.Background())
	var starts []time.Time
	rows, err := db.Query(context.Background(), `SELECT revision_start FROM resource_history WHERE id = $1 ORDER BY revision`, l.ids[name])
	if err == nil {
		starts, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
	}
	if err != nil {
		l.Fatal(err)
	}
	var now time.Time
	if err := db.QueryRow(context.Background(), `SELECT revision_start FROM resource WHERE id = $1`, l.ids[name]).Scan(&now); err != nil {
		l.Fatal(err)
	}
	l.Call(l, "PATCH", l.Gnocchi+"/v1/resource/"+l.kinds[name]+"/"+l.ids[name], attributes, nil)
	l.dated(name, append(starts, now, at)...)
}

// dated sets when the revisions of a resource began, in Gnocchi's database: its
// API has no way to.
func (l *Load) dated(name string, starts ...time.Time) {
	l.Helper()
	db := l.connect()
	defer db.Close(context.Background())
	last := len(starts) - 1
	exec := func(sql string, arguments ...any) {
		l.Helper()
		if _, err := db.Exec(context.Background(), sql, arguments...); err != nil {
			l.Fatal(err)
		}
	}
	exec(`UPDATE resource SET revision_start = $2 WHERE id = $1`, l.ids[name], starts[last])
	for i := range last {
		exec(`UPDATE resource_history SET revision_start = $3, revision_end = $4
			WHERE revision = (SELECT revision FROM resource_history WHERE id = $1 ORDER BY revision OFFSET $2 LIMIT 1)`,
			l.ids[name], i, starts[i], starts[i+1])
	}
}

// Measure gives a resource a measure every five minutes of [from, to), and
// waits until they are processed. value is told how many there were before.
func (l *Load) Measure(name, metric string, from, to time.Time, value func(i int) int) {
	l.Helper()
	l.Send(name, metric, from, to, value)
	l.Call(l, "GET", l.metric(name, metric)+"?refresh=true&limit=1", nil, nil)
}

// Send is Measure without the wait: metricd processes the measures some time.
func (l *Load) Send(name, metric string, from, to time.Time, value func(i int) int) {
	l.Helper()
	var list []any
	for at := from; at.Before(to); at = at.Add(5 * time.Minute) {
		list = append(list, map[string]any{"timestamp": at.UTC().Format(gnocchiTime), "value": value(len(list))})
	}
	l.Call(l, "POST", l.metric(name, metric), list, nil)
}

func (l *Load) metric(name, metric string) string {
	return l.Gnocchi + "/v1/resource/" + l.kinds[name] + "/" + l.ids[name] + "/metric/" + metric + "/measures"
}

// Always is the value of a metric that does not change.
func Always(n int) func(int) int { return func(int) int { return n } }
