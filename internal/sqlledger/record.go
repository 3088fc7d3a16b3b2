package sqlledger

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/openstack-artifice/artifice/ledger"
)

// Record implements ledger.Usage. It compares the batch with what is stored
// and writes what differs.
func (l *Ledger) Record(ctx context.Context, batch ledger.Batch) error {
	if err := validateBatch(batch); err != nil {
		return err
	}
	batch.Series = withoutRepeats(batch.Series)
	return l.update(ctx, func(t *tx) error {
		r := newRecorder(t)
		if err := r.look(batch); err != nil {
			return err
		}
		if err := r.fence(batch.Revision); err != nil {
			return err
		}
		var folded []int64
		for _, series := range batch.Series {
			if len(series.Folds) == 0 {
				continue
			}
			id := r.names.series.ids[seriesName(series.Series)]
			folded = append(folded, id)
			for i := range series.Folds {
				if err := r.fold(id, series.Series, &series.Folds[i]); err != nil {
					return err
				}
			}
		}
		if err := r.write(); err != nil {
			return err
		}
		if err := r.reach(folded); err != nil {
			return err
		}
		if err := r.bump(r.changed); err != nil {
			return err
		}
		return r.about(batch)
	})
}

// A recorder writes one batch: it looks at all that the batch is about, decides
// what is to change, and writes that.
type recorder struct {
	*tx
	names *names
	// everybody is the number of the tenant "", with whom is kept what is
	// everybody's.
	everybody int64
	stored    map[place]*storedFold
	blocks    blocks
	owners    map[owner]bool

	// Rows that are new, and rows that differ from what is stored.
	folds, gaps, adjustments, newOwners       []any
	entries                                   []newEntry
	changedFolds, changedGaps, changedEntries []any
	changed                                   map[int64]bool // tenants whose entries or adjustments are others now
}

// An owner is a tenant that ever had usage of a series.
type owner struct{ series, tenant int64 }

// A newEntry is an entry that is not stored yet.
type newEntry struct {
	place
	storedEntry
}

func newRecorder(t *tx) *recorder {
	return &recorder{tx: t, names: newNames(), blocks: blocks{}, owners: map[owner]bool{}, changed: map[int64]bool{}}
}

// look finds the numbers of all names of a batch, and what is stored for its
// windows, and locks the tenants whose usage may change.
func (r *recorder) look(batch ledger.Batch) error {
	r.want(batch)
	if err := r.names.resolve(r.tx); err != nil {
		return err
	}
	everybody, err := r.tenantID("")
	if err != nil {
		return err
	}
	r.everybody = everybody
	var stretches []stretch
	first, last := int64(0), int64(-1)
	folds, entries := 0, 0
	tenants := map[int64]bool{r.everybody: true}
	for _, series := range batch.Series {
		if len(series.Folds) == 0 {
			continue
		}
		s := stretch{series: r.names.series.ids[seriesName(series.Series)]}
		folds += len(series.Folds)
		for i := range series.Folds {
			entries += len(series.Folds[i].Entries)
			hour := hourOf(series.Folds[i].Window.Start)
			if i == 0 {
				s.first, s.last = hour, hour
			}
			s.first, s.last = min(s.first, hour), max(s.last, hour)
			for j := range series.Folds[i].Entries {
				tenants[r.names.tenants.ids[tenantName(series.Folds[i].Entries[j].Tenant)]] = true
			}
		}
		if last < first {
			first, last = s.first, s.last
		}
		first, last = min(first, s.first), max(last, s.last)
		if !r.names.series.added[s.series] {
			stretches = append(stretches, s)
		}
	}
	if len(stretches) == 0 { // all is new
		r.folds, r.entries = make([]any, 0, len(foldColumns)*folds), make([]newEntry, 0, entries)
	}
	if r.stored, err = r.readStretches(stretches); err != nil {
		return err
	}
	if err := r.readOwners(stretches); err != nil {
		return err
	}
	for _, f := range r.stored {
		for _, e := range f.entries {
			tenants[e.tenant] = true
		}
		for _, a := range f.adjustments {
			tenants[a.tenant] = true
		}
	}
	ids := slices.Sorted(maps.Keys(tenants))
	if err := r.lock(ids...); err != nil {
		return err
	}
	return r.blocks.read(r.tx, ids, first, last)
}

// fence refuses a batch that was made from what is no longer so, and makes
// those of others stale. Whoever records has locked the tenant "", so that what
// is read here is what there is.
func (r *recorder) fence(revision int64) error {
	now, err := r.revision("")
	if err == nil && revision != 0 && revision != now {
		err = ledger.ErrStale
	}
	r.changed[r.everybody] = true
	return err
}

// want asks for the numbers of all names of a batch.
func (r *recorder) want(batch ledger.Batch) {
	for _, series := range batch.Series {
		if len(series.Folds) > 0 {
			r.names.series.want(seriesName(series.Series))
		}
		for i := range series.Folds {
			r.wantFold(&series.Folds[i])
		}
	}
	for _, resource := range batch.Resources {
		r.names.tenants.want(tenantName(resource.Tenant))
	}
	for _, tenant := range batch.Tenants {
		r.names.tenants.want(tenantName(tenant.ID))
	}
	for _, mark := range batch.Marks {
		r.names.tenants.want(tenantName(mark.Tenant))
	}
	for _, bookmark := range batch.Bookmarks {
		r.names.tenants.want(tenantName(bookmark.Tenant))
	}
}

func (r *recorder) wantFold(fold *ledger.Fold) {
	for i := range fold.Entries {
		r.names.tenants.want(tenantName(fold.Entries[i].Tenant))
		r.names.kinds.want(kindName(&fold.Entries[i]))
	}
	for _, gap := range fold.Gaps {
		r.names.tenants.want(tenantName(gap.Tenant))
	}
}

func (r *recorder) readOwners(stretches []stretch) error {
	for chunk := range slices.Chunk(stretches, atOnce) {
		args := make([]any, 0, len(chunk))
		for _, s := range chunk {
			args = append(args, s.series)
		}
		err := r.query(`SELECT series_id, tenant_id FROM owners WHERE series_id IN `+tuples(1, len(chunk)), args, func(row scanner) error {
			var o owner
			err := row.Scan(&o.series, &o.tenant)
			r.owners[o] = true
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var foldColumns = []string{"series_id", "hour", "samples", "digest", "data", "until", "pruned"}

// write writes the rows that are new, and those that differ.
func (r *recorder) write() error {
	// In the order in which they are kept.
	slices.SortFunc(r.entries, func(a, b newEntry) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.hour, b.hour), cmp.Compare(a.series, b.series), cmp.Compare(a.kind, b.kind))
	})
	entries := make([]any, 0, 6*len(r.entries))
	for i := range r.entries {
		e := &r.entries[i]
		entries = append(entries, e.tenant, e.hour, e.series, e.kind, e.volume.String(), e.samples)
	}
	for _, rows := range []struct {
		table   string
		values  []any
		columns []string
	}{
		{"owners", r.newOwners, []string{"series_id", "tenant_id"}},
		{"folds", r.folds, foldColumns},
		{"gaps", r.gaps, []string{"series_id", "hour", "tenant_id", "since", "until"}},
		{"entries", entries, []string{"tenant_id", "hour", "series_id", "kind_id", "volume", "samples"}},
		{"adjustments", r.adjustments, []string{"tenant_id", "hour", "series_id", "kind_id", "order_id", "volume", "samples"}},
	} {
		if len(rows.values) == 0 {
			continue
		}
		if err := r.db.Insert(r.ctx, r.Conn, rows.table, rows.columns, rows.values); err != nil {
			return err
		}
	}
	for _, rows := range []struct {
		table   string
		values  []any
		keys    []string
		columns []string
	}{
		{"folds", r.changedFolds, []string{"series_id", "hour"}, []string{"samples", "digest", "data", "until"}},
		{"gaps", r.changedGaps, []string{"series_id", "hour", "tenant_id", "since"}, []string{"until"}},
		{"entries", r.changedEntries, []string{"tenant_id", "hour", "series_id", "kind_id"}, []string{"volume", "samples"}},
	} {
		if err := r.updateRows(rows.table, rows.keys, rows.columns, rows.values); err != nil {
			return err
		}
	}
	r.newOwners, r.folds, r.gaps, r.entries, r.adjustments = nil, nil, nil, nil, nil
	r.changedFolds, r.changedGaps, r.changedEntries = nil, nil, nil
	return nil
}

// bump gives tenants whose usage has changed another revision.
func (t *tx) bump(changed map[int64]bool) error {
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		if err := t.exec(`UPDATE tenants SET revision = revision + 1 WHERE id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}
