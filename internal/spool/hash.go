package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/openstack-artifice/artifice/usage"
)

// A mixer folds words into a hash, 64 bits at a time. It is the same on every
// machine and in every release: what it gives is kept in stores. It guards
// against accidents, not against people, who write the samples themselves.
type mixer uint64

// The odd constants are digits of pi's fraction.
const (
	pi0 = 0x243f6a8885a308d3
	pi1 = 0x13198a2e03707345
	pi2 = 0xa4093822299f31d1
	pi3 = 0x082efa98ec4e6c89
)

func (m mixer) word(w uint64) mixer {
	high, low := bits.Mul64(uint64(m)^pi0, w^pi1)
	return mixer(high ^ low ^ bits.RotateLeft64(w, 32))
}

func (m mixer) bytes(text []byte) mixer {
	m = m.word(uint64(len(text)))
	for ; len(text) >= 8; text = text[8:] {
		m = m.word(binary.LittleEndian.Uint64(text))
	}
	if len(text) > 0 {
		var rest [8]byte
		copy(rest[:], text)
		m = m.word(binary.LittleEndian.Uint64(rest[:]))
	}
	return m
}

// sum ends a hash: every bit of it depends on every word.
func (m mixer) sum() uint64 {
	return uint64(m.word(pi2).word(pi3))
}

// A key stands for the id of a sample.
type key struct {
	a uint64
	b uint32
}

func keyOf(id []byte) key {
	return key{mixer(pi0).bytes(id).sum(), uint32(mixer(pi2).bytes(id).sum())}
}

// textsHash stands for texts.
func textsHash(texts ...string) uint64 {
	var buf []byte
	for _, t := range texts {
		buf = appendText(buf, t)
	}
	sum := sha256.Sum256(buf)
	return binary.LittleEndian.Uint64(sum[:])
}

// settingHash stands for what many samples of a series have in common, but for
// what depends on how the source is configured: their datacenter, and which
// metadata it gives.
func settingHash(s *usage.Sample) uint64 {
	return textsHash(s.Meter, string(s.Kind), s.Unit, s.Tenant, s.Resource)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
