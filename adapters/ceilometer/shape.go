package ceilometer

// A shape is how a sample is written: what stands between its values. Nearly
// every sample is written as the one before, and need not be taken apart.
type shape []step

// A step is what stands before a value: blanks, a comma, a name, a colon.
type step struct {
	between   []byte
	name, end int // where in it the name is
	at        field
	alias     int
}

const (
	maxSteps   = 32
	maxBetween = 128 // bytes
)

// next goes to the next member, the one of that number, and returns what its
// name means, and whether there is one.
func (s *shape) next(m *cursor, number int) (at field, alias int, ok bool) {
	if number < len(*s) {
		step := &(*s)[number]
		rest := m.json[m.pos:]
		// After a blank the value would begin later.
		if n := len(step.between); len(rest) > n && string(rest[:n]) == string(step.between) && rest[n] > ' ' {
			m.at, m.name = m.pos+step.name-1, rest[step.name:step.end]
			m.pos += n
			return step.at, step.alias, true
		}
	}
	start := m.pos
	if !m.next() {
		return 0, 0, false
	}
	at, alias = fieldOf(m.text())
	s.learn(number, m.json[start:m.pos], m.at+1-start, len(m.name), at, alias)
	return at, alias, true
}

// learn makes a member the one that is expected at a number.
func (s *shape) learn(number int, between []byte, name, length int, at field, alias int) {
	if number > len(*s) || number >= maxSteps || len(between) > maxBetween {
		return
	}
	if number == len(*s) {
		*s = append(*s, step{})
	}
	known := &(*s)[number]
	known.between = append(known.between[:0], between...)
	known.name, known.end, known.at, known.alias = name, name+length, at, alias
}
