package deployment

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// withFields returns a meter's metadata, which is left as it is, with the
// fields that its section has.
func withFields(metadata map[string][]string, fields map[string]string) map[string][]string {
	metadata = maps.Clone(metadata)
	for field, keys := range fields {
		if metadata == nil {
			metadata = map[string][]string{}
		}
		metadata[field] = nil
		for key := range strings.SplitSeq(keys, ",") {
			if key = strings.TrimSpace(key); key != "" {
				metadata[field] = append(metadata[field], key)
			}
		}
	}
	return metadata
}

// bindTemplates checks a meter's templates, each of which is for a field of
// its metadata.
func (l *loader) bindTemplates(s *config.Section, m usage.Meter, templates map[string]string) map[string]string {
	for _, field := range slices.Sorted(maps.Keys(templates)) {
		key := s.Key("template." + field)
		if err := usage.CheckTemplate(templates[field]); err != nil {
			l.fail(key.ValuePos, "[%s] %s: %w", s.Name, key.Name, err)
		}
		if len(m.Metadata[field]) == 0 {
			l.fail(key.Pos, "[%s] %s: there is no metadata.%s to fill it with", s.Name, key.Name, field)
		}
	}
	return templates
}

// bindFilters compiles a meter's filters, by name.
func (l *loader) bindFilters(s *config.Section, filters map[string]string) []*usage.Expression {
	var all []*usage.Expression
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		filter, err := usage.ParseExpression(filters[name])
		if err != nil {
			key := s.Key("filters." + name)
			l.fail(key.ValuePos, "[%s] %s: %w", s.Name, key.Name, err)
			continue
		}
		all = append(all, filter)
	}
	return all
}

// A volumeText is what a meter's key volume says: one of the two.
type volumeText struct {
	from  *usage.Expression
	fixed decimal.Decimal
}

func parseVolume(text string) (v volumeText, err error) {
	if v.fixed, err = config.Decimal(text); err == nil {
		if !v.fixed.IsPositive() {
			err = errors.New("a volume for every sample is above 0 (billed = false bills nothing)")
		}
		return v, err
	}
	if v.from, err = usage.ParseExpression(text); err != nil {
		err = fmt.Errorf("neither a number nor an expression: %w", err)
	}
	return v, err
}
