package ceilometer

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// A repeatedName is a name that a JSON object gives twice. The decoder of
// documents does not look for any: that would cost more than all the rest, and
// metadata, where most names are, is seldom new.
type repeatedName struct {
	name []byte
	at   int // where it is given again
}

func (r *repeatedName) Error() string {
	return fmt.Sprintf("the name %s is given twice", quote(r.name))
}

// within is the same error for the JSON that has this one at a place.
func (r *repeatedName) within(place int) *repeatedName { return &repeatedName{r.name, place + r.at} }

// A repeatFinder looks for names that an object gives twice, in any depth.
type repeatFinder struct {
	buffer  bytes.Buffer
	decoder jsontext.Decoder
}

// find returns what is repeated in well-formed JSON, or nil.
func (f *repeatFinder) find(json []byte) *repeatedName {
	f.buffer = *bytes.NewBuffer(json) // a decoder reads this kind in place
	f.decoder.Reset(&f.buffer)
	_, err := f.decoder.ReadValue()
	var syntactic *jsontext.SyntacticError
	if err == nil || !errors.As(err, &syntactic) || !errors.Is(err, jsontext.ErrDuplicateName) {
		return nil
	}
	return &repeatedName{[]byte(syntactic.JSONPointer.LastToken()), int(syntactic.ByteOffset)}
}

// A nameSet finds what is repeated among the names of one object.
type nameSet struct {
	few  [][]byte
	many map[string]bool // used once there are more than a few
}

const fewNames = 8

func (s *nameSet) reset() { s.few = s.few[:0] }

// add reports whether the name is new. It keeps the name.
func (s *nameSet) add(name []byte) bool {
	if len(s.few) < fewNames {
		for _, known := range s.few {
			if bytes.Equal(known, name) {
				return false
			}
		}
		s.few = append(s.few, name)
		return true
	}
	if len(s.few) == fewNames {
		s.many = make(map[string]bool)
		for _, known := range s.few {
			s.many[string(known)] = true
		}
		s.few = append(s.few, nil) // many is in use
	}
	if s.many[string(name)] {
		return false
	}
	s.many[string(name)] = true
	return true
}
