package distil

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// A section is what a mapping becomes.
type section struct {
	name        string // after "meter:"
	at          config.Position
	meter       string
	service     string
	transformer string
	notes       []Note
	keys        []key // but for meter, service and transformer
}

// A key is a line of a section. Its value is as it is to be written.
type key struct{ name, value string }

// section turns a mapping into a section.
func (c *converter) section(m *mapping, known settings) *section {
	r := ruleOf(m.transformer.value)
	s := &section{at: m.at, meter: m.meter.value, service: m.service.value, transformer: r.transformer}
	if r.transformer == "" {
		if m.transformer.value != "" {
			c.errs.Add(m.transformer.at, "Distil has no transformer %q%s; write one of your own anew (docs/adapters.md), and take this mapping out",
				m.transformer.value, suggest(m.transformer.value))
		}
		return s
	}
	if s.service == "" {
		s.service = s.meter
	}
	if r.note != "" {
		m.note(m.transformer.at, "%s", r.note)
	}
	c.add(s, "type", m.kind.value, m.kind.at)
	c.unit(s, m, r)
	c.options(s, m, r, known.optionsOf(m))
	c.filters(s, m)
	if volume := c.volume(m); volume != "" {
		c.addExpression(s, "volume", volume, m.volume.at())
	}
	c.metadata(s, m)
	switch m.kind.value {
	case "Virtual Machine":
		m.note(m.kind.at, "Distil asked Nova, Cinder and Glance for the os_distro of new machines. Artifice keeps what samples say: write metadata.os_distro = KEY where they say it")
	case "Object Storage Container":
		m.note(m.kind.at, "Distil called containers by the MD5 of their ids, and by a name from the id. Artifice keeps the id as it is")
	}
	s.notes = m.notes
	c.notes = append(c.notes, m.notes...)
	return s
}

// add adds a key, none for an empty value.
func (c *converter) add(s *section, name, value string, at config.Position) {
	if value == "" {
		return
	}
	written, ok := write(name, value)
	if !ok {
		c.errs.Add(at, "%s of meter %q cannot be written in an INI file: %q", name, s.meter, value)
		return
	}
	s.keys = append(s.keys, key{name, written})
}

// addList adds a key whose value is a list, separated by commas.
func (c *converter) addList(s *section, name string, values []text, at config.Position) {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = strings.TrimSpace(v.value)
		if all[i] == "" || strings.Contains(all[i], ",") {
			c.errs.Add(v.at, "%s of meter %q cannot be written in a list: %q is empty or has a comma", name, s.meter, v.value)
			return
		}
	}
	c.add(s, name, strings.Join(all, ", "), at)
}

// write returns a value as it is to be written after a key, bare or in
// quotes, whichever the config reads back.
func write(name, value string) (written string, ok bool) {
	for _, written := range []string{value, `"` + value + `"`, "'" + value + "'"} {
		f, err := config.Parse("", []byte("[x]\n"+name+" = "+written))
		if err == nil && len(f.Sections) == 1 && len(f.Sections[0].Keys) == 1 && f.Sections[0].Keys[0].Name == name && f.Sections[0].Keys[0].Value == value {
			return written, true
		}
	}
	return "", false
}

// unit adds what the samples' unit is to be called. Distil's unit was that of
// the volume, where Artifice multiplies it with hours itself.
func (c *converter) unit(s *section, m *mapping, r rule) {
	unit := strings.TrimSpace(m.unit.value)
	switch {
	case unit == "":
	case r.seconds:
		if !isTime(unit) || !strings.HasPrefix(strings.ToLower(unit), "s") {
			m.note(m.unit.at, "the unit %q is left out: %s measures in seconds, and a price list converts", unit, s.transformer)
		}
	case r.hours && isTime(unit):
		m.note(m.unit.at, "the unit %q is left out: Artifice counts in the samples' unit and hours, to which a price per %s applies", unit, unit)
	case r.hours && isTime(unit[strings.LastIndexAny(unit, " -")+1:]):
		base := strings.TrimRight(unit[:strings.LastIndexAny(unit, " -")], " -")
		m.note(m.unit.at, "the unit %q is written as %q: Artifice multiplies it with hours itself", unit, base)
		c.add(s, "unit", base, m.unit.at)
	default:
		c.add(s, "unit", unit, m.unit.at)
	}
}

// options adds what the transformer is told.
func (c *converter) options(s *section, m *mapping, r rule, options []option) {
	given := map[string]bool{}
	for _, o := range options {
		name, ok := r.options[o.name.value]
		if !ok {
			m.note(o.name.at, "%q is left out: Distil's %s has no such option, and passes over it", o.name.value, m.transformer.value)
			continue
		}
		given[name] = true
		values := o.values
		if name == "no_image" {
			// An empty text is no image anyway.
			values = slices.DeleteFunc(slices.Clone(values), func(t text) bool { return t.value == "" })
			if len(values) == 0 {
				m.note(o.name.at, "the text None is no image, too: that is how Ceilometer writes that there is none")
				continue
			}
		}
		switch {
		case len(values) == 0 || values[0].value == "" && name != "prefix":
			c.errs.Add(o.name.at, "%s is empty: say what is meant, or take it out", o.name.value)
		case name == "service":
			if len(values) > 1 || o.list {
				c.errs.Add(o.name.at, "service is a list, not a text")
			}
			if s.service = values[0].value; m.service.value != "" && m.service.value != s.service {
				m.note(m.service.at, "the service %q is left out: Distil's %s bills the service of its own config, %q", m.service.value, m.transformer.value, s.service)
			}
		case o.list:
			c.addList(s, name, values, o.name.at)
		default:
			c.add(s, name, values[0].value, values[0].at)
		}
	}
	if r.options["service"] != "" && !given["service"] && m.service.value == "" {
		m.note(m.transformer.at, "no service is given (it is in transformer.yaml): this is billed as %q", s.service)
	}
	if r.seconds && !given["tracked_states"] {
		m.note(m.transformer.at, "no tracked_states are given (they are in transformer.yaml): Artifice's own count, see docs/usage.md")
	}
}

// unseen are parts of a sample that Distil's expressions could look at.
var unseen = regexp.MustCompile(`\b(user_id|source|message_id|resource_metadata|counter_[a-z]+)\b`)

// expression is a JMESPath expression on one line.
func (c *converter) expression(m *mapping, t text) string {
	if name := unseen.FindString(t.value); name != "" {
		m.note(t.at, "the expression seems to look at %s, which expressions do not see in Artifice (docs/config.md tells what they do)", name)
	}
	return strings.Join(strings.FieldsFunc(t.value, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

func (c *converter) filters(s *section, m *mapping) {
	for i, f := range m.filters {
		if strings.TrimSpace(f.value) == "" {
			c.errs.Add(f.at, "a filter of meter %q is empty", s.meter)
			continue
		}
		c.addExpression(s, "filters."+strconv.Itoa(i+1), c.expression(m, f), f.at)
	}
	if isMagnum(m.transformer.value) {
		c.add(s, "filters.state", magnumStates, m.transformer.at)
		if m.volume.null() {
			c.add(s, "volume", "1", m.transformer.at)
		}
	}
}

// addExpression adds an expression, in brackets where it has quotes of both
// kinds, one of them at an end.
func (c *converter) addExpression(s *section, name, expression string, at config.Position) {
	expression = strings.TrimSpace(expression)
	if _, ok := write(name, expression); !ok {
		expression = "(" + expression + ")"
	}
	c.add(s, name, expression, at)
}

// metadata adds what is kept about a resource.
func (c *converter) metadata(s *section, m *mapping) {
	named := false
	for _, f := range m.metadata {
		c.addList(s, "metadata."+f.name.value, f.sources, f.name.at)
		template := f.template
		if f.name.value == "name" && m.resourceID.value != "" && template.value == "" {
			named, template = true, m.resourceID
			c.checkTemplate(template, "res_id_template")
		}
		if template.value != "%s" {
			c.add(s, "template."+f.name.value, template.value, template.at)
		}
	}
	switch {
	case m.resourceID.value == "" || m.resourceID.value == "%s":
	case named:
		m.note(m.resourceID.at, "res_id_template is template.name now: a resource keeps its id, and is billed by each meter on its own")
	default:
		m.note(m.resourceID.at, "res_id_template %q is left out: a resource keeps its id, and is billed by each meter on its own. Its name may tell them apart: metadata.name and template.name", m.resourceID.value)
	}
}

// nameSections gives every section a name of its own: that of its meter where
// it is the first about it.
func nameSections(sections []*section) {
	used := map[string]bool{}
	for _, s := range sections {
		if !used[s.meter] {
			used[s.meter], s.name = true, s.meter
		}
	}
	for _, s := range sections {
		for n := 1; s.name == ""; n++ {
			name := s.meter + "-" + s.transformer
			if n > 1 {
				name = fmt.Sprintf("%s-%d", name, n)
			}
			if !used[name] {
				used[name], s.name = true, name
			}
		}
	}
}
