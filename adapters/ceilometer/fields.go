package ceilometer

import "fmt"

// A field is a part of a sample that has one meaning under all its names.
type field int

const (
	fieldMeter field = iota
	fieldKind
	fieldUnit
	fieldVolume
	fieldMessageID
	fieldID
	fieldTenant
	fieldResource
	fieldTime
	fieldRecorded
	fieldMetadata
	fieldSender
	fieldCount // also what a name has no meaning has
)

// fieldOf returns what a name means, in Ceilometer's older shape, its newer
// one, or that of its publishers, and which of the names for that it is.
func fieldOf(name []byte) (at field, alias int) {
	switch string(name) {
	case "counter_name":
		return fieldMeter, 0
	case "meter":
		return fieldMeter, 1
	case "name":
		return fieldMeter, 2
	case "counter_type":
		return fieldKind, 0
	case "type":
		return fieldKind, 1
	case "counter_unit":
		return fieldUnit, 0
	case "unit":
		return fieldUnit, 1
	case "counter_volume":
		return fieldVolume, 0
	case "volume":
		return fieldVolume, 1
	case "message_id":
		return fieldMessageID, 0
	case "id":
		return fieldID, 0
	case "project_id":
		return fieldTenant, 0
	case "resource_id":
		return fieldResource, 0
	case "timestamp":
		return fieldTime, 0
	case "recorded_at":
		return fieldRecorded, 0
	case "resource_metadata":
		return fieldMetadata, 0
	case "metadata":
		return fieldMetadata, 1
	case "source":
		return fieldSender, 0
	}
	return fieldCount, 0
}

const maxAliases = 3

// bitOf is the bit of a name in a set of them.
func bitOf(at field, alias int) uint64 { return 1 << (int(at)*maxAliases + alias) }

// fields are a sample's values as they are written, nil where there is none.
type fields [fieldCount][]byte

// split finds the fields of a sample, in p.fields. It refuses two names for
// one, and a name that is given twice.
func (p *parser) split(object []byte) error {
	p.fields, p.named, p.setting = fields{}, 0, nil
	if object[0] != '{' {
		return fmt.Errorf("%s, where a sample is an object", kindOf(object))
	}
	p.others.reset()
	m := members(object)
	for number := 0; ; number++ {
		at, alias, ok := p.shape.next(&m, number)
		if !ok {
			return nil
		}
		if at == fieldCount {
			if err := p.other(&m); err != nil {
				return err
			}
			continue
		}
		bit := bitOf(at, alias)
		if p.named&bit != 0 {
			return &repeatedName{m.text(), m.at}
		}
		p.named |= bit
		value := p.value(&m, at)
		if value[0] == 'n' {
			continue
		}
		if p.fields[at] != nil {
			return fmt.Errorf("both %s and %s, which mean the same", nameOf(object, at), m.text())
		}
		p.fields[at] = value
	}
}

// value passes over the value of a field and returns it. Metadata is not
// walked through where it is known.
func (p *parser) value(m *cursor, at field) []byte {
	if at != fieldMetadata {
		return m.value()
	}
	start := m.pos
	p.inside = start
	s, length := p.flattener.known(m.json[start:])
	if s == nil {
		return m.value()
	}
	p.setting = s
	m.pos += length
	return m.json[start:m.pos]
}

// other passes over a member without a meaning.
func (p *parser) other(m *cursor) error {
	if name := m.text(); !p.others.add(name) {
		return &repeatedName{name, m.at}
	}
	start := m.pos
	if value := m.value(); value[0] == '{' || value[0] == '[' {
		if repeated := p.flattener.repeats.find(value); repeated != nil {
			return repeated.within(start)
		}
	}
	return nil
}

// nameOf returns the first name of a field that has a value.
func nameOf(object []byte, at field) []byte {
	for m := members(object); m.next(); {
		if found, _ := fieldOf(m.text()); m.value()[0] != 'n' && found == at {
			return m.text()
		}
	}
	return nil
}
