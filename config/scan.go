package config

import (
	"path/filepath"
	"strings"
	"unicode"
)

const blanks = " \t"

// A scanner finds the place of every section, key and value, and refuses
// what a reader, or another INI reader, could take for something else. It
// never prints a value, which may be a secret in the wrong place.
type scanner struct {
	file *File
	errs Errors
	// cur takes the keys; below a header that was refused it is a section
	// that is not part of the file.
	cur      *Section
	sections map[string]*Section
	keys     map[string]*Key // of cur
}

// scan reads a text that decode has passed. The values that it finds are for
// confirm to compare with those of ini.v1.
func scan(path, text string) (*File, Errors) {
	s := scanner{file: &File{Path: path}, sections: make(map[string]*Section)}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		s.line(line, Position{File: path, Line: n, Col: 1})
	}
	if len(s.sections) == 0 && len(s.errs) == 0 {
		s.errs.Add(Position{File: path}, "the config has no section; write at least [main]")
	}
	return s.file, s.errs
}

func (s *scanner) line(line string, at Position) {
	text, at := trim(line, at)
	switch {
	case text == "" || text[0] == '#' || text[0] == ';':
	case text[0] == '[':
		s.header(text, at)
	default:
		s.key(text, at)
	}
}

func (s *scanner) header(text string, at Position) {
	// Until the header is found good, its keys belong nowhere.
	s.cur, s.keys = &Section{}, make(map[string]*Key)

	end := strings.IndexByte(text, ']')
	if end < 0 {
		s.errs.Add(at, "the section's header is not closed; write [name]")
		return
	}
	name := text[1:end]
	if rest := text[end+1:]; rest != "" {
		_, pos := trim(rest, at.after(end+1))
		s.errs.Add(pos, "text after the section's header (a comment has a line of its own)")
		return
	}
	switch {
	case name == "":
		s.errs.Add(at, "a section without a name")
	case name != strings.TrimSpace(name):
		s.errs.Add(at, "blanks within the brackets; write [%s]", strings.TrimSpace(name))
	case strings.Contains(name, "["):
		s.errs.Add(at, "a bracket within a section's name; write [name]")
	case s.sections[name] != nil:
		s.errs.Add(at, "section [%s] stands in line %d already", name, s.sections[name].Pos.Line)
	default:
		s.cur.Name, s.cur.Pos, s.cur.dir = name, at, filepath.Dir(s.file.Path)
		s.sections[name] = s.cur
		s.file.Sections = append(s.file.Sections, s.cur)
	}
}

func (s *scanner) key(text string, at Position) {
	name, rest, ok := strings.Cut(text, "=")
	if !ok {
		s.errs.Add(at, "a line without \"=\" (write key = value; a value does not go on in the next line)")
		return
	}
	name = strings.TrimRight(name, blanks)
	value, valuePos := trim(rest, at.after(len(text)-len(rest)))
	if !s.goodName(name, at) {
		return
	}
	if s.cur == nil {
		s.errs.Add(at, "key %q stands before any section; write [main] above it", name)
		return
	}
	if first := s.keys[name]; first != nil {
		s.errs.Add(at, "key %q stands in line %d already", name, first.Pos.Line)
		return
	}
	k := &Key{Name: name, Pos: at, ValuePos: valuePos, section: s.cur.Name}
	s.keys[name] = k
	s.cur.Keys = append(s.cur.Keys, k)
	s.value(k, value)
}

// goodName refuses the names that ini.v1 reads in a way of its own, and those
// that no person reads as a name.
func (s *scanner) goodName(name string, at Position) bool {
	switch {
	case name == "":
		s.errs.Add(at, "no key before \"=\"")
	case strings.ContainsRune("\"'`", rune(name[0])):
		s.errs.Add(at, "a quote at the start of a key; quotes are for values")
	case name == "-":
		s.errs.Add(at, "\"-\" is not a key; name it")
	case oddBlank(name):
		s.errs.Add(at, "a blank beside a key that is neither space nor tab")
	default:
		return true
	}
	return false
}

// value takes the quotes off text, which begins at k.ValuePos.
func (s *scanner) value(k *Key, text string) {
	k.Value = text
	if text == "" {
		return
	}
	first, last := text[0], text[len(text)-1]
	switch first {
	case '"', '\'':
		inside, rest, closed := strings.Cut(text[1:], text[:1])
		if !closed {
			s.errs.Add(k.ValuePos, "the quote of %s is not closed", k.Name)
		} else if rest != "" {
			_, pos := trim(rest, k.ValuePos.after(len(text)-len(rest)))
			s.errs.Add(pos, "text after the closing quote of %s (quotes go around the whole value; a value with one kind of quote in it goes in the other kind; a comment has a line of its own)", k.Name)
		}
		k.Value, k.ValuePos = inside, k.ValuePos.after(1)
		return
	case '`':
		s.errs.Add(k.ValuePos, "the value of %s begins with a backquote; put quotes around the value", k.Name)
		return
	}
	end := k.ValuePos.after(len(text) - 1)
	switch {
	case last == '\\':
		s.errs.Add(end, "the value of %s ends in a backslash; a value does not go on in the next line (put quotes around one that ends so)", k.Name)
	case (last == '"' || last == '\'') && strings.Count(text, string(last))%2 == 1:
		s.errs.Add(end, "a quote closes the value of %s that none opens (put the other kind around a value that ends so)", k.Name)
	case oddBlank(text):
		s.errs.Add(k.ValuePos, "a blank beside the value of %s that is neither space nor tab (put quotes around a value with blanks at its ends)", k.Name)
	}
}

// trim takes spaces and tabs off text, which begins at at, and returns where
// the rest begins.
func trim(text string, at Position) (string, Position) {
	left := strings.TrimLeft(text, blanks)
	return strings.TrimRight(left, blanks), at.after(len(text) - len(left))
}

// oddBlank reports whether text, of which spaces and tabs were trimmed, begins
// or ends with another blank, such as a no-break space. ini.v1 trims those.
func oddBlank(text string) bool {
	return text != strings.TrimFunc(text, unicode.IsSpace)
}
