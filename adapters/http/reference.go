package http

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxReference is how many bytes the name of an invoice may have.
const maxReference = 1024

// reference is what the receiver calls the invoice. It is text, and nothing
// that is ever fetched.
func (a *Invoice) reference(ans answer) (string, error) {
	text, where := ans.header.Get("Location"), "its answer has no Location header (set reference to a JSON pointer if the body has it, as in reference = /id)"
	if a.pointer != nil {
		var err error
		if text, err = a.pointer.find(ans.body); err != nil {
			return "", err
		}
		where = fmt.Sprintf("%s is empty", a.pointer)
	}
	switch {
	case text == "":
		return "", errors.New(where)
	case len(text) > maxReference:
		return "", fmt.Errorf("it has %d bytes, more than %d", len(text), maxReference)
	case !printable(text):
		return "", fmt.Errorf("%.80q holds what cannot be printed", text)
	}
	// The ledger and every list show it.
	return redact(text, a.secrets()), nil
}

// printable reports whether text is UTF-8 without control characters, line
// separators and marks that turn what is around them.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// A pointer is a JSON pointer, RFC 6901, as its tokens.
type pointer []string

// parsePointer returns nil for the empty text, which is no pointer here: a
// whole document is no reference.
func parsePointer(text string) (pointer, error) {
	if text == "" {
		return nil, nil
	}
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return nil, fmt.Errorf("%q is not a JSON pointer (write it like /id or /invoice/number)", text)
	}
	tokens := strings.Split(rest, "/")
	for i, token := range tokens {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(token), "~") {
			return nil, fmt.Errorf("%q is not a JSON pointer: ~ stands only in ~0 for ~ and in ~1 for /", text)
		}
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return tokens, nil
}

func (p pointer) String() string {
	var b strings.Builder
	for _, token := range p {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
	}
	return b.String()
}

// find returns the string, or the digits of the whole number, that p points at.
func (p pointer) find(document []byte) (string, error) {
	value := jsontext.Value(document)
	if !value.IsValid() {
		return "", errors.New("its answer is not JSON")
	}
	for i, token := range p {
		next, err := member(value, token)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p[:i+1], err)
		}
		value = next
	}
	switch value.Kind() {
	case '"':
		var text string
		err := json.Unmarshal(value, &text)
		return text, err
	case '0':
		if text := string(value); !strings.ContainsAny(text, ".eE") {
			return text, nil
		}
	}
	return "", fmt.Errorf("%s is neither a string nor a whole number", p)
}

func member(value jsontext.Value, token string) (jsontext.Value, error) {
	switch value.Kind() {
	case '{':
		var object map[string]jsontext.Value
		if err := json.Unmarshal(value, &object); err != nil {
			return nil, err
		}
		if v, ok := object[token]; ok {
			return v, nil
		}
	case '[':
		var array []jsontext.Value
		if err := json.Unmarshal(value, &array); err != nil {
			return nil, err
		}
		at, err := strconv.ParseUint(token, 10, 31)
		if err == nil && strconv.FormatUint(at, 10) == token && at < uint64(len(array)) {
			return array[at], nil
		}
	}
	return nil, errors.New("its answer has no such member")
}
