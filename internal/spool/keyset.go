package spool

// A keySet is the keys of one series, each with the content that was counted
// under it. It holds them side by side, in less than three times the room that
// they take themselves, and uses its room again.
type keySet struct {
	slots []slot // a power of two; one with the zero key is free
	used  int
}

type slot struct {
	key
	content uint32
}

const firstSlots = 256

// add adds a key, or returns the content that it was added with before.
func (s *keySet) add(k key, content uint32) (counted uint32, known bool) {
	if k == (key{}) {
		k.b = 1
	}
	if len(s.slots) == 0 {
		s.slots = make([]slot, firstSlots)
	}
	if 4*(s.used+1) > 3*len(s.slots) {
		s.grow()
	}
	at := s.find(k)
	if at.key == k {
		return at.content, true
	}
	*at = slot{k, content}
	s.used++
	return content, false
}

// find returns the slot of a key, or the free one that it would take.
func (s *keySet) find(k key) *slot {
	mask := uint64(len(s.slots) - 1)
	for i := k.a & mask; ; i = (i + 1) & mask {
		if at := &s.slots[i]; at.key == k || at.key == (key{}) {
			return at
		}
	}
}

func (s *keySet) grow() {
	before := s.slots
	s.slots = make([]slot, 2*len(before))
	for _, at := range before {
		if at.key != (key{}) {
			*s.find(at.key) = at
		}
	}
}

// clear empties the set. Its room stays about as large as series are.
func (s *keySet) clear() {
	if n := len(s.slots); n > firstSlots && 8*s.used < n {
		s.slots = make([]slot, n/2)
	} else {
		clear(s.slots)
	}
	s.used = 0
}
