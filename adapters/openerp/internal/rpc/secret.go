package rpc

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// secrets are those that were sent, of which errors must be free. A secret may
// change while the process lives, and an answer tell of the one before.
type secrets struct {
	mu   sync.Mutex
	sent []sentSecret // the last ones, the newest first
}

type sentSecret struct {
	text      string
	spellings []string // the longest first
}

// maxSecrets is how many secrets are remembered.
const maxSecrets = 4

// read reads the password or the key that is about to be sent.
func (s *secrets) read(from func() (string, error)) (string, error) {
	secret, err := from()
	if err != nil {
		return "", err
	}
	if secret == "" {
		return "", errors.New("the password or API key is empty")
	}
	if err := checkText(secret); err != nil || strings.ContainsAny(secret, "\r\n") {
		return "", errors.New("the password or API key holds a control character (is there more than one line?)")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.sent, func(known sentSecret) bool { return known.text == secret }) {
		s.sent = append([]sentSecret{{secret, spellings(secret)}}, s.sent[:min(len(s.sent), maxSecrets-1)]...)
	}
	return secret, nil
}

// cleanText takes the secrets out of what a server said, in all the spellings
// in which it may throw a request back. A text that is longer than anybody
// reads is cut.
func (s *secrets) cleanText(text string) string {
	s.mu.Lock()
	sent := slices.Clone(s.sent)
	s.mu.Unlock()
	cut := len(text) > maxCleaned
	text = text[:min(len(text), maxCleaned)]
	for _, secret := range sent {
		for _, spelling := range secret.spellings {
			text = strings.ReplaceAll(text, spelling, "***")
		}
		if cut { // a secret may stand half before the cut
			text = text[:max(0, len(text)-len(secret.spellings[0]))]
		}
	}
	return strings.ToValidUTF8(text, "")
}

// clean is an error with the secrets taken out of its text. What it wraps can
// still be asked for where there was nothing to take out.
func (s *secrets) clean(err error) error {
	text := err.Error()
	if clean := s.cleanText(text); clean != text {
		return errors.New(clean)
	}
	return err
}

// spellings are a secret as it is, and as texts of several kinds have it, one
// within the other: what is in a string of a string of a page. The longest are
// first, since a shorter one may be a part of them. A key of letters and digits
// has one.
func spellings(secret string) []string {
	all := map[string]bool{secret: true}
	for last := []string{secret}; len(last) > 0 && len(all) < maxSpellings; {
		var next []string
		for _, text := range last {
			for _, spell := range spells {
				if spelled := spell(text); !all[spelled] && len(all) < maxSpellings {
					all[spelled] = true
					next = append(next, spelled)
				}
			}
		}
		last = next
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int { return len(b) - len(a) })
}

const (
	maxCleaned   = 64 << 10 // bytes of a text
	maxSpellings = 1000
)

// spells are the ways to write a text down within another.
var spells = []func(string) string{
	func(text string) string { return unquoted(strconv.Quote(text)) },
	func(text string) string { return htmlSafe.Replace(unquoted(strconv.Quote(text))) }, // as JSON within a page
	func(text string) string { return unquoted(strconv.QuoteToASCII(text)) },
	xmlText.Replace,
	xmlQuoted.Replace,
	xmlNumbered.Replace,
	pythonText.Replace,
	url.QueryEscape,
	url.PathEscape,
}

func unquoted(text string) string { return text[1 : len(text)-1] }

var (
	htmlSafe    = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`)
	xmlText     = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	xmlQuoted   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")
	xmlNumbered = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
	pythonText  = strings.NewReplacer(`\`, `\\`, "'", `\'`)
)

// Clean takes the password or the key out of a text of the server's that is to
// be part of an error.
func (c *Client) Clean(text string) string { return c.secrets.cleanText(text) }
