package distil

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openstack-artifice/artifice/config"
)

// volume returns what a mapping says of the samples' volumes, as Artifice says
// it: a number, an expression, or "" for what they came with.
func (c *converter) volume(m *mapping) string {
	n := m.volume
	switch {
	case n.null():
		return ""
	case n.is(yaml.MappingNode):
		return c.volumeFrom(m)
	case !n.is(yaml.ScalarNode):
		c.errs.Add(n.at(), "volume is %s, not a number, nor a mapping with source or sources", kindOf(n))
		return ""
	}
	// Distil read YAML 1.1, and a boolean is a number to Python.
	if n.Style == 0 {
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on":
			return "1"
		case "false", "no", "off":
			return ""
		}
	}
	if n.Value == "" {
		return ""
	}
	number, err := config.Decimal(n.Value)
	switch {
	case err != nil:
		c.errs.Add(n.at(), "volume: %w", err)
		return ""
	case number.IsNegative():
		c.errs.Add(n.at(), "volume is %s: a volume for every sample is above 0", n.Value)
		return ""
	case number.IsZero():
		m.note(n.at(), "volume 0 is left out: Distil takes it for none, and the samples' own counts")
		return ""
	}
	return number.String()
}

// volumeFrom is an expression for the first of the sources that finds
// something.
func (c *converter) volumeFrom(m *mapping) string {
	var source, sources []text
	for _, part := range c.members(m.volume, "volume") {
		what := "volume." + part.key.value
		switch part.key.value {
		case "source":
			source = c.sources(part.value, what)
		case "sources":
			sources = c.sources(part.value, what)
		default:
			c.errs.Add(part.key.at, "volume has no option %q (there are source and sources)", part.key.value)
		}
	}
	if len(source) > 0 && len(sources) > 0 {
		m.note(m.volume.at(), "the sources of volume are left out: where there is source, Distil passes over them")
	}
	if len(source) == 0 {
		source = sources
	}
	all := make([]string, len(source))
	for i, t := range source {
		all[i] = strings.TrimSpace(c.expression(m, t))
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0]
	}
	return "not_null(" + strings.Join(all, ", ") + ")"
}

// sources returns the expressions in a text, or in a list of texts. What is
// empty is none.
func (c *converter) sources(n node, what string) []text {
	if n.is(yaml.MappingNode) && len(n.Content) == 0 {
		return nil
	}
	var all []text
	for _, t := range c.texts(n, what) {
		if strings.TrimSpace(t.value) != "" {
			all = append(all, t)
		}
	}
	return all
}
