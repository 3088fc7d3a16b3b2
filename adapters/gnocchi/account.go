package gnocchi

// An account is how far a reading has come, in measures. What was not listed yet
// is estimated; of a type that was listed once, from what was there then.
type account struct {
	tell   func(done, total int64) // nil where nobody asks
	done   int64
	listed int64
	types  map[string]*tally
}

// A tally is what is known of a type of resources.
type tally struct {
	step, after int64 // estimates of the step that is read, and of those that follow
	share       int64 // so much of what is estimated there is, in thousandths
	counted     int64 // in this step
	ahead       int64 // in this step, of what was not listed yet
}

// begin is told what a type is estimated at in a step, and in those that follow.
func (a *account) begin(kind string, step, after int64) {
	t := a.types[kind]
	if t == nil {
		t = &tally{share: 1000}
		a.types[kind] = t
	}
	t.step, t.after, t.counted = step, after, 0
	t.ahead = step * t.share / 1000
}

// list is told of measures that will be asked for.
func (a *account) list(kind string, measures int64) {
	t := a.types[kind]
	t.counted += measures
	t.ahead = max(0, t.ahead-measures)
	a.listed += measures
}

// end is told that all of a type was listed.
func (a *account) end(kind string) {
	t := a.types[kind]
	if t.step > 0 {
		t.share = min(t.counted*1000/t.step, 1000)
	}
	t.ahead = 0
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
		total += t.ahead + t.after*t.share/1000
	}
	a.tell(a.done, total)
}
