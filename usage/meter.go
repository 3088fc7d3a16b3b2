package usage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// A Meter says how the samples of one meter are billed: which transformer
// turns them into volumes, of what service. It is a section of the config.
type Meter struct {
	Name        string // of the section; unique in a deployment
	Meter       string // what the samples call it; Name unless the config says otherwise
	Transformer Transformer
	Service     string // the service of volumes for which the transformer names none; Name unless said otherwise
	Type        string // what a person calls such a resource: "Virtual Machine"
	Unit        string // the unit of the samples, where theirs is to be called otherwise; "" keeps it
	Billed      bool   // whether its usage is billed, or only kept
	// Begun is a unit of which begun ones are billed whole: the volume of an
	// item is rounded up to it, once, after it was summed. "" is for none.
	Begun string
	// Rule is all of the config that its volumes depend on, as text: another
	// rule may give other volumes.
	Rule string

	// Filters leave out the samples of which one of them is not true: null,
	// false, 0, and empty texts, lists and objects are not, as in Python.
	Filters []*Expression
	// VolumeFrom and FixedVolume give the samples that are left another volume:
	// what the expression says, or a number above 0. At most one is set.
	VolumeFrom  *Expression
	FixedVolume decimal.Decimal

	// Metadata says what is kept about a resource: the name of a field, and
	// the keys of the samples' metadata that it is taken from, the first that
	// has a value.
	Metadata map[string][]string
	// Templates has texts for fields of Metadata, with %s for the value and
	// %% for a percent sign; see CheckTemplate.
	Templates map[string]string
}

// Keys returns the keys of metadata that the meter looks at. Where ok is false
// it may look at any: its transformer does not say, or it has expressions.
func (m Meter) Keys() (keys []string, ok bool) {
	user, ok := m.Transformer.(KeyUser)
	if !ok || len(m.Filters) > 0 || m.VolumeFrom != nil {
		return nil, false
	}
	keys = slices.Clone(user.Keys())
	for _, sources := range m.Metadata {
		keys = append(keys, sources...)
	}
	return keys, true
}

// Prepare returns the samples as the meter's transformer is to be given them,
// in the same order: without those that a filter leaves out, with the meter's
// volume and unit. Filters and VolumeFrom see a sample as the source gave it.
// The samples are not changed; where there is nothing to do they are returned
// themselves.
//
// An error names the first sample that has no volume where VolumeFrom looks for
// one, of which a filter says nothing because it fails, or whose unit is
// another one than the meter's, and not just another name for it.
func (m Meter) Prepare(samples []Sample) ([]Sample, error) {
	if !m.prepares() {
		return samples, nil
	}
	prepared := make([]Sample, 0, len(samples))
	for _, s := range samples {
		counts, err := m.prepare(&s)
		if err != nil {
			return nil, err
		}
		if counts {
			prepared = append(prepared, s)
		}
	}
	return prepared, nil
}

// prepares reports whether Prepare has anything to do.
func (m Meter) prepares() bool {
	return len(m.Filters) > 0 || m.VolumeFrom != nil || m.FixedVolume.IsPositive() || m.Unit != ""
}

// prepare changes a sample as Prepare says, and reports whether it counts.
func (m Meter) prepare(s *Sample) (bool, error) {
	if len(m.Filters) > 0 || m.VolumeFrom != nil {
		seen, err := expressible(s)
		if err != nil {
			return false, err
		}
		if counts, err := holds(m.Filters, s, seen); err != nil || !counts {
			return false, err
		}
		if m.VolumeFrom != nil {
			if s.Volume, err = m.VolumeFrom.number(s, seen); err != nil {
				return false, err
			}
			s.HasVolume = true
		}
	}
	if m.FixedVolume.IsPositive() {
		s.Volume, s.HasVolume = m.FixedVolume, true
	}
	if m.Unit != "" {
		if err := m.checkUnit(s); err != nil {
			return false, err
		}
		s.Unit = m.Unit
	}
	return true, nil
}

// checkUnit returns an error where the meter's unit is not a name for the
// sample's, but another unit. Another volume may be in any unit.
func (m Meter) checkUnit(s *Sample) error {
	if m.VolumeFrom != nil || m.FixedVolume.IsPositive() || SameUnit(s.Unit, m.Unit) {
		return nil
	}
	if _, _, converts := Conversion(s.Unit, m.Unit); converts {
		return fmt.Errorf("%v: meter %s comes in %s, not in %s (write unit = %s: what one unit of a cost is belongs to the rates)",
			s.Origin, s.Meter, s.Unit, m.Unit, s.Unit)
	}
	return nil
}

// Describe sets the fields of info that the sample's metadata has a value for.
func (m Meter) Describe(info map[string]string, s *Sample) {
	for field, keys := range m.Metadata {
		value := firstValue(s.Metadata, keys)
		if value == "" {
			continue
		}
		if template, ok := m.Templates[field]; ok {
			value = strings.NewReplacer("%%", "%", "%s", value).Replace(template)
		}
		info[field] = value
	}
}

// CheckTemplate returns an error where a template has no place for the value,
// more than one, or a percent sign that stands for neither.
func CheckTemplate(template string) error {
	rest := strings.ReplaceAll(template, "%%", "")
	switch {
	case strings.Count(rest, "%s") != 1:
		return errors.New("write %s once, where the value goes")
	case strings.Count(rest, "%") != 1:
		return errors.New("write %% for a percent sign")
	}
	return nil
}
