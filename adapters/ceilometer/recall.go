package ceilometer

import (
	"bytes"
	"hash/maphash"
)

const (
	recallSets    = 2048
	maxRecallText = 1536 // bytes of one that is remembered
)

// A recall remembers what a text came to. It holds two texts in each of its
// sets and no more: one that does not repeat costs a copy, and no memory.
type recall struct {
	seed maphash.Seed
	sets [][2]recalled // nil until there is one; in a set the latest is first
}

type recalled struct {
	text    []byte
	setting *setting
}

// set is where a text may be, nil for nowhere.
func (r *recall) set(text []byte) *[2]recalled {
	if r.sets == nil || len(text) > maxRecallText {
		return nil
	}
	return &r.sets[maphash.Bytes(r.seed, text)%recallSets]
}

// get returns what was put for a text, or nil.
func (r *recall) get(text []byte) *setting {
	set := r.set(text)
	switch {
	case set == nil:
		return nil
	case bytes.Equal(set[0].text, text):
		return set[0].setting
	case bytes.Equal(set[1].text, text):
		set[0], set[1] = set[1], set[0]
		return set[0].setting
	}
	return nil
}

// put remembers what a text that is not there came to, in place of another.
func (r *recall) put(text []byte, s *setting) {
	if r.sets == nil {
		r.seed, r.sets = maphash.MakeSeed(), make([][2]recalled, recallSets)
	}
	if set := r.set(text); set != nil {
		set[0], set[1] = recalled{append(set[1].text[:0], text...), s}, set[0]
	}
}
