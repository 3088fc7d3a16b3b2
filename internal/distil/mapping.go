package distil

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openstack-artifice/artifice/config"
)

// A mapping is an entry of meter_mappings.yml.
type mapping struct {
	at          config.Position
	meter       text
	service     text
	kind        text // its type: what a person calls such a resource
	unit        text
	transformer text
	metadata    []field
	resourceID  text // res_id_template
	filters     []text
	volume      node
	options     []option // transformer_config
	notes       []Note
}

// A field is a part of what is kept about a resource.
type field struct {
	name     text
	sources  []text
	template text
}

// known are the options of a mapping.
var known = []string{"meter", "service", "type", "unit", "transformer", "metadata", "res_id_template", "filters", "volume", "transformer_config", "transform_info"}

// readMappings reads the entries, in their order: a list or, as it was before
// October 2014, a mapping by meter.
func (c *converter) readMappings(n node) []mapping {
	var all []mapping
	switch {
	case n.Node == nil:
	case n.is(yaml.SequenceNode):
		for _, entry := range c.elements(n) {
			if entry.Node != nil {
				all = append(all, c.readMapping(entry, text{}))
			}
		}
	case n.is(yaml.MappingNode):
		for _, m := range c.members(n, "the file") {
			if m.value.Node != nil {
				all = append(all, c.readMapping(m.value, m.key))
			}
		}
	default:
		c.errs.Add(n.at(), "%s, where Distil has a list of mappings: give meter_mappings.yml first", kindOf(n))
		return nil
	}
	if len(all) == 0 && len(c.errs) == 0 {
		c.errs.Add(n.at(), "there is no mapping: give meter_mappings.yml first")
	}
	return all
}

// readMapping reads one entry. A meter is given where it is the entry's key.
func (c *converter) readMapping(n node, meter text) mapping {
	m := mapping{at: n.at(), meter: meter}
	if n.null() {
		c.errs.Add(n.at(), "a mapping is empty")
		return m
	}
	for _, part := range c.members(n, "a mapping") {
		name, value := part.key.value, part.value
		switch name {
		case "meter":
			m.meter = c.text(value, name)
		case "service":
			m.service = c.text(value, name)
		case "type":
			m.kind = c.text(value, name)
		case "unit":
			m.unit = c.text(value, name)
		case "transformer":
			m.transformer = c.text(value, name)
		case "metadata":
			m.metadata = c.readFields(value)
		case "res_id_template":
			m.resourceID = c.text(value, name)
		case "filters":
			m.filters = c.texts(value, name)
		case "volume":
			m.volume = value
		case "transformer_config":
			m.options = c.readOptions(value, name)
		case "transform_info":
			m.note(part.key.at, "transform_info is left out: Distil passes over it, too")
		default:
			hint := ""
			if near := config.Suggest(name, known); near != "" {
				hint = fmt.Sprintf(" (did you mean %q?)", near)
			}
			m.note(part.key.at, "%q is left out: Distil has no such option%s, and passes over it", name, hint)
		}
	}
	if m.meter.value == "" && n.is(yaml.MappingNode) {
		c.errs.Add(n.at(), "a mapping without meter: say which samples it is about")
	}
	if m.transformer.value == "" && n.is(yaml.MappingNode) {
		c.errs.Add(n.at(), "meter %q has no transformer: say how its samples are billed", m.meter.value)
	}
	return m
}

// note tells of something where the section is written, too.
func (m *mapping) note(at config.Position, format string, args ...any) {
	m.notes = append(m.notes, Note{at, fmt.Sprintf(format, args...)})
}

func (c *converter) readFields(n node) []field {
	var all []field
	for _, m := range c.members(n, "metadata") {
		f := field{name: m.key}
		what := "metadata." + m.key.value
		for _, part := range c.members(m.value, what) {
			switch part.key.value {
			case "sources":
				f.sources = c.texts(part.value, what+".sources")
			case "template":
				f.template = c.text(part.value, what+".template")
			default:
				c.errs.Add(part.key.at, "%s has no option %q (there are sources and template)", what, part.key.value)
			}
		}
		f.sources = slices.DeleteFunc(f.sources, func(t text) bool { return t.value == "" })
		if len(f.sources) == 0 {
			c.errs.Add(m.key.at, "%s has no sources: list keys of the samples' metadata", what)
			continue
		}
		c.checkTemplate(f.template, what+".template")
		all = append(all, f)
	}
	return all
}

// checkTemplate refuses what Python's % would have refused.
func (c *converter) checkTemplate(t text, what string) {
	rest := strings.ReplaceAll(t.value, "%%", "")
	if t.value != "" && (strings.Count(rest, "%s") != 1 || strings.Count(rest, "%") != 1) {
		c.errs.Add(t.at, "%s: write %%s once, where the value goes, and %%%% for a percent sign", what)
	}
}
