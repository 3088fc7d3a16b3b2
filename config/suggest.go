package config

import "strings"

// Suggest returns the known name that name is most likely a slip of, or ""
// where none is near: one edit in a name of two to four letters, two in one of
// up to eight, three in a longer one. An edit is a letter more, less, other, or
// two neighbours swapped; case does not count.
func Suggest(name string, known []string) string {
	letters := []rune(strings.ToLower(name))
	limit := 3
	switch n := len(letters); {
	case n > 64:
		return ""
	case n < 2:
		limit = 0
	case n <= 4:
		limit = 1
	case n <= 8:
		limit = 2
	}
	best, bestDistance := "", limit+1
	for _, k := range known {
		other := []rune(strings.ToLower(k))
		if len(other) > len(letters)+limit || len(letters) > len(other)+limit {
			continue
		}
		if d := distance(letters, other); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance, the restricted form of
// Damerau and Levenshtein's.
func distance(a, b []rune) int {
	// The last three rows of the table suffice.
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
