package spool

import (
	"encoding/binary"
	"maps"
	"reflect"
	"slices"

	"github.com/openstack-artifice/artifice/usage"
)

// A setting is what many samples of a series have in common.
type setting struct {
	sample usage.Sample // its fields that are common; the others are zero
	pairs  []string     // its metadata: keys and values in turn, by key
	common uint64       // settingHash of the sample
	dress  uint64       // textsHash of the pairs

	source map[string]string // the metadata as the source gave it, while it is a buffer's
	whole  bool              // whether all of that was kept

	group, place uint32 // where a buffer that is written last had it
}

// overhead is about what a setting takes beside its texts.
const overhead = 512

// Same reports whether a and b are one map, not just alike.
func Same(a, b map[string]string) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// has reports whether the setting is that of the sample.
func (g *setting) has(s *usage.Sample, whole bool) bool {
	c := &g.sample
	return c.Tenant == s.Tenant && c.Datacenter == s.Datacenter && c.Assumed == s.Assumed && c.Kind == s.Kind && c.Unit == s.Unit &&
		c.Origin.Name == s.Origin.Name && g.whole == whole && (Same(g.source, s.Metadata) || maps.Equal(g.source, s.Metadata))
}

// newSetting returns the setting of a sample, with those keys of its metadata
// that are wanted, all for nil, and about what it takes.
func newSetting(s *usage.Sample, wanted map[string]bool) (g *setting, size int) {
	g = &setting{source: s.Metadata, whole: wanted == nil}
	keys := make([]string, 0, len(s.Metadata))
	size = overhead
	for key, value := range s.Metadata {
		size += 64 + len(key) + len(value) // the source's map is held, whatever is wanted of it
		if wanted == nil || wanted[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		g.pairs = append(g.pairs, key, s.Metadata[key])
	}
	g.sample = usage.Sample{
		Meter: s.Meter, Kind: s.Kind, Unit: s.Unit, Tenant: s.Tenant, Resource: s.Resource,
		Datacenter: s.Datacenter, Assumed: s.Assumed, Origin: usage.Origin{Name: s.Origin.Name},
	}
	g.common, g.dress = settingHash(&g.sample), textsHash(g.pairs...)
	return g, size + len(s.Tenant) + len(s.Unit) + len(s.Datacenter) + len(s.Origin.Name)
}

// append writes the setting, but for its series.
func (g *setting) append(buf []byte) []byte {
	s := &g.sample
	for _, text := range [...]string{s.Tenant, string(s.Kind), s.Unit, s.Datacenter, s.Origin.Name} {
		buf = appendText(buf, text)
	}
	buf = append(buf, flag(s.Assumed))
	buf = binary.LittleEndian.AppendUint64(buf, g.common)
	buf = binary.LittleEndian.AppendUint64(buf, g.dress)
	buf = binary.AppendUvarint(buf, uint64(len(g.pairs)))
	for _, text := range g.pairs {
		buf = appendText(buf, text)
	}
	return buf
}

// parseSetting reads what append wrote. The metadata of a sample that has none
// is nil.
func parseSetting(p *parser, meter, resource string) *setting {
	g := &setting{}
	s := &g.sample
	s.Meter, s.Resource = meter, resource
	s.Tenant, s.Kind, s.Unit, s.Datacenter, s.Origin.Name = p.text(), usage.Kind(p.text()), p.text(), p.text(), p.text()
	s.Assumed = p.byte() == 1
	g.common, g.dress = p.uint64(), p.uint64()
	n := p.uvarint()
	if n%2 != 0 || n > uint64(len(p.rest)) { // each text has a byte at least
		p.bad = true
	}
	if p.bad || n == 0 {
		return g
	}
	g.pairs = make([]string, 0, n)
	s.Metadata = make(map[string]string, n/2)
	for range n / 2 {
		key, value := p.text(), p.text()
		g.pairs = append(g.pairs, key, value)
		s.Metadata[key] = value
	}
	return g
}

func appendText(buf []byte, text string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(text))), text...)
}

// A parser reads bytes that may be damaged. Once it is bad it gives zeros.
type parser struct {
	rest []byte
	bad  bool
}

func (p *parser) byte() byte {
	if len(p.rest) == 0 {
		p.bad = true
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return b
}

func (p *parser) uvarint() uint64 {
	n, size := binary.Uvarint(p.rest)
	return p.took(size, n)
}

func (p *parser) varint() int64 {
	n, size := binary.Varint(p.rest)
	return int64(p.took(size, uint64(n)))
}

func (p *parser) took(size int, n uint64) uint64 {
	if size <= 0 {
		p.bad, p.rest = true, nil
		return 0
	}
	p.rest = p.rest[size:]
	return n
}

func (p *parser) nanoseconds() uint32 {
	n := p.uvarint()
	if n >= 1e9 {
		p.bad = true
		return 0
	}
	return uint32(n)
}

func (p *parser) uint64() uint64 {
	if len(p.rest) < 8 {
		p.bad = true
		return 0
	}
	n := binary.LittleEndian.Uint64(p.rest)
	p.rest = p.rest[8:]
	return n
}

func (p *parser) text() string {
	n := p.uvarint()
	if n > uint64(len(p.rest)) {
		p.bad, p.rest = true, nil
		return ""
	}
	text := string(p.rest[:n])
	p.rest = p.rest[n:]
	return text
}
