package sqlledger

import (
	"bytes"

	"github.com/openstack-artifice/artifice/ledger"
)

// fold decides how what is stored of a window changes for a fold.
func (r *recorder) fold(series int64, of ledger.Series, fold *ledger.Fold) error {
	p := place{series, hourOf(fold.Window.Start)}
	digest := pack(fold.Digest)
	after := &storedFold{samples: int64(fold.Samples), digest: digest, data: fold.State.Data, until: fold.State.Until.UTC()}
	for i := range fold.Entries {
		e := &fold.Entries[i]
		after.entries = append(after.entries, storedEntry{
			share{r.names.tenants.ids[tenantName(e.Tenant)], r.names.kinds.ids[kindName(e)]}, amount{e.Volume.Volume, int64(e.Samples)}})
	}
	for _, g := range fold.Gaps {
		after.gaps = append(after.gaps, storedGap{r.names.tenants.ids[tenantName(g.Tenant)], g.From, g.To})
	}
	before, exists := r.stored[p]
	switch {
	case !exists:
		r.folds = append(r.folds, p.series, p.hour, after.samples, digest, after.data, nanos(after.until), int64(0))
		before = new(storedFold)
	case bool(before.pruned):
		if unpack(before.digest) != fold.Digest { // which may be packed in an older way
			return &ledger.PrunedError{Series: of, Window: window(p.hour)}
		}
		return nil
	case before.samples != after.samples || before.data != after.data || !before.until.Equal(after.until) || !bytes.Equal(before.digest, digest):
		r.changedFolds = append(r.changedFolds, p.series, p.hour, after.samples, digest, after.data, nanos(after.until))
	}
	if err := r.foldGaps(p, before.gaps, after.gaps); err != nil {
		return err
	}
	if !exists && !r.anyReserved(p.hour, after.entries) {
		for _, e := range after.entries {
			r.addEntry(p, e)
		}
		return nil
	}
	return r.foldUsage(p, before, after)
}

func (r *recorder) anyReserved(hour int64, entries []storedEntry) bool {
	for i := range entries {
		if r.blocks.reserved(entries[i].tenant, hour) {
			return true
		}
	}
	return false
}

// foldGaps decides how the gaps that a window tells of change.
func (r *recorder) foldGaps(p place, before, after []storedGap) error {
	for _, old := range before {
		if findGap(after, old) != nil {
			continue
		}
		err := r.exec(`DELETE FROM gaps WHERE series_id = ? AND hour = ? AND tenant_id = ? AND since = ?`, p.series, p.hour, old.tenant, instant(old.since))
		if err != nil {
			return err
		}
	}
	for _, g := range after {
		old := findGap(before, g)
		if old == nil {
			r.gaps = append(r.gaps, p.series, p.hour, g.tenant, nanos(g.since), nanos(g.till))
			continue
		}
		if old.till.Equal(g.till) {
			continue
		}
		r.changedGaps = append(r.changedGaps, p.series, p.hour, g.tenant, nanos(g.since), nanos(g.till))
	}
	return nil
}

func findGap(gaps []storedGap, g storedGap) *storedGap {
	for i := range gaps {
		if gaps[i].tenant == g.tenant && gaps[i].since.Equal(g.since) {
			return &gaps[i]
		}
	}
	return nil
}

// foldUsage decides how entries and adjustments of a window change.
//
// At any time what a fold came to is the entry, and the adjustments that are
// carried, and the one that is pending. Where an order reserves the window the
// pending one gives way, elsewhere the entry does.
func (r *recorder) foldUsage(p place, before, after *storedFold) error {
	for _, s := range shares(before, after) {
		total, counted := findEntry(after.entries, s)
		entry, billed := findEntry(before.entries, s)
		var carried, pending amount
		waiting := false
		for _, a := range before.adjustments {
			switch {
			case a.share != s:
			case a.order == 0:
				pending, waiting = a.amount, true
			default:
				carried = carried.plus(a.amount)
			}
		}
		wanted, wantedPending := entry, amount{}
		wantEntry := billed
		if r.blocks.reserved(s.tenant, p.hour) {
			wantedPending = total.minus(entry).minus(carried)
		} else {
			wanted = total.minus(carried)
			wantEntry = counted || !carried.volume.IsZero()
		}
		err := r.setEntry(p, s, entry, billed, wanted, wantEntry)
		if err == nil {
			err = r.setPending(p, s, pending, waiting, wantedPending)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shares lists whose, and of what, anything of a window is.
func shares(before, after *storedFold) []share {
	var all []share
	add := func(s share) {
		for _, known := range all {
			if known == s {
				return
			}
		}
		all = append(all, s)
	}
	for i := range before.entries {
		add(before.entries[i].share)
	}
	for i := range before.adjustments {
		add(before.adjustments[i].share)
	}
	for i := range after.entries {
		add(after.entries[i].share)
	}
	return all
}

// findEntry returns what a share comes to. A window of one series has only a
// few entries.
func findEntry(entries []storedEntry, s share) (amount, bool) {
	for i := range entries {
		if entries[i].share == s {
			return entries[i].amount, true
		}
	}
	return amount{}, false
}

// addEntry adds an entry that is new.
func (r *recorder) addEntry(p place, e storedEntry) {
	r.own(p.series, e.tenant)
	r.entries = append(r.entries, newEntry{p, e})
	r.changed[e.tenant] = true
}

// own notes that a tenant has usage of a series.
func (r *recorder) own(series, tenant int64) {
	o := owner{series, tenant}
	if !r.owners[o] {
		r.owners[o] = true
		r.newOwners = append(r.newOwners, series, tenant)
	}
}

func (r *recorder) setEntry(p place, s share, old amount, exists bool, wanted amount, want bool) error {
	switch {
	case !exists && !want, exists && want && old.equal(wanted):
		return nil
	case !exists:
		r.addEntry(p, storedEntry{s, wanted})
		return nil
	}
	r.changed[s.tenant] = true
	if !want {
		return r.deleteEntry(p, s)
	}
	r.changedEntries = append(r.changedEntries, s.tenant, p.hour, p.series, s.kind, wanted.volume.String(), wanted.samples)
	return nil
}

func (r *recorder) setPending(p place, s share, old amount, exists bool, wanted amount) error {
	want := !wanted.volume.IsZero()
	switch {
	case !exists && !want, exists && want && old.equal(wanted):
		return nil
	case !exists:
		r.own(p.series, s.tenant)
		r.adjustments = append(r.adjustments, s.tenant, p.hour, p.series, s.kind, nil, wanted.volume.String(), wanted.samples)
		r.changed[s.tenant] = true
		return nil
	}
	r.changed[s.tenant] = true
	if !want {
		return r.deletePending(p, s)
	}
	return r.updatePending(p, s, wanted)
}

const (
	entryAt   = ` WHERE tenant_id = ? AND hour = ? AND series_id = ? AND kind_id = ?`
	pendingAt = entryAt + ` AND order_id IS NULL`
)

func (t *tx) updateEntry(p place, s share, a amount) error {
	return t.exec(`UPDATE entries SET volume = ?, samples = ?`+entryAt, a.volume.String(), a.samples, s.tenant, p.hour, p.series, s.kind)
}

func (t *tx) deleteEntry(p place, s share) error {
	return t.exec(`DELETE FROM entries`+entryAt, s.tenant, p.hour, p.series, s.kind)
}

func (t *tx) updatePending(p place, s share, a amount) error {
	return t.exec(`UPDATE adjustments SET volume = ?, samples = ?`+pendingAt, a.volume.String(), a.samples, s.tenant, p.hour, p.series, s.kind)
}

func (t *tx) deletePending(p place, s share) error {
	return t.exec(`DELETE FROM adjustments`+pendingAt, s.tenant, p.hour, p.series, s.kind)
}
