package openstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An Answer is all of a service's answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	URL    *url.URL // that was asked

	cloud          *Cloud
	sent, answered time.Time // by our clock
}

// Place is where it comes from, without the query.
func (a *Answer) Place() string { return place(a.URL) }

// Decode reads the body, which is one JSON value, into dst. The error names
// what was asked.
func (a *Answer) Decode(dst any) error {
	decoder := json.NewDecoder(strings.NewReader(string(a.Body)))
	decoder.UseNumber()
	err := decoder.Decode(dst)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is text after the value")
		} else if strings.TrimSpace(string(a.Body)) == "null" { // or a list would be empty
			err = errors.New("it is null")
		}
	}
	if err != nil {
		return fmt.Errorf("%s: the answer of %s is not the JSON that it should be: %s (does something else answer there? correct the endpoint, or what stands before the service)", a.cloud, a.Place(), oneLine(a.cloud.redact(err.Error())))
	}
	return nil
}

// Next is the answer's link to the next page, for a Request's Path; "" where it
// has none.
func (a *Answer) Next() string {
	for _, header := range a.Header.Values("Link") {
		for header != "" {
			target, rest, ok := cutLink(header)
			if !ok {
				break
			}
			parameters, others := cutParameters(rest)
			if isNext(parameters) {
				return absolute(a.URL, target)
			}
			header = others
		}
	}
	return ""
}

// cutLink splits a Link header (RFC 8288) after the target of its first link.
func cutLink(header string) (target, rest string, ok bool) {
	_, header, ok = strings.Cut(header, "<")
	if !ok {
		return "", "", false
	}
	return strings.Cut(header, ">")
}

// cutParameters splits a Link header before the comma that ends a link.
func cutParameters(text string) (parameters, others string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ',' && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// isNext reports whether a link's parameters say that it is the next page.
func isNext(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for kind := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(kind, "next") {
				return true
			}
		}
	}
	return false
}

// absolute is what a link in the answer to a request for base means.
func absolute(base *url.URL, link string) string {
	u, err := base.Parse(link)
	if err != nil {
		return link // which will be refused when it is followed
	}
	return u.String()
}
