package ceilometer

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openstack-artifice/artifice/internal/datacenter"
)

const (
	maxMetadata      = 1024 // keys of a sample's metadata, flat
	maxMetadataDepth = 16   // objects within one another
)

// A placing tells in which datacenter a resource ran.
type placing struct {
	fallback string
	finder   datacenter.Finder
}

func newPlacing(fallback string, rules datacenter.Rules) (placing, error) {
	finder, err := rules.Compile()
	return placing{cmp.Or(fallback, defaultDatacenter), *finder}, err
}

// datacenter returns what metadata tells, or the default, which is assumed
// where there are rules that might have told.
func (p *placing) datacenter(metadata map[string]string) (name string, assumed bool) {
	if name = p.finder.Find(metadata); name != "" {
		return name, false
	}
	return p.fallback, len(p.finder.Keys()) > 0
}

// wanted returns the keys of metadata to look at: true where the query asks
// for them, false where only the placing does. It is nil for all.
func (p *placing) wanted(query []string) map[string]bool {
	if len(query) == 0 {
		return nil
	}
	wanted := make(map[string]bool)
	for _, key := range p.finder.Keys() {
		wanted[key] = false
	}
	for _, key := range query {
		wanted[key] = true
	}
	return wanted
}

// A setting is what a sample's metadata comes to.
type setting struct {
	metadata   map[string]string // nil where empty
	datacenter string
	assumed    bool
}

// A flattener turns metadata into settings. Metadata repeats itself from
// sample to sample, so it remembers the settings it made.
type flattener struct {
	place    placing
	wanted   map[string]bool
	texts    recall              // settings by metadata as it is written
	settings map[string]*setting // by pairs
	repeats  repeatFinder

	count int    // keys of the present metadata
	path  []byte // the present key
	pairs []byte // the wanted keys and values, each with its length before it
}

// newFlattener returns a flattener that keeps the keys of a query, all for
// none.
func newFlattener(place placing, keys []string) flattener {
	return flattener{place: place, wanted: place.wanted(keys), settings: make(map[string]*setting)}
}

const (
	maxSettings = 4096 // remembered
	maxPairs    = 2048 // bytes of one that is remembered
)

// known returns what the metadata that starts a text came to before, and how
// long it is, or nil. Where the text up to a brace was a whole object once, it
// is one now: no object is the beginning of another.
func (f *flattener) known(text []byte) (s *setting, length int) {
	length = bytes.IndexByte(text, '}') + 1
	return f.texts.get(text[:length]), length
}

// setting returns what metadata comes to, which is nil where there is none.
func (f *flattener) setting(metadata []byte) (*setting, error) {
	if s := f.texts.get(metadata); s != nil {
		return s, nil
	}
	f.count, f.path, f.pairs = 0, f.path[:0], f.pairs[:0]
	if metadata != nil {
		if metadata[0] != '{' {
			return nil, fmt.Errorf("the metadata is %s, not an object", kindOf(metadata))
		}
		if repeated := f.repeats.find(metadata); repeated != nil {
			return nil, repeated
		}
		if err := f.flatten(metadata, 1); err != nil {
			return nil, err
		}
	}
	s, err := f.gathered()
	if err == nil && metadata != nil {
		f.texts.put(metadata, s)
	}
	return s, err
}

// gathered returns the setting of f.pairs.
func (f *flattener) gathered() (*setting, error) {
	if s, ok := f.settings[string(f.pairs)]; ok {
		return s, nil
	}
	s, err := f.build()
	if err == nil && len(f.pairs) <= maxPairs {
		if len(f.settings) >= maxSettings {
			clear(f.settings)
		}
		f.settings[string(f.pairs)] = s
	}
	return s, err
}

// flatten gathers the wanted pairs of an object whose key is f.path.
func (f *flattener) flatten(object []byte, depth int) error {
	if depth > maxMetadataDepth {
		return fmt.Errorf("the metadata is nested more than %d deep", maxMetadataDepth)
	}
	outer := len(f.path)
	for m := members(object); m.next(); {
		f.path = append(f.path[:outer], m.text()...)
		var err error
		if value := m.value(); value[0] == '{' {
			f.path = append(f.path, '.')
			err = f.flatten(value, depth+1)
		} else {
			err = f.pair(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pair gathers one value, whose key is f.path.
func (f *flattener) pair(json []byte) error {
	if f.count++; f.count > maxMetadata {
		return fmt.Errorf("the metadata has more than %d keys", maxMetadata)
	}
	if f.wanted != nil {
		if _, ok := f.wanted[string(f.path)]; !ok {
			return nil
		}
	}
	text := json
	switch json[0] {
	case 'n':
		return nil
	case '"':
		if text = unquote(json); bytes.IndexByte(text, 0) >= 0 {
			return fmt.Errorf("the metadata's %s has a NUL character, which cannot be stored", quote(f.path))
		}
	case '[':
		list := append(jsontext.Value(nil), json...)
		if err := list.Compact(); err != nil {
			return fmt.Errorf("the metadata's %s: %w", quote(f.path), errors.Unwrap(err))
		}
		text = list
	}
	f.pairs = appendText(appendText(f.pairs, f.path), text)
	return nil
}

// build makes the setting of f.pairs.
func (f *flattener) build() (*setting, error) {
	all := make(map[string]string)
	for rest := f.pairs; len(rest) > 0; {
		var key, text []byte
		key, rest = cutText(rest)
		text, rest = cutText(rest)
		if _, twice := all[string(key)]; twice {
			return nil, fmt.Errorf("the metadata gives %s twice, once within an object", quote(key))
		}
		all[string(key)] = string(text)
	}
	s := new(setting)
	s.datacenter, s.assumed = f.place.datacenter(all)
	for key, asked := range f.wanted {
		if !asked {
			delete(all, key)
		}
	}
	if len(all) > 0 {
		s.metadata = all
	}
	return s, nil
}

func appendText(b, text []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func cutText(b []byte) (text, rest []byte) {
	n, size := binary.Uvarint(b)
	end := size + int(n)
	return b[size:end], b[end:]
}
