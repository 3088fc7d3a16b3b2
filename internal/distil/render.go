package distil

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// render writes the sections.
func (c *converter) render(sections []*section, trusted []text) []byte {
	var b bytes.Buffer
	var from []string
	for _, name := range c.files {
		from = append(from, printable(name))
	}
	comment(&b, fmt.Sprintf("Meters as Distil billed them, from %s. These sections go into the config of the deployment; artifice check tells whether all is well.", strings.Join(from, " and ")))
	c.renderTrust(&b, trusted)
	for _, s := range sections {
		b.WriteString("\n")
		comment(&b, fmt.Sprintf("%s:%d", printable(s.at.File), s.at.Line))
		for _, n := range s.notes {
			comment(&b, "- "+n.Text)
		}
		c.renderSection(&b, s)
	}
	renderUnbilled(&b, sections)
	return b.Bytes()
}

func (c *converter) renderSection(b *bytes.Buffer, s *section) {
	header := "[meter:" + s.name + "]"
	if f, err := config.Parse("", []byte(header+"\nx = x")); err != nil || len(f.Sections) != 1 || f.Sections[0].Name != "meter:"+s.name {
		if s.name != "" {
			c.errs.Add(s.at, "the meter %q cannot be a section's name", s.name)
		}
		return
	}
	// The keys that make the meter what it is come first.
	rest := s.keys
	s.keys = nil
	if s.meter != s.name {
		c.add(s, "meter", s.meter, s.at)
	}
	c.add(s, "transformer", s.transformer, s.at)
	if s.service != s.name {
		c.add(s, "service", s.service, s.at)
	}
	s.keys = append(s.keys, rest...)
	width := 0
	for _, k := range s.keys {
		width = max(width, len(k.name))
	}
	b.WriteString(header + "\n")
	for _, k := range s.keys {
		fmt.Fprintf(b, "%-*s = %s\n", width, k.name, k.value)
	}
}

// renderUnbilled writes the sections that keep Artifice from billing what it
// bills without a section.
func renderUnbilled(b *bytes.Buffer, sections []*section) {
	first := true
	for _, name := range builtins {
		if slices.ContainsFunc(sections, func(s *section) bool { return s.name == name }) {
			continue
		}
		if b.WriteString("\n"); first {
			comment(b, "Distil did not bill what follows, and Artifice would, without these sections.")
			first = false
		}
		fmt.Fprintf(b, "[meter:%s]\nbilled = false\n", name)
	}
}

// renderTrust writes the trusted sources. They belong into the section of an
// adapter whose name is not known here.
func (c *converter) renderTrust(b *bytes.Buffer, trusted []text) {
	if len(trusted) == 0 {
		return
	}
	var s section
	c.addList(&s, "trust_sources", trusted, trusted[0].at)
	if len(s.keys) == 0 {
		return
	}
	const note = "trust_sources is a key of the source: write it into its section, such as [source:object]"
	c.note(trusted[0].at, "%s: trust_sources = %s", note, s.keys[0].value)
	b.WriteString("\n")
	comment(b, note+":")
	fmt.Fprintf(b, "# trust_sources = %s\n", s.keys[0].value)
}

const commentWidth = 100

// comment writes a text on lines that are not too long.
func comment(b *bytes.Buffer, text string) {
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > commentWidth && line != "#" {
			b.WriteString(line + "\n")
			line = "#"
			if strings.HasPrefix(text, "- ") {
				line = "#  "
			}
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// printable is a file's name as it can stand in a comment.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
