package gnocchi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A resource is one of Gnocchi's, with its history.
type resource struct {
	id        string // Gnocchi's
	name      string // the telemetry's: what samples call it
	kind      string
	started   time.Time
	ended     time.Time // zero while it lives
	metrics   map[string]string
	revisions []revision // by start
	gone      bool       // its newest revision was not asked for: it ended before
}

// A revision is what a resource was for some time.
type revision struct {
	start      time.Time
	project    string
	attributes map[string]string
}

// A row is a revision as a search answers it.
type row struct {
	resource
	revision
	end time.Time // zero for the present one
}

// fixed are members of a row that describe no revision.
var fixed = []string{"id", "original_resource_id", "type", "project_id", "started_at", "ended_at", "revision_start", "revision_end",
	"metrics", "creator", "created_by_user_id", "created_by_project_id"}

// UnmarshalJSON reads a row, and reports what cannot be right about it.
func (w *row) UnmarshalJSON(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	var wrong []error
	get := func(name string, dst any) {
		if value, ok := members[name]; ok {
			if err := json.Unmarshal(value, dst); err != nil {
				wrong = append(wrong, fmt.Errorf("%s is not what it should be", name))
			}
		}
	}
	instant := func(name string, needed bool) (t time.Time) {
		var text string
		get(name, &text) // null leaves it
		if text == "" {
			if needed {
				wrong = append(wrong, fmt.Errorf("no %s", name))
			}
			return t
		}
		t, err := parseInstant(text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
		return t
	}
	get("id", &w.id)
	get("original_resource_id", &w.name)
	get("type", &w.kind)
	get("project_id", &w.project)
	get("metrics", &w.metrics)
	w.started, w.ended = instant("started_at", true), instant("ended_at", false)
	w.start, w.end = instant("revision_start", true), instant("revision_end", false)
	if w.id == "" {
		wrong = append(wrong, errors.New("no id"))
	}
	if w.name == "" {
		w.name = w.id
	}
	for _, name := range fixed {
		delete(members, name)
	}
	w.attributes = attributes(members)
	if len(wrong) > 0 {
		return fmt.Errorf("resource %s: %w", quote(w.id), errors.Join(wrong...))
	}
	return nil
}

// attributes makes metadata of what a type of resources adds to a resource. The
// flavor has the names that Ceilometer's own samples have for it, too.
func attributes(members map[string]json.RawMessage) map[string]string {
	flat := make(map[string]string, len(members)+2)
	for name, value := range members {
		var text string
		switch {
		case string(value) == "null":
			continue
		case json.Unmarshal(value, &text) == nil:
			flat[name] = text
		default:
			flat[name] = string(value)
		}
	}
	for from, to := range map[string]string{"flavor_name": "flavor.name", "flavor_id": "flavor.id"} {
		if value, ok := flat[from]; ok {
			flat[to] = value
		}
	}
	return flat
}

// gather makes a resource of its rows.
func gather(rows []row) *resource {
	slices.SortStableFunc(rows, func(a, b row) int { return a.start.Compare(b.start) })
	last := rows[len(rows)-1]
	res := last.resource
	res.gone = !last.end.IsZero()
	for _, w := range rows {
		res.revisions = append(res.revisions, w.revision)
	}
	return &res
}

// at returns the revision that held at an instant. Gnocchi hears of a resource
// a little after it began; before its first revision the first holds.
func (r *resource) at(t time.Time) int {
	i := len(r.revisions) - 1
	for i > 0 && r.revisions[i].start.After(t) {
		i--
	}
	return i
}

// differs reports whether a revision says something else than another.
func (r revision) differs(other revision) bool {
	return r.project != other.project || !maps.Equal(r.attributes, other.attributes)
}
