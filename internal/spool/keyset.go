package spool

// A keySet is the keys of one series. It holds them side by side, in less than
// three times the room that they take themselves, and uses its room again.
type keySet struct {
	slots []key // a power of two; the zero key is no key
	used  int
}

const firstSlots = 256

// add adds a key and reports whether it is new.
func (s *keySet) add(k key) bool {
	if k == (key{}) {
		k.b = 1
	}
	if len(s.slots) == 0 {
		s.slots = make([]key, firstSlots)
	}
	if 4*(s.used+1) > 3*len(s.slots) {
		s.grow()
	}
	slot := s.find(k)
	if *slot == k {
		return false
	}
	*slot = k
	s.used++
	return true
}

// find returns the slot of a key, or the free one that it would take.
func (s *keySet) find(k key) *key {
	mask := uint64(len(s.slots) - 1)
	for i := k.a & mask; ; i = (i + 1) & mask {
		if slot := &s.slots[i]; *slot == k || *slot == (key{}) {
			return slot
		}
	}
}

func (s *keySet) grow() {
	before := s.slots
	s.slots = make([]key, 2*len(before))
	for _, k := range before {
		if k != (key{}) {
			*s.find(k) = k
		}
	}
}

// clear empties the set. Its room stays about as large as series are.
func (s *keySet) clear() {
	if n := len(s.slots); n > firstSlots && 8*s.used < n {
		s.slots = make([]key, n/2)
	} else {
		clear(s.slots)
	}
	s.used = 0
}
