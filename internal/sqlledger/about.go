package sqlledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// about writes what a batch says beside usage.
func (r *recorder) about(batch ledger.Batch) error {
	if err := r.writeResources(batch.Resources); err != nil {
		return err
	}
	if err := r.writeTexts(batch.Tenants); err != nil {
		return err
	}
	if err := r.writeMarks(batch.Marks); err != nil {
		return err
	}
	if err := r.writeMeters(batch.Meters); err != nil {
		return err
	}
	return r.writeBookmarks(batch.Bookmarks)
}

// A tableOf holds the rows of a table that a batch is about, by their keys K:
// as they are stored, and as they are to be.
type tableOf[K comparable, V comparable] struct {
	stored, wanted map[K]V
	order          []K // of those that are wanted, as they came
}

func newTable[K comparable, V comparable]() tableOf[K, V] {
	return tableOf[K, V]{stored: map[K]V{}, wanted: map[K]V{}}
}

// set says what a row is to be; the last one that says so stands.
func (t *tableOf[K, V]) set(key K, row V) {
	if _, known := t.wanted[key]; !known {
		t.order = append(t.order, key)
	}
	t.wanted[key] = row
}

// write inserts the rows that are new and updates those that differ. Values
// are the keys and then the columns.
func (t *tableOf[K, V]) write(to *tx, table string, keys, columns []string, values func(K, V) []any) error {
	var added, changed []any
	for _, key := range t.order {
		row := t.wanted[key]
		switch old, there := t.stored[key]; {
		case !there:
			added = append(added, values(key, row)...)
		case old != row:
			changed = append(changed, values(key, row)...)
		}
	}
	if len(added) > 0 {
		if err := to.db.Insert(to.ctx, to.Conn, table, slices.Concat(keys, columns), added); err != nil {
			return err
		}
	}
	return to.updateRows(table, keys, columns, changed)
}

type (
	resourceKey struct {
		tenant          int64
		resource, meter string
	}
	resourceText struct {
		kind, info string
		seen       int64 // nanoseconds; noInstant for none
	}
	tenantText struct{ name, extra string }
	markKey    struct {
		tenant int64
		source string
	}
	markSpan struct{ since, through int64 }
	meterKey struct{ source, meter string }
	meterRow struct {
		through int64
		rule    string
	}
)

// noInstant stands for no time where an instant is a number.
const noInstant = -1 << 63

func instantNumber(t time.Time) int64 {
	if t.IsZero() {
		return noInstant
	}
	return t.UnixNano()
}

func instantValue(n int64) any {
	if n == noInstant {
		return nil
	}
	return n
}

func (r *recorder) writeResources(resources []ledger.Resource) error {
	rows := newTable[resourceKey, resourceText]()
	for _, resource := range resources {
		info, err := attributes(resource.Info).Value()
		if err != nil {
			return err
		}
		key := resourceKey{r.names.tenants.ids[tenantName(resource.Tenant)], resource.ID, resource.Meter}
		rows.set(key, resourceText{resource.Type, info.(string), instantNumber(resource.Seen)})
	}
	for chunk := range slices.Chunk(rows.order, atOnce) {
		var args []any
		for _, key := range chunk {
			args = append(args, key.tenant, key.resource, key.meter)
		}
		err := r.query(`SELECT tenant_id, resource, meter, type, info, seen FROM resources WHERE (tenant_id, resource, meter) IN (VALUES `+
			repeated(len(chunk), `(CAST(? AS BIGINT), ?, ?)`)+`)`, args, func(row scanner) error {
			var key resourceKey
			var text resourceText
			var seen instant
			err := row.Scan(&key.tenant, &key.resource, &key.meter, &text.kind, &text.info, &seen)
			text.seen = instantNumber(time.Time(seen))
			rows.stored[key] = text
			return err
		})
		if err != nil {
			return err
		}
	}
	return rows.write(r.tx, "resources", []string{"tenant_id", "resource", "meter"}, []string{"type", "info", "seen"}, func(k resourceKey, v resourceText) []any {
		return []any{k.tenant, k.resource, k.meter, v.kind, v.info, instantValue(v.seen)}
	})
}

func (r *recorder) writeTexts(tenants []usage.Tenant) error {
	rows := newTable[int64, tenantText]()
	for _, tenant := range tenants {
		extra, err := attributes(tenant.Extra).Value()
		if err != nil {
			return err
		}
		rows.set(r.names.tenants.ids[tenantName(tenant.ID)], tenantText{tenant.Name, extra.(string)})
	}
	for chunk := range slices.Chunk(rows.order, atOnce) {
		err := r.query(`SELECT tenant_id, name, extra FROM tenant_texts WHERE tenant_id IN `+tuples(1, len(chunk)), anys(chunk), func(row scanner) error {
			var id int64
			var text tenantText
			err := row.Scan(&id, &text.name, &text.extra)
			rows.stored[id] = text
			return err
		})
		if err != nil {
			return err
		}
	}
	return rows.write(r.tx, "tenant_texts", []string{"tenant_id"}, []string{"name", "extra"}, func(id int64, v tenantText) []any {
		return []any{id, v.name, v.extra}
	})
}

// writeMarks extends what was collected, by one mark after the other.
func (r *recorder) writeMarks(marks []ledger.Mark) error {
	rows := newTable[markKey, markSpan]()
	var keys []markKey
	for _, mark := range marks {
		keys = append(keys, markKey{r.names.tenants.ids[tenantName(mark.Tenant)], mark.Source})
	}
	for chunk := range slices.Chunk(keys, atOnce) {
		var args []any
		for _, key := range chunk {
			args = append(args, key.tenant, key.source)
		}
		err := r.query(`SELECT tenant_id, source, since, through FROM marks WHERE (tenant_id, source) IN (VALUES `+
			repeated(len(chunk), `(CAST(? AS BIGINT), ?)`)+`)`, args, func(row scanner) error {
			var key markKey
			var span markSpan
			err := row.Scan(&key.tenant, &key.source, &span.since, &span.through)
			rows.stored[key] = span
			return err
		})
		if err != nil {
			return err
		}
	}
	for i, mark := range marks {
		span := markSpan{mark.From.UnixNano(), mark.Through.UnixNano()}
		old, known := rows.wanted[keys[i]]
		if !known {
			old, known = rows.stored[keys[i]]
		}
		if known {
			if span.since > old.through || span.through < old.since {
				return fmt.Errorf("mark of tenant %s for %s: %v leaves a hole beside %v, which is collected: collect what lies between",
					mark.Tenant, mark.Source, usage.Span{Start: mark.From.UTC(), End: mark.Through.UTC()},
					usage.Span{Start: time.Unix(0, old.since).UTC(), End: time.Unix(0, old.through).UTC()})
			}
			span = markSpan{min(span.since, old.since), max(span.through, old.through)}
		}
		rows.set(keys[i], span)
	}
	return rows.write(r.tx, "marks", []string{"tenant_id", "source"}, []string{"since", "through"}, func(k markKey, v markSpan) []any {
		return []any{k.tenant, k.source, v.since, v.through}
	})
}

// writeMeters writes up to when meters are collected, which does not move back,
// and by which rule.
func (r *recorder) writeMeters(marks []ledger.MeterMark) error {
	rows := newTable[meterKey, meterRow]()
	for chunk := range slices.Chunk(marks, atOnce) {
		var args []any
		for _, mark := range chunk {
			args = append(args, mark.Source, mark.Meter)
		}
		err := r.query(`SELECT source, meter, through, rule FROM meters WHERE (source, meter) IN (VALUES `+repeated(len(chunk), `(?, ?)`)+`)`, args, func(row scanner) error {
			var key meterKey
			var stored meterRow
			err := row.Scan(&key.source, &key.meter, &stored.through, &stored.rule)
			rows.stored[key] = stored
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, mark := range marks {
		key, wanted := meterKey{mark.Source, mark.Meter}, meterRow{mark.Through.UnixNano(), mark.Rule}
		for _, rows := range []map[meterKey]meterRow{rows.stored, rows.wanted} {
			if known, ok := rows[key]; ok {
				wanted.through = max(wanted.through, known.through)
			}
		}
		rows.set(key, wanted)
	}
	return rows.write(r.tx, "meters", []string{"source", "meter"}, []string{"through", "rule"}, func(k meterKey, v meterRow) []any {
		return []any{k.source, k.meter, v.through, v.rule}
	})
}

// anys are values as arguments of a query.
func anys[T any](values []T) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return args
}
