package csv

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
)

// maxFileName is what file systems allow, in bytes.
const maxFileName = 255

// A pattern makes the names of files: literal text, and placeholders.
type pattern []part

type part struct {
	literal     string
	placeholder *placeholder // nil for literal text
}

// A placeholder is replaced by something of the order, never longer than max
// bytes, so that no order's file name can be too long.
type placeholder struct {
	name string
	max  int
	text func(invoice.Order) string
}

// placeholders are all there are.
var placeholders = []placeholder{
	{"tenant", 80, func(o invoice.Order) string { return identity(o.Tenant.ID, 80) }},
	{"tenant_name", 40, func(o invoice.Order) string { return cut(clean(o.Tenant.Name), 40) }},
	{"start", 16, func(o invoice.Order) string { return formatTime(o.Block.Start, "20060102T1504Z") }},
	{"end", 16, func(o invoice.Order) string { return formatTime(o.Block.End, "20060102T1504Z") }},
	{"month", 7, func(o invoice.Order) string { return o.Block.Start.Format("2006-01") }},
	{"key", 64, func(o invoice.Order) string { return identity(o.Key, 64) }},
}

// parsePattern reads the pattern of the files' names, or finds every mistake
// in it. One under which the files of two tenants, or of two blocks, would
// always meet is a mistake.
func parsePattern(text string) (p pattern, errs []error) {
	names := placeholderNames()
	longest := 0
	has := map[string]bool{}
	for text != "" {
		literal, rest, found := strings.Cut(text, "%")
		p, longest = append(p, part{literal: literal}), longest+len(literal)
		if text = rest; !found {
			break
		}
		if after, ok := strings.CutPrefix(rest, "%"); ok {
			p, longest, text = append(p, part{literal: "%"}), longest+1, after
			continue
		}
		name, after, closed := strings.Cut(strings.TrimPrefix(rest, "("), ")s")
		if !strings.HasPrefix(rest, "(") || !closed {
			errs = append(errs, errors.New("a percent sign without a placeholder (write %(tenant)s, or %% for the sign itself)"))
			continue
		}
		text = after
		at := slices.Index(names, name)
		if at < 0 {
			hint := "there are " + strings.Join(names, ", ")
			if near := config.Suggest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %%(%s)s?", near)
			}
			errs = append(errs, fmt.Errorf("there is no placeholder %%(%s)s (%s)", name, hint))
			continue
		}
		p, longest, has[name] = append(p, part{placeholder: &placeholders[at]}), longest+placeholders[at].max, true
	}
	if len(errs) == 0 {
		errs = p.check(has, longest)
	}
	return p, errs
}

// attemptMax is how much longer a file's name may be for a later attempt.
const attemptMax = len("~99999")

// check reports what is wrong with a pattern as a whole.
func (p pattern) check(has map[string]bool, longest int) (errs []error) {
	literals := ""
	for _, part := range p {
		literals += part.literal
	}
	switch {
	case len(p) == 0:
		return []error{errors.New("is empty")}
	case strings.ContainsFunc(literals, func(r rune) bool { return r == '/' || r == '\\' || !unicode.IsPrint(r) }):
		errs = append(errs, errors.New("is the name of a file, and cannot hold a slash, a backslash or a control character (the directory is csv_directory)"))
	case strings.HasPrefix(p[0].literal, "."):
		errs = append(errs, errors.New("begins with a dot, which hides the files"))
	}
	if !has["key"] && !has["tenant"] {
		errs = append(errs, errors.New("needs %(tenant)s or %(key)s, or the files of two tenants would have one name"))
	}
	if !has["key"] && !has["start"] && !has["month"] {
		errs = append(errs, errors.New("needs %(start)s, %(month)s or %(key)s, or the files of two blocks would have one name"))
	}
	if !has["key"] {
		longest += attemptMax
	}
	if longest > maxFileName {
		errs = append(errs, fmt.Errorf("makes names of up to %d bytes, and a file's name has at most %d", longest, maxFileName))
	}
	return errs
}

// compressed reports whether the names end as those of compressed files do.
func (p pattern) compressed() bool {
	return len(p) > 0 && strings.HasSuffix(p[len(p)-1].literal, ".gz")
}

func placeholderNames() []string {
	var names []string
	for _, p := range placeholders {
		names = append(names, p.name)
	}
	return names
}

// fileName is the name of an order's file: one that every file system takes.
// The file of a later attempt has the number of the attempt before its
// extension, "~2": no other name has, for the file of an invoice that was
// cancelled stays. The key is another for each attempt, and a name with it is
// the order's own.
func (p pattern) fileName(order invoice.Order) string {
	name := p.firstName(order)
	if order.Attempt <= 1 || slices.ContainsFunc(p, func(part part) bool { return part.placeholder != nil && part.placeholder.name == "key" }) {
		return name
	}
	literal := p[len(p)-1].literal
	stem := strings.TrimSuffix(literal, ".gz")
	extension := len(literal) - len(strings.TrimSuffix(stem, filepath.Ext(stem)))
	at := len(name) - extension
	return fmt.Sprintf("%s~%d%s", name[:at], order.Attempt, name[at:])
}

// firstName is the name of the file of a block's first invoice.
func (p pattern) firstName(order invoice.Order) string {
	var name strings.Builder
	for _, part := range p {
		if part.placeholder != nil {
			name.WriteString(part.placeholder.text(order))
		}
		name.WriteString(part.literal)
	}
	// Only a placeholder's text is left to begin or end so: a tenant's name, or
	// a device's, which identity makes another's.
	s := name.String()
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "-") {
		s = "_" + s[1:]
	}
	if strings.HasSuffix(s, ".") {
		s = s[:len(s)-1] + "_"
	}
	if device.MatchString(s) {
		s = "_" + s[1:]
	}
	return s
}

// plain are identities that stay as they are: also on a file system that does
// not tell upper from lower case, or forgets a dot at the end, and without a
// tilde, which identity adds.
var plain = regexp.MustCompile(`^[a-z0-9_]([a-z0-9._-]*[a-z0-9_-])?$`)

// device are names that Windows keeps for itself, whatever follows the dot.
var device = regexp.MustCompile(`^(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// identity is text for a file's name that differs wherever ids differ: an id
// that cannot stay as it is gets a part of its hash.
func identity(id string, max int) string {
	if plain.MatchString(id) && !device.MatchString(id) && len(id) <= max {
		return id
	}
	hash := fmt.Sprintf("~%x", sha256.Sum256([]byte(id)))[:17]
	return strings.TrimLeft(cut(clean(id), max-len(hash)), ".-") + hash
}

// clean is text with nothing but letters, digits and what stands between them.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '_'
	}, text)
}

// cut shortens text to max bytes, between two characters.
func cut(text string, max int) string {
	for len(text) > max {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
