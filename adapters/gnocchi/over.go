package gnocchi

import (
	"maps"
	"slices"

	"github.com/openstack-artifice/artifice/usage"
)

// lives reports whether something of a resource may come yet that is asked for.
// Of one that is wrong nobody knows.
func (r *reading) lives(res *resource, wrong error) bool {
	if wrong != nil {
		return slices.ContainsFunc(res.revisions, func(v revision) bool { return r.stranger(v.project) == "" })
	}
	return res.ended.IsZero() && r.stranger(res.revisions[len(res.revisions)-1].project) == ""
}

// tellOver tells at the end of a reading that the source was idle up to there, where
// nothing lives any more of what is asked for: then nothing can come but late.
// While anything lives that is silent its agent may be dead, and nothing is told.
func (f *fetcher) tellOver(types map[string]map[string]meter, stock *stock) {
	if f.query.Idle == nil || f.resources != nil || len(types) == 0 {
		return
	}
	for _, kind := range slices.Sorted(maps.Keys(types)) {
		if !stock.has(types[kind]) { // of which nothing was read
			f.searchLiving(kind)
		}
		if f.alive || f.done || f.failed {
			return
		}
	}
	f.query.Idle(f.end.Truncate(usage.WindowLength))
}

// searchLiving looks for a resource of a type that lives.
func (f *fetcher) searchLiving(kind string) {
	for res, wrong := range f.search(f.ctx, kind) {
		err := wrong
		if res != nil {
			err = f.ask(f.ctx, res.revisions)
			f.alive = err == nil && f.lives(res, wrong)
		}
		if err != nil {
			f.fail(err)
		}
		if f.alive || f.failed {
			return
		}
	}
}
