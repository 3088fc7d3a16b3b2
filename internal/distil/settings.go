package distil

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An option is one of a transformer's.
type option struct {
	name   text
	values []text
	list   bool
}

// A transformerConfig is what transformer.yaml has for one.
type transformerConfig struct {
	name    text
	options []option
}

// settings are what transformer.yaml says.
type settings struct {
	transformers []transformerConfig
	trusted      []text // the expressions of trust_sources
}

// readSettings reads transformer.yaml, or the conf.yaml of 2014, which has its
// contents in a section of the name transformers.
func (c *converter) readSettings(n node) settings {
	var s settings
	if n.is(yaml.SequenceNode) {
		c.errs.Add(n.at(), "a list, where Distil has a mapping by transformer: give meter_mappings.yml first, transformer.yaml second")
		return s
	}
	top := c.members(n, "the file")
	for _, m := range top {
		switch {
		case m.key.value == "transformers" && m.value.is(yaml.MappingNode):
			for _, inner := range c.members(m.value, "transformers") {
				c.readTransformer(&s, inner)
			}
		case m.key.value == "trust_sources":
			s.trusted = c.texts(m.value, m.key.value)
		case has(top, "transformers"):
			c.readElsewhere(&s, m)
		default:
			c.readTransformer(&s, m)
		}
	}
	return s
}

func (c *converter) readTransformer(s *settings, m member) {
	if rule := ruleOf(m.key.value); rule.transformer == "" {
		c.note(m.key.at, "%q is left out: Distil has no transformer of that name%s", m.key.value, suggest(m.key.value))
		return
	}
	s.transformers = append(s.transformers, transformerConfig{m.key, c.readOptions(m.value, m.key.value)})
}

// readElsewhere reads a section of conf.yaml that is not about transformers.
// The trusted sources may be in it.
func (c *converter) readElsewhere(s *settings, m member) {
	if m.value.is(yaml.MappingNode) {
		for _, inner := range c.members(m.value, m.key.value) {
			if inner.key.value == "trust_sources" {
				s.trusted = c.texts(inner.value, inner.key.value)
			}
		}
	}
	c.note(m.key.at, "the section %q is not about meters: see docs/config.md for what Artifice has in its place", m.key.value)
}

func (c *converter) readOptions(n node, what string) []option {
	var all []option
	for _, m := range c.members(n, what) {
		all = append(all, option{name: m.key, values: c.texts(m.value, what+"."+m.key.value), list: m.value.is(yaml.SequenceNode)})
	}
	return all
}

// optionsOf is what Distil gives the transformer of a mapping: the mapping's
// own options over those of transformer.yaml.
func (s settings) optionsOf(m *mapping) []option {
	var all []option
	for _, t := range s.transformers {
		if t.name.value == m.transformer.value || sameTransformer(t.name.value, m.transformer.value) {
			all = slices.Clone(t.options)
		}
	}
	for _, own := range m.options {
		if i := slices.IndexFunc(all, func(o option) bool { return o.name.value == own.name.value }); i >= 0 {
			all[i] = own
		} else {
			all = append(all, own)
		}
	}
	return all
}

// sameTransformer reports whether the config of one is that of another: Distil
// before 2016 called them from_image and FromImage.
func sameTransformer(a, b string) bool {
	x, y := ruleOf(a), ruleOf(b)
	return x.config != "" && x.config == y.config
}

// noteLeaks tells where Distil went on with an option of one mapping in later
// ones of the same transformer.
func (c *converter) noteLeaks(entries []mapping) {
	for i := range entries {
		m := &entries[i]
		meant := ruleOf(m.transformer.value).options
		for _, o := range m.options {
			if meant[o.name.value] == "" {
				continue
			}
			var lines []string
			for _, later := range entries[i+1:] {
				if later.transformer.value != m.transformer.value {
					continue
				}
				if slices.ContainsFunc(later.options, func(own option) bool { return own.name.value == o.name.value }) {
					break
				}
				lines = append(lines, strconv.Itoa(later.at.Line))
			}
			if len(lines) > 0 {
				m.note(o.name.at, "Distil went on with this %q in the later mappings of %s, by mistake (%s). Here an option is its own meter's: write it there, too, if it is meant",
					o.name.value, m.transformer.value, linesOf(lines))
			}
		}
	}
}

const maxLines = 8 // named in a note

func linesOf(lines []string) string {
	if more := len(lines) - maxLines; more > 0 {
		lines = append(slices.Clone(lines[:maxLines]), fmt.Sprintf("%d more", more))
	}
	if len(lines) == 1 {
		return "line " + lines[0]
	}
	return "lines " + strings.Join(lines, ", ")
}

// noteUnused tells of transformers whose config reaches no mapping.
func (c *converter) noteUnused(entries []mapping, s settings) {
	for _, t := range s.transformers {
		if !slices.ContainsFunc(entries, func(m mapping) bool {
			return m.transformer.value == t.name.value || sameTransformer(m.transformer.value, t.name.value)
		}) {
			c.note(t.name.at, "the config of %s is left out: no mapping uses it", t.name.value)
		}
	}
}
