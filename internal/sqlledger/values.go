package sqlledger

import (
	"database/sql/driver"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// An instant is a time as a column holds it: nanoseconds since 1970, or NULL
// for the zero time. It is read in UTC.
type instant time.Time

// Value implements driver.Valuer.
func (i instant) Value() (driver.Value, error) {
	t := time.Time(i)
	if t.IsZero() {
		return nil, nil
	}
	n := t.UnixNano()
	if !time.Unix(0, n).Equal(t) {
		return nil, fmt.Errorf("%s is beyond the years that can be stored, 1678 to 2261", t.Format(time.RFC3339Nano))
	}
	return n, nil
}

// Scan implements sql.Scanner.
func (i *instant) Scan(value any) error {
	switch n := value.(type) {
	case nil:
		*i = instant{}
	case int64:
		*i = instant(time.Unix(0, n).UTC())
	default:
		return fmt.Errorf("%v is no instant", value)
	}
	return nil
}

// nanos is an instant that was validated, as a value of Database.Insert.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// The first and the last instant that can be stored.
var (
	earliest = time.Unix(0, math.MinInt64)
	latest   = time.Unix(0, math.MaxInt64)
)

// reach is an instant to compare with: one that could not be stored is as good
// as the last that can.
func reach(t time.Time) int64 {
	switch {
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// A flag is a truth value, 0 or 1.
type flag bool

// Value implements driver.Valuer.
func (f flag) Value() (driver.Value, error) {
	if f {
		return int64(1), nil
	}
	return int64(0), nil
}

// Scan implements sql.Scanner.
func (f *flag) Scan(value any) error {
	n, ok := value.(int64)
	if !ok {
		return fmt.Errorf("%v is neither 0 nor 1", value)
	}
	*f = n != 0
	return nil
}

// attributes are kept as a JSON object. Empty ones are read as nil.
type attributes map[string]string

// Value implements driver.Valuer.
func (a attributes) Value() (driver.Value, error) {
	if len(a) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(map[string]string(a))
	return string(text), err
}

// Scan implements sql.Scanner.
func (a *attributes) Scan(value any) error {
	*a = nil
	return scanJSON(value, "{}", (*map[string]string)(a))
}

// texts are kept as a JSON list. Empty ones are read as nil.
type texts []string

// Value implements driver.Valuer.
func (l texts) Value() (driver.Value, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal([]string(l))
	return string(text), err
}

// Scan implements sql.Scanner.
func (l *texts) Scan(value any) error {
	*l = nil
	return scanJSON(value, "[]", (*[]string)(l))
}

func scanJSON(value any, empty string, into any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%v is no text", value)
	}
	if text == empty {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// Digests are hashes, spelled out; a column holds their bytes. The first byte
// says how a digest is spelled, for each comes back as it was.
const (
	spelledAsIs  = iota
	spelledHex   // lower case
	spelledRuled // 8 characters of base64, a colon, base64: it is not written any more
	spelledParts // 8 characters of base64, a colon, 11 of base64, a colon, any character, base64
)

// How long the parts of a digest before its colons are, as texts and in bytes.
const (
	ruleLength, ruleBytes   = 8, 6
	dressLength, dressBytes = 11, 8
	partsLength             = ruleLength + 1 + dressLength + 1 + 1
)

// base64Of is how digests spell bytes.
var base64Of = base64.RawURLEncoding

// pack returns a digest as a column holds it.
func pack(digest string) []byte {
	if packed := packParts(digest); packed != nil && unpack(packed) == digest {
		return packed
	}
	if packed, err := hex.AppendDecode([]byte{spelledHex}, []byte(digest)); err == nil && unpack(packed) == digest {
		return packed
	}
	return append([]byte{spelledAsIs}, digest...)
}

// packParts packs a digest that is spelled in parts, and is nil for others.
func packParts(digest string) []byte {
	if len(digest) < partsLength || digest[ruleLength] != ':' || digest[ruleLength+1+dressLength] != ':' {
		return nil
	}
	packed := make([]byte, 1, len(digest))
	packed[0] = spelledParts
	packed, rule := base64Of.AppendDecode(packed, []byte(digest[:ruleLength]))
	packed, dress := base64Of.AppendDecode(packed, []byte(digest[ruleLength+1:][:dressLength]))
	packed, samples := base64Of.AppendDecode(append(packed, digest[partsLength-1]), []byte(digest[partsLength:]))
	if rule != nil || dress != nil || samples != nil {
		return nil
	}
	return packed
}

// unpack is the reverse of pack.
func unpack(packed []byte) string {
	if len(packed) == 0 {
		return ""
	}
	spelled, content := packed[0], packed[1:]
	text := make([]byte, 0, partsLength+2*len(content))
	switch {
	case spelled == spelledHex:
		return hex.EncodeToString(content)
	case spelled == spelledRuled && len(content) >= ruleBytes:
		text = append(base64Of.AppendEncode(text, content[:ruleBytes]), ':')
		return string(base64Of.AppendEncode(text, content[ruleBytes:]))
	case spelled == spelledParts && len(content) > ruleBytes+dressBytes:
		text = append(base64Of.AppendEncode(text, content[:ruleBytes]), ':')
		content = content[ruleBytes:]
		text = append(base64Of.AppendEncode(text, content[:dressBytes]), ':', content[dressBytes])
		return string(base64Of.AppendEncode(text, content[dressBytes+1:]))
	}
	return string(content)
}

const hourSeconds = int64(usage.WindowLength / time.Second)

// hourOf is the number of the window that t belongs to, counted from 1970.
func hourOf(t time.Time) int64 {
	seconds := t.Unix()
	hour := seconds / hourSeconds
	if seconds%hourSeconds < 0 {
		hour--
	}
	return hour
}

// window is the reverse of hourOf.
func window(hour int64) usage.Span {
	return usage.WindowAt(time.Unix(hour*hourSeconds, 0))
}

// hoursWithin returns the numbers of the first and the last window that lie
// wholly within a span, of all windows where it is zero.
func hoursWithin(s usage.Span) (first, last int64) {
	if s.IsZero() {
		return math.MinInt64, math.MaxInt64
	}
	first, last = hourOf(s.Start), hourOf(s.End)-1
	if !usage.OnBorder(s.Start) {
		first++
	}
	return first, last
}

// hoursOverlapping returns the numbers of the first and the last window that
// share time with a span.
func hoursOverlapping(s usage.Span) (first, last int64) {
	first, last = hourOf(s.Start), hourOf(s.End)
	if usage.OnBorder(s.End) {
		last--
	}
	return first, last
}

// zones finds time zones by name, each once.
type zones map[string]*time.Location

func (z zones) find(name string) (*time.Location, error) {
	if l, ok := z[name]; ok {
		return l, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	z[name] = l
	return l, nil
}
