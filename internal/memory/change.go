package memory

import (
	"slices"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A change gathers windows that are to change, so that all of them do or none.
type change struct {
	content *content
	windows map[windowKey]*window
}

func (c *content) change() *change {
	return &change{content: c, windows: map[windowKey]*window{}}
}

// window returns a window as it would be after the change so far, nil where
// there is none.
func (c *change) window(key windowKey) *window {
	if w, changed := c.windows[key]; changed {
		return w
	}
	return c.content.windows[key]
}

// apply makes the change, and counts up the revisions of the tenants whose
// entries or adjustments it touches.
func (c *change) apply() {
	touched := map[string]bool{}
	for key, after := range c.windows {
		before := c.content.windows[key]
		if before == nil {
			before = &window{}
		}
		c.content.windows[key] = after
		if c.content.hours[key.Series] == nil {
			c.content.hours[key.Series] = map[int64]bool{}
		}
		c.content.hours[key.Series][key.hour] = true
		for _, tenant := range tenantsOf(before, after) {
			if !sameFor(tenant, before, after) {
				touched[tenant] = true
			}
			if account := c.content.account(tenant); after.has(tenant) {
				account.windows[key] = true
			} else {
				delete(account.windows, key)
			}
		}
	}
	for tenant := range touched {
		c.content.account(tenant).revision++
	}
}

// has reports whether the tenant has entries or adjustments in the window.
func (w *window) has(tenant string) bool {
	return slices.ContainsFunc(w.entries, func(e usage.Entry) bool { return e.Tenant == tenant }) ||
		slices.ContainsFunc(w.late, func(a ledger.Adjustment) bool { return a.Tenant == tenant })
}

// tenantsOf lists the tenants that have anything in one of the windows.
func tenantsOf(windows ...*window) []string {
	var tenants []string
	for _, w := range windows {
		for _, e := range w.entries {
			tenants = append(tenants, e.Tenant)
		}
		for _, a := range w.late {
			tenants = append(tenants, a.Tenant)
		}
	}
	slices.Sort(tenants)
	return slices.Compact(tenants)
}

// sameFor reports whether a tenant has the same in two windows.
func sameFor(tenant string, a, b *window) bool {
	return slices.EqualFunc(a.entriesOf(tenant), b.entriesOf(tenant), sameEntry) &&
		slices.EqualFunc(a.lateOf(tenant), b.lateOf(tenant), sameAdjustment)
}

func (w *window) entriesOf(tenant string) (of []usage.Entry) {
	for _, e := range w.entries {
		if e.Tenant == tenant {
			of = append(of, e)
		}
	}
	return of
}

func (w *window) lateOf(tenant string) (of []ledger.Adjustment) {
	for _, a := range w.late {
		if a.Tenant == tenant {
			of = append(of, a)
		}
	}
	return of
}

// A cell is what a window of a series has of one kind.
type cell struct {
	entry   usage.Entry // what is billed in its block
	exists  bool        // whether there is an entry, if only of 0
	carried []ledger.Adjustment
	pending usage.Entry // its volume is 0 where nothing is
}

// beyond is what orders carry and what is pending for the cell.
func (c cell) beyond() usage.Entry {
	sum := c.pending
	for _, a := range c.carried {
		sum = add(sum, a.Entry)
	}
	return sum
}

// cells takes a window apart, and join puts it together.
func (w *window) cells() map[kind]cell {
	cells := make(map[kind]cell, len(w.entries))
	for _, e := range w.entries {
		cells[kindOf(e)] = cell{entry: e, exists: true, pending: nothing(e)}
	}
	for _, a := range w.late {
		c, known := cells[kindOf(a.Entry)]
		if !known {
			c = cell{entry: nothing(a.Entry), pending: nothing(a.Entry)}
		}
		if a.Order == "" {
			c.pending = a.Entry
		} else {
			c.carried = append(c.carried, a)
		}
		cells[kindOf(a.Entry)] = c
	}
	return cells
}

func join(fold ledger.Fold, cells map[kind]cell) *window {
	w := &window{fold: fold}
	for _, c := range cells {
		if c.exists {
			w.entries = append(w.entries, c.entry)
		}
		w.late = append(w.late, c.carried...)
		if !c.pending.Volume.Volume.IsZero() {
			w.late = append(w.late, ledger.Adjustment{Entry: c.pending})
		}
	}
	slices.SortFunc(w.entries, compareEntries)
	slices.SortFunc(w.late, compareAdjustments)
	return w
}
