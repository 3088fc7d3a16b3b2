package deployment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

const meterPrefix = "meter:"

// A meter is a usage.Meter whose transformer is not open yet.
type meter struct {
	usage.Meter
	transformer string // what the config calls it
	open        Open[usage.Transformer]
}

// Transformers returns what the config calls the transformer of each meter, by
// the meter's name: uptime. The caller owns the result.
func (d *Deployment) Transformers() map[string]string {
	names := make(map[string]string, len(d.meters))
	for _, m := range d.meters {
		names[m.Name] = m.transformer
	}
	return names
}

// Meters opens the transformers and returns the meters of the deployment:
// Artifice's own, as the config changes them, and then the config's others. The
// error is that of the first transformer that cannot be opened, and names the
// section of its meter.
func (d *Deployment) Meters(ctx context.Context) ([]usage.Meter, error) {
	meters := make([]usage.Meter, 0, len(d.meters))
	for _, m := range d.meters {
		t, err := m.open(ctx)
		if err != nil {
			return nil, fmt.Errorf("[%s%s] %w", meterPrefix, m.Name, err)
		}
		m.Transformer = t
		meters = append(meters, m.Meter)
	}
	return meters, nil
}

// bindMeters binds the sections of meters over the built-in defaults.
func (l *loader) bindMeters(compiled []Adapter[usage.Transformer]) []meter {
	rules := builtins()
	for _, a := range compiled {
		_, name, _ := strings.Cut(a.Key, ":")
		if _, builtin := rules[name]; !builtin {
			rules[name] = l.rule(a)
		} else if key := l.main.Key(a.Key); key != nil {
			l.fail(key.Pos, "%s: there is a built-in transformer of this name (give yours another, here and in the meters that use it)", a.Key)
		}
	}
	sections := map[string]*config.Section{}
	var names []string
	for _, s := range l.file.Sections {
		name, ok := strings.CutPrefix(s.Name, meterPrefix)
		if !ok {
			continue
		}
		if name == "" {
			l.fail(s.Pos, "[%s] names no meter (write [meter:instance])", s.Name)
			continue
		}
		sections[name] = s
		names = append(names, name)
	}
	var meters []meter
	for _, m := range usage.DefaultMeters() {
		name := builtinName(m.Transformer)
		bound := meter{Meter: m, transformer: name, open: opened(m.Transformer)}
		if s := sections[m.Name]; s != nil {
			bound = l.bindMeter(s, m, name, rules)
			delete(sections, m.Name)
		}
		meters = append(meters, bound)
	}
	for _, name := range names {
		if s := sections[name]; s != nil {
			meters = append(meters, l.bindMeter(s, usage.Meter{Name: name, Meter: name, Service: name, Billed: true}, "", rules))
		}
	}
	for i := range meters {
		meters[i].Rule = l.ruleText(meters[i].Name)
	}
	return meters
}

// bindMeter binds one section over what the meter is without it.
func (l *loader) bindMeter(s *config.Section, m usage.Meter, transformer string, rules map[string]rule) meter {
	var info, templates, filters, rest map[string]string
	var volume volumeText
	b := config.Bind(s)
	config.Field(b, &transformer, config.String, "transformer", config.Default(transformer))
	config.Field(b, &m.Meter, config.String, "meter", config.Default(m.Meter))
	config.Field(b, &m.Service, config.String, "service", config.Default(m.Service))
	config.Field(b, &m.Type, config.String, "type", config.Default(m.Type))
	config.Field(b, &m.Unit, config.String, "unit", config.Default(m.Unit))
	config.Field(b, &m.Billed, config.Bool, "billed", config.Default(fmt.Sprint(m.Billed)))
	config.Field(b, &m.Begun, parseBegun, "begun")
	config.Map(b, &info, "metadata")
	config.Map(b, &templates, "template")
	config.Map(b, &filters, "filters")
	config.Field(b, &volume, parseVolume, "volume")
	config.Rest(b, &rest)
	if err := b.Done(); err != nil {
		l.errs = append(l.errs, err)
	}
	m.Metadata = withFields(m.Metadata, info)
	m.VolumeFrom, m.FixedVolume = volume.from, volume.fixed
	m.Filters = l.bindFilters(s, filters)
	m.Templates = l.bindTemplates(s, m, templates)
	if transformer == "" {
		l.fail(s.Pos, "[%s] needs the key \"transformer\" (one of %s)", s.Name, ruleNames(rules))
		return meter{Meter: m}
	}
	use, ok := rules[transformer]
	if !ok {
		hint := ""
		if near := config.Suggest(transformer, slices.Collect(maps.Keys(rules))); near != "" {
			hint = fmt.Sprintf("did you mean %q? ", near)
		}
		l.fail(s.Key("transformer").ValuePos, "[%s] transformer: there is no %q (%sthere are %s)", s.Name, transformer, hint, ruleNames(rules))
		return meter{Meter: m}
	}
	l.checkBegun(s, m, transformer)
	options := *s
	options.Keys = slices.DeleteFunc(slices.Clone(s.Keys), func(k *config.Key) bool { _, ok := rest[k.Name]; return !ok })
	bound, err := use(&options, m)
	bound.transformer = transformer
	if err != nil {
		l.errs = append(l.errs, err)
	}
	return bound
}

func ruleNames(rules map[string]rule) string {
	return strings.Join(slices.Sorted(maps.Keys(rules)), ", ")
}

// strayTransformers is for transformers that no meter uses: their sections
// were not bound yet.
func (l *loader) strayTransformers(compiled []Adapter[usage.Transformer]) {
	for _, a := range compiled {
		_, name, _ := strings.Cut(a.Key, ":")
		used := slices.ContainsFunc(l.file.Sections, func(s *config.Section) bool {
			key := s.Key("transformer")
			return strings.HasPrefix(s.Name, meterPrefix) && key != nil && key.Value == name
		})
		if used {
			continue
		}
		if s := l.file.Section(a.Key); s != nil {
			if _, err := a.Bind(s); err != nil {
				l.errs = append(l.errs, err)
			}
		}
	}
}
