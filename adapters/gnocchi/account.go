package gnocchi

// An account is how far a reading has come, in measures. What was not listed yet
// is estimated.
type account struct {
	tell   func(done, total int64) // nil where nobody asks
	done   int64
	listed int64
	types  map[string]*tally
}

// A tally is what is known of a type of resources.
type tally struct {
	ahead int64 // of this step and those that follow, of what was not listed yet
	after int64 // of the steps that follow, of what was listed in this one
}

// begin begins a step.
func (a *account) begin() {
	for _, t := range a.types {
		t.ahead, t.after = t.after, 0
	}
	a.say()
}

// list is told of measures that will be asked for in this step, and in those that
// follow.
func (a *account) list(kind string, measures, after int64) {
	t := a.types[kind]
	t.ahead = max(0, t.ahead-measures-after)
	t.after += after
	a.listed += measures
}

// end is told that all of a type was listed.
func (a *account) end(kind string) { a.types[kind].ahead = 0 }

// left is how many measures are left for the steps that follow.
func (a *account) left() int64 {
	sum := int64(0)
	for _, t := range a.types {
		sum = min(sum+t.after, maxEstimate)
	}
	return sum
}

// read is told of measures that were listed, and have come.
func (a *account) read(measures int64) {
	a.done += measures
	a.say()
}

func (a *account) say() {
	if a.tell == nil {
		return
	}
	total := a.listed
	for _, t := range a.types {
		total += t.ahead + t.after
	}
	a.tell(a.done, total)
}
