package spool

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// A record is a sample without what it shares with others: that is its
// setting.
type record struct {
	at, recorded instant
	setting      *setting
	id           []byte // nil for none; part of body
	number       number
	hasVolume    bool
	line, index  int64
	body         []byte // as it is written, but for at and setting
}

// An instant is a time in seconds and nanoseconds since 1970. The zero
// time.Time is unknown.
type instant struct {
	sec  int64
	nsec uint32
}

var unknown = instantOf(time.Time{})

func instantOf(t time.Time) instant { return instant{t.Unix(), uint32(t.Nanosecond())} }

func (i instant) time() time.Time {
	if i == unknown {
		return time.Time{}
	}
	return time.Unix(i.sec, int64(i.nsec)).UTC()
}

func (i instant) compare(other instant) int {
	if i.sec != other.sec {
		return cmp.Compare(i.sec, other.sec)
	}
	return cmp.Compare(i.nsec, other.nsec)
}

// A number is coefficient times ten to the power of exponent. Numbers that are
// equal are the same: the coefficient of none ends in a 0.
type number struct {
	small    int64
	large    string // the coefficient in digits, where it does not fit small
	exponent int32
}

const (
	smallDigits = 18   // surely fit an int64
	maxExponent = 4096 // either way: beyond that, comparing two would take the memory of the machine
)

var ten = big.NewInt(10)

func numberOf(d decimal.Decimal) number {
	n := number{exponent: d.Exponent()}
	if d.NumDigits() <= smallDigits {
		n.small = d.CoefficientInt64()
		if n.small == 0 {
			return number{}
		}
		for n.small%10 == 0 {
			n.small /= 10
			n.exponent++
		}
		return n
	}
	coefficient := d.Coefficient()
	for quotient, rest := new(big.Int), new(big.Int); ; n.exponent++ {
		if quotient.QuoRem(coefficient, ten, rest); rest.Sign() != 0 {
			break
		}
		coefficient, quotient = quotient, coefficient
	}
	if text := coefficient.String(); len(text) > smallDigits {
		n.large = text
	} else {
		n.small = coefficient.Int64()
	}
	return n
}

func (n number) decimal() decimal.Decimal {
	if n.large == "" {
		return decimal.New(n.small, n.exponent)
	}
	coefficient, _ := new(big.Int).SetString(n.large, 10) // parse saw to it
	return decimal.NewFromBigInt(coefficient, n.exponent)
}

func (n number) compare(other number) int {
	if n.large == "" && other.large == "" && n.exponent == other.exponent {
		return cmp.Compare(n.small, other.small)
	}
	return n.decimal().Cmp(other.decimal())
}

// compare orders the records of one series as usage.Sort does. Those that are
// the same sample are in the order of their origins.
func (r *record) compare(other *record) int {
	if c := r.at.compare(other.at); c != 0 {
		return c
	}
	if c := r.compareContent(other); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(r.setting.sample.Origin.Name, other.setting.sample.Origin.Name),
		cmp.Compare(r.line, other.line),
		cmp.Compare(r.index, other.index),
	)
}

// compareContent is compare for two records of one instant, without origins.
func (r *record) compareContent(other *record) int {
	if c := r.recorded.compare(other.recorded); c != 0 {
		return c
	}
	if c := r.number.compare(other.number); c != 0 {
		return c
	}
	if c := bytes.Compare(r.id, other.id); c != 0 {
		return c
	}
	a, b := &r.setting.sample, &other.setting.sample
	return cmp.Or(
		strings.Compare(a.Tenant, b.Tenant),
		strings.Compare(a.Datacenter, b.Datacenter),
		cmp.Compare(flag(a.Assumed), flag(b.Assumed)),
		cmp.Compare(flag(r.hasVolume), flag(other.hasVolume)),
		strings.Compare(string(a.Kind), string(b.Kind)),
		strings.Compare(a.Unit, b.Unit),
		slices.Compare(r.setting.pairs, other.setting.pairs),
	)
}

// What a record's first byte says of it.
const (
	hasID = 1 << iota
	hasVolume
	largeVolume
	recordedThen    // when it was taken
	recordedAnother // at another time; neither is unknown
)

// appendBody appends what a sample has of its own, but for when it was taken.
func appendBody(buf []byte, s *usage.Sample) []byte {
	var flags byte
	if s.ID != "" {
		flags |= hasID
	}
	var n number
	if s.HasVolume {
		if n = numberOf(s.Volume); n.large != "" {
			flags |= largeVolume
		}
		flags |= hasVolume
	}
	switch {
	case s.Recorded.IsZero():
	case s.Recorded.Equal(s.Time):
		flags |= recordedThen
	default:
		flags |= recordedAnother
	}
	buf = append(buf, flags)
	if flags&recordedAnother != 0 {
		buf = binary.AppendVarint(buf, s.Recorded.Unix())
		buf = binary.AppendUvarint(buf, uint64(s.Recorded.Nanosecond()))
	}
	if flags&hasVolume != 0 {
		buf = binary.AppendVarint(buf, int64(n.exponent))
		if flags&largeVolume != 0 {
			buf = appendText(buf, n.large)
		} else {
			buf = binary.AppendVarint(buf, n.small)
		}
	}
	buf = binary.AppendVarint(buf, int64(s.Origin.Line))
	buf = binary.AppendVarint(buf, int64(s.Origin.Index)-int64(s.Origin.Line))
	return append(buf, s.ID...) // the rest
}

var errDamaged = errors.New("a temporary file is not as it was written")

// parse sets what the body says. The record's time is known already.
func (r *record) parse(body []byte) error {
	p := parser{rest: body}
	r.body = body
	flags := p.byte()
	r.recorded = unknown
	switch {
	case flags&recordedThen != 0:
		r.recorded = r.at
	case flags&recordedAnother != 0:
		r.recorded = instant{p.varint(), p.nanoseconds()}
	}
	r.number, r.hasVolume = number{}, flags&hasVolume != 0
	if r.hasVolume {
		exponent := p.varint()
		r.number.exponent = int32(exponent)
		p.bad = p.bad || exponent > 2*maxExponent || exponent < -2*maxExponent
		if flags&largeVolume != 0 {
			r.number.large = p.text()
			p.bad = p.bad || len(r.number.large) > maxExponent+1 || !isInteger(r.number.large)
		} else {
			r.number.small = p.varint()
		}
	}
	r.line = p.varint()
	r.index = p.varint() + r.line
	r.id = nil
	if flags&hasID != 0 {
		r.id = p.rest
	} else if len(p.rest) > 0 {
		p.bad = true
	}
	if p.bad {
		return errDamaged
	}
	return nil
}

// isInteger reports whether a text is the digits of an integer.
func isInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// sample fills in all of a sample but its id.
func (r *record) sample(s *usage.Sample, numbers *numbers) {
	*s = r.setting.sample
	s.Time = r.at.time()
	if r.recorded == r.at {
		s.Recorded = s.Time
	} else {
		s.Recorded = r.recorded.time()
	}
	if s.HasVolume = r.hasVolume; s.HasVolume {
		s.Volume = numbers.decimal(r.number)
	}
	s.Origin.Line, s.Origin.Index = int(r.line), int(r.index)
}

// fingerprint is what a digest has of a sample: which it is, and its content
// but for what depends on how the source is configured.
//
// Of a sample without an id all metadata are known, and part of which it is.
func (r *record) fingerprint(id key) (identity, content uint32) {
	m := mixer(r.setting.common).word(uint64(r.at.sec)).word(uint64(r.at.nsec))
	m = m.word(uint64(r.recorded.sec)).word(uint64(r.recorded.nsec)<<1 | uint64(flag(r.hasVolume)))
	m = m.word(uint64(r.number.small)).word(uint64(r.number.exponent))
	if r.number.large != "" {
		m = m.bytes([]byte(r.number.large))
	}
	if r.id == nil {
		sum := m.word(r.setting.dress).sum()
		return uint32(sum >> 32), uint32(sum)
	}
	return id.b, uint32(m.word(id.a).sum())
}

// numbers remembers decimals that were made: most volumes repeat.
type numbers [256]struct {
	number number
	made   decimal.Decimal
}

func (c *numbers) decimal(n number) decimal.Decimal {
	if n.large != "" {
		return n.decimal()
	}
	slot := &c[uint8(mixer(n.exponent).word(uint64(n.small)))]
	if slot.number != n {
		slot.number, slot.made = n, n.decimal()
	}
	return slot.made
}
