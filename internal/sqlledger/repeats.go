package sqlledger

import (
	"slices"

	"github.com/openstack-artifice/artifice/ledger"
)

// withoutRepeats returns series of which each is there once, with windows of
// which each is there once, as the last of its folds has it.
func withoutRepeats(series []ledger.SeriesFolds) []ledger.SeriesFolds {
	if !anyRepeats(series) {
		return series
	}
	var all []ledger.SeriesFolds
	index := map[ledger.Series]int{}
	for _, s := range series {
		i, known := index[s.Series]
		if !known {
			i = len(all)
			index[s.Series] = i
			all = append(all, ledger.SeriesFolds{Series: s.Series})
		}
		all[i].Folds = append(all[i].Folds, s.Folds...)
	}
	for i := range all {
		last := map[int64]int{}
		for j, fold := range all[i].Folds {
			last[hourOf(fold.Window.Start)] = j
		}
		var folds []ledger.Fold
		for j, fold := range all[i].Folds {
			if last[hourOf(fold.Window.Start)] == j {
				folds = append(folds, fold)
			}
		}
		all[i].Folds = folds
	}
	return all
}

// anyRepeats reports whether a series is there twice, or its windows are not
// in their order.
func anyRepeats(series []ledger.SeriesFolds) bool {
	seen := make(map[ledger.Series]bool, len(series))
	for i := range series {
		if seen[series[i].Series] || !slices.IsSortedFunc(series[i].Folds, byWindow) {
			return true
		}
		seen[series[i].Series] = true
	}
	return false
}

// byWindow has windows that are the same out of order.
func byWindow(a, b ledger.Fold) int {
	if !a.Window.Start.After(b.Window.Start) {
		return -1
	}
	return 1
}
