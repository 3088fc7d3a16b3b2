package ceilometer

import "strconv"

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

const maxQuoted = 64 // bytes of a foreign text in a message

// quote quotes a foreign text for a message, the beginning of a long one.
func quote(text []byte) string {
	if len(text) > maxQuoted {
		return strconv.QuoteToASCII(string(text[:maxQuoted])) + "..."
	}
	return strconv.Quote(string(text))
}
