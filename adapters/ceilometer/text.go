package ceilometer

import (
	"strconv"
	"strings"
)

// An interner keeps one string of each text, for texts that repeat.
type interner map[string]string

const (
	maxInterned     = 16384 // texts kept
	maxInternedText = 256   // bytes of one that is kept
)

func (in interner) get(text []byte) string {
	if s, ok := in[string(text)]; ok {
		return s
	}
	s := string(text)
	if len(s) <= maxInternedText {
		if len(in) >= maxInterned {
			clear(in)
		}
		in[s] = s
	}
	return s
}

// A recent is a text that is nearly always the one before it.
type recent string

// get returns the text, from the interner where it is another.
func (r *recent) get(text []byte, in interner) string {
	if string(text) != string(*r) {
		*r = recent(in.get(text))
	}
	return string(*r)
}

// A packer makes strings that do not repeat, many in one piece of memory. The
// piece lives as long as one of them.
type packer struct{ piece strings.Builder }

const pieceSize = 4096

func (p *packer) get(text []byte) string {
	if len(text) > pieceSize/16 {
		return string(text)
	}
	if p.piece.Cap()-p.piece.Len() < len(text) {
		p.piece = strings.Builder{}
		p.piece.Grow(pieceSize)
	}
	start := p.piece.Len()
	p.piece.Write(text)
	return p.piece.String()[start:]
}

const maxQuoted = 64 // bytes of a foreign text in a message

// quote quotes a foreign text for a message, the beginning of a long one.
func quote(text []byte) string {
	if len(text) > maxQuoted {
		return strconv.QuoteToASCII(string(text[:maxQuoted])) + "..."
	}
	return strconv.Quote(string(text))
}
