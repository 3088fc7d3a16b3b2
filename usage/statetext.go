package usage

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// States are JSON, as encoding/json writes it. There is one for each window of
// each resource, so those of this package are written, and read again where
// they are as they were written, without it.

// appendKey appends the name of a member of an object, after a comma where it
// is not the first.
func appendKey(buf []byte, name string) []byte {
	if buf[len(buf)-1] != '{' {
		buf = append(buf, ',')
	}
	buf = append(append(buf, '"'), name...)
	return append(buf, '"', ':')
}

// appendField appends a member whose value is a text, but for an empty one.
func appendField(buf []byte, name, text string) []byte {
	if text == "" {
		return buf
	}
	return appendJSON(appendKey(buf, name), text)
}

// appendJSON appends a text as encoding/json writes it.
func appendJSON(buf []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(text) // of a text it cannot fail
			return append(buf, quoted...)
		}
	}
	return append(append(append(buf, '"'), text...), '"')
}

// appendInstant appends a member that is a time, but for none.
func appendInstant(buf []byte, name string, t *time.Time) []byte {
	if t == nil {
		return buf
	}
	buf = append(appendKey(buf, name), '"')
	return append(t.AppendFormat(buf, time.RFC3339Nano), '"')
}

// A stateReader reads an object that was written by the functions above, its
// members in their order. It is bad where the text is another one: then
// encoding/json reads it.
type stateReader struct {
	rest  string
	later bool // than the first member
	bad   bool
}

func readState(data string) stateReader {
	rest, ok := strings.CutPrefix(data, "{")
	return stateReader{rest: rest, bad: !ok}
}

// text returns the value of a member, "" where it does not come next.
func (r *stateReader) text(name string) string {
	rest := r.rest
	if r.later {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return ""
		}
	}
	quoted := len(name) + len(`"":"`)
	if len(rest) < quoted || rest[0] != '"' || rest[1:1+len(name)] != name || rest[1+len(name):quoted] != `":"` {
		return ""
	}
	rest = rest[quoted:]
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '"' && i > 0:
			r.rest, r.later = rest[i+1:], true
			return rest[:i]
		case c < ' ' || c > '~' || c == '"' || c == '\\':
			r.bad = true
			return ""
		}
	}
	r.bad = true
	return ""
}

func (r *stateReader) instant(name string) *time.Time {
	text := r.text(name)
	if text == "" {
		return nil
	}
	t := new(time.Time)
	r.bad = t.UnmarshalText([]byte(text)) != nil || r.bad
	return t
}

func (r *stateReader) decimal(name string) *decimal.Decimal {
	text := r.text(name)
	if text == "" {
		return nil
	}
	d, err := decimal.NewFromString(text)
	r.bad = r.bad || err != nil
	return &d
}

// done reports whether all was read.
func (r *stateReader) done() bool { return !r.bad && r.rest == "}" }
