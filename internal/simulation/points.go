package simulation

// Points returns every point at which a process may be made to die.
func Points() []string {
	points := []string{
		"new invoice", "cost", "find, before", "find, after",
		"commit, before the request", "commit, before the answer", "commit, after the answer",
	}
	for _, name := range []string{
		"record", "folds", "marks", "tenants", "entries", "adjustments", "revision",
		"claim", "take", "settle", "suspend", "release", "park", "void", "orders", "order", "history",
	} {
		points = append(points, name+", before", name+", after")
	}
	return points
}
