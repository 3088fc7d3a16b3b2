package http

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever a rates URL answers, it is refused or its prices can be billed.
func FuzzPrices(f *testing.F) {
	f.Add(goodRates)
	f.Add(`{"currency": "NZD", "rates": [{"datacenter": "*", "name": "a", "cost": "1e64"}]}`)
	f.Add(`{"currency": "NZD", "rates": [{"datacenter": "*", "name": "a", "cost": "-0"}, {}]}`)
	f.Add(`[[[[[[`)
	f.Fuzz(func(t *testing.T, body string) {
		p, err := parsePrices([]byte(body), "NZD")
		if err != nil {
			if p != nil {
				t.Fatal("prices and an error")
			}
			return
		}
		var loose struct {
			Rates []json.RawMessage
		}
		if err := json.Unmarshal([]byte(body), &loose); err != nil {
			t.Fatalf("taken, but not JSON: %v", err)
		}
		for s, price := range p.all {
			if s.name == "" || s.datacenter == "" || price.cost.IsNegative() || len(price.cost.String()) > 200 {
				t.Errorf("%q in %q costs %s", s.name, s.datacenter, price.cost)
			}
			if got, err := p.Cost(s.datacenter, s.name); err != nil || !got.Equal(price.cost) {
				t.Errorf("%q in %q: %s, %v", s.name, s.datacenter, got, err)
			}
		}
	})
}

// Whatever a receiver answers, a reference is short text in one line, and
// within the answer.
func FuzzReference(f *testing.F) {
	f.Add("/id", `{"id": "x"}`)
	f.Add("/a~1b/1/~0", `{"a/b": [0, {"~": 12}]}`)
	f.Add("/", `{"": "\u202e"}`)
	f.Add("/0", `["\ud800"]`)
	f.Fuzz(func(t *testing.T, text, document string) {
		p, err := parsePointer(text)
		if err != nil || p == nil {
			return
		}
		if again, err := parsePointer(p.String()); err != nil || p.String() != text || len(again) != len(p) {
			t.Fatalf("the pointer %q is written %q (%v)", text, p, err)
		}
		a := &Invoice{pointer: p}
		reference, err := a.reference(answer{body: []byte(document)})
		if err != nil {
			return
		}
		if reference == "" || len(reference) > maxReference || strings.ContainsFunc(reference, unicode.IsControl) {
			t.Errorf("the reference is %q", reference)
		}
		// The plain reader finds the same, where it reads the document at all.
		var value any
		d := json.NewDecoder(strings.NewReader(document))
		d.UseNumber()
		if d.Decode(&value) != nil {
			t.Fatalf("%q was read from what is not JSON", reference)
		}
		for _, token := range p {
			switch v := value.(type) {
			case map[string]any:
				value = v[token]
			case []any:
				i := 0
				for _, c := range token {
					i = 10*i + int(c-'0')
				}
				value = v[i]
			}
		}
		switch v := value.(type) {
		case string:
			if v != reference {
				t.Errorf("%q, want %q", reference, v)
			}
		case json.Number:
			if v.String() != reference {
				t.Errorf("%q, want %q", reference, v)
			}
		default:
			t.Errorf("%q for %v", reference, v)
		}
	})
}

// Whatever a receiver says of a failure, an excerpt is short text in one line,
// without the secrets that it repeats.
func FuzzExcerpt(f *testing.F) {
	const secret = "h1dd3n/c\u00e4nary"
	f.Add(`{"title": "No", "detail": "the token SECRET is not known"}`)
	f.Add(`{"title": {}, "detail": ["SECRET"]}`)
	f.Add("SECRET \u202e \xff")
	f.Fuzz(func(t *testing.T, body string) {
		text := excerpt([]byte(strings.ReplaceAll(body, "SECRET", secret)), []string{secret})
		if strings.Contains(text, secret) || strings.ContainsAny(text, "\n\r\t") || !utf8.ValidString(text) || utf8.RuneCountInString(text) > 203 {
			t.Errorf("of %q it says %q", body, text)
		}
	})
}
