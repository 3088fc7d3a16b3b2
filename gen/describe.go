package gen

import (
	"bytes"
	"fmt"
	"go/doc/comment"
	"strings"
	"unicode"
)

// widest is how long a line of a comment in a described section gets.
const widest = 78

// describe writes the section of an adapter as a config would hold it: every
// key, what the adapter says about it, and what it is when it is left out.
func (a *adapter) describe(docs *comments) []byte {
	var out bytes.Buffer
	writeComment(&out, a.synopsis(docs))
	fmt.Fprintf(&out, "[%s]\n", a.key)
	if a.config.whole {
		writeComment(&out, "Any key: the adapter takes the section as it is.")
	}
	for _, f := range a.config.fields {
		out.WriteByte('\n')
		writeComment(&out, docs.of(f.pos))
		writeComment(&out, f.terms())
		switch {
		case f.form == asMap:
			fmt.Fprintf(&out, "#%s.NAME =\n", f.key)
		case f.form == asRest:
			fmt.Fprintf(&out, "#NAME =\n")
		case f.required:
			fmt.Fprintf(&out, "%s =\n", f.key)
		default:
			fmt.Fprintf(&out, "#%s = %s\n", f.key, quoted(f.fallback))
		}
	}
	return bytes.ReplaceAll(out.Bytes(), []byte(" \n"), []byte("\n"))
}

// synopsis is what an adapter says about itself, in a sentence.
func (a *adapter) synopsis(docs *comments) string {
	return sentence(docs.of(a.pkg.Types.Scope().Lookup(a.typeName).Pos()))
}

// terms says what a key's value looks like, whether it must be there, and under
// which other names.
func (f *field) terms() string {
	var terms []string
	switch f.form {
	case asList:
		terms = append(terms, "a list, separated by commas, of: "+f.value.looks)
	case asMap:
		terms = append(terms, "text, under any NAME")
	case asRest:
		terms = append(terms, "text, under any NAME that is not one of the other keys")
	default:
		terms = append(terms, f.value.looks)
	}
	if f.required {
		terms = append(terms, "required")
	}
	if len(f.aliases) > 0 {
		terms = append(terms, "also called "+strings.Join(f.aliases, ", "))
	}
	return "(" + strings.Join(terms, "; ") + ")"
}

// quoted puts quotes around a value that would read otherwise without them.
func quoted(value string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./:", r)
	}
	if value == "" || strings.TrimFunc(value, plain) == "" {
		return value
	}
	if strings.Contains(value, `"`) {
		return "'" + value + "'"
	}
	return `"` + value + `"`
}

// writeComment writes text as lines that begin with "# ". Paragraphs stay apart.
func writeComment(out *bytes.Buffer, text string) {
	if text == "" {
		return
	}
	p := comment.Printer{TextPrefix: "# ", TextWidth: widest}
	out.Write(p.Text(new(comment.Parser).Parse(text)))
}

// sentence is the first sentence of a doc comment.
func sentence(doc string) string {
	text := strings.Join(strings.Fields(doc), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}
