package ceilometer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

const remedy = "correct the sample, or take it out of the file"

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
// one, or that of its publishers.
func fieldOf(name []byte) field {
	switch string(name) {
	case "counter_name", "meter", "name":
		return fieldMeter
	case "counter_type", "type":
		return fieldKind
	case "counter_unit", "unit":
		return fieldUnit
	case "counter_volume", "volume":
		return fieldVolume
	case "message_id":
		return fieldMessageID
	case "id":
		return fieldID
	case "project_id":
		return fieldTenant
	case "resource_id":
		return fieldResource
	case "timestamp":
		return fieldTime
	case "recorded_at":
		return fieldRecorded
	case "resource_metadata", "metadata":
		return fieldMetadata
	case "source":
		return fieldSender
	}
	return fieldCount
}

// fields are a sample's values as they are written, nil where there is none.
type fields [fieldCount][]byte

// split finds the fields of a sample. It refuses two names for one.
func split(object []byte) (fields, error) {
	var (
		f     fields
		names [fieldCount][]byte
	)
	if object[0] != '{' {
		return f, fmt.Errorf("%s, where a sample is an object", kindOf(object))
	}
	for m := members(object); m.next(); {
		at := fieldOf(m.name)
		if at == fieldCount || m.value[0] == 'n' {
			continue
		}
		if f[at] != nil {
			return f, fmt.Errorf("both %s and %s, which mean the same", names[at], m.name)
		}
		f[at], names[at] = m.value, m.name
	}
	return f, nil
}

// A parser makes samples for one query. It is for one goroutine.
type parser struct {
	meters    map[string]bool // nil for all
	before    time.Time       // zero for no limit
	trusted   trust
	flattener flattener
	whole     flattener // keeps all metadata
	names     interner
	volumes   volumes
}

func newParser(place placing, q usage.Query) *parser {
	p := &parser{
		before:    q.Before,
		names:     make(interner),
		volumes:   make(volumes),
		flattener: newFlattener(place, q.Metadata),
		whole:     newFlattener(place, nil),
	}
	if len(q.Meters) > 0 {
		p.meters = make(map[string]bool)
		for _, meter := range q.Meters {
			p.meters[meter] = true
		}
	}
	return p
}

// parse makes a sample. It reports whether the query asks for it, and every
// mistake in it as one error.
func (p *parser) parse(v value) (s usage.Sample, wanted bool, err error) {
	f, err := split(v.json)
	if err != nil {
		return s, true, mistake(v, err)
	}
	s.Origin = v.origin
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	s.Meter, err = p.required(f[fieldMeter], "meter", "counter_name, meter or name")
	note(err)
	if err == nil && p.meters != nil && !p.meters[s.Meter] {
		return s, false, nil
	}
	if len(p.trusted) > 0 {
		sender, err := p.text(f[fieldSender], "source")
		note(err)
		if err == nil && !p.trusted.includes(sender) {
			return s, false, nil
		}
	}
	s.Time, err = p.time(f[fieldTime], "timestamp")
	note(err)
	switch {
	case err == nil && s.Time.IsZero():
		note(errors.New("no time (timestamp is missing or null)"))
	case len(errs) == 0 && !p.before.IsZero() && !s.Time.Before(p.before):
		return s, false, nil
	}
	s.Kind, err = kind(f[fieldKind])
	note(err)
	s.Tenant, err = p.required(f[fieldTenant], "tenant", "project_id")
	note(err)
	s.Resource, err = p.required(f[fieldResource], "resource", "resource_id")
	note(err)
	s.Unit, err = p.text(f[fieldUnit], "unit")
	note(err)
	s.ID, err = id(f)
	note(err)
	if f[fieldVolume] != nil {
		s.Volume, err = p.volumes.get(f[fieldVolume])
		s.HasVolume = err == nil
		note(err)
	}
	if bytes.Equal(f[fieldRecorded], f[fieldTime]) {
		s.Recorded = s.Time
	} else {
		s.Recorded, err = p.time(f[fieldRecorded], "recorded_at")
		note(err)
	}
	flattener := &p.flattener
	if s.ID == "" {
		// Nothing but its content tells such a sample from another.
		flattener = &p.whole
	}
	setting, err := flattener.setting(f[fieldMetadata])
	note(err)
	s.Metadata, s.Datacenter, s.Assumed = setting.metadata, setting.datacenter, setting.assumed
	if len(errs) > 0 {
		return usage.Sample{}, true, mistake(v, errs...)
	}
	return s, true, nil
}

// mistake is the error for a sample that cannot be right.
func mistake(v value, errs ...error) error {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return fmt.Errorf("%v: %s; %s", v.origin, strings.Join(texts, ", and "), remedy)
}

// text returns a text that repeats from sample to sample, "" for none.
func (p *parser) text(json []byte, what string) (string, error) {
	if json == nil {
		return "", nil
	}
	if json[0] != '"' {
		return "", fmt.Errorf("the %s is %s, not a text", what, kindOf(json))
	}
	return p.names.get(unquote(json)), nil
}

// required returns a text that must not be empty.
func (p *parser) required(json []byte, what, names string) (string, error) {
	text, err := p.text(json, what)
	if err == nil && text == "" {
		err = fmt.Errorf("no %s (%s is missing, null or empty)", what, names)
	}
	return text, err
}

// time returns an instant, the zero time for none.
func (p *parser) time(json []byte, name string) (time.Time, error) {
	if json == nil {
		return time.Time{}, nil
	}
	if json[0] != '"' {
		return time.Time{}, fmt.Errorf("%s is %s, not a text", name, kindOf(json))
	}
	t, err := timeOf(unquote(json))
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// id returns what the telemetry calls the sample, "" for none.
func id(f fields) (string, error) {
	json := f[fieldMessageID]
	if json == nil {
		json = f[fieldID]
	}
	switch {
	case json == nil:
		return "", nil
	case json[0] != '"':
		return "", fmt.Errorf("the id is %s, not a text", kindOf(json))
	}
	return string(unquote(json)), nil
}

func kind(json []byte) (usage.Kind, error) {
	switch {
	case json == nil:
		return "", errors.New("no type (counter_type or type is missing or null)")
	case json[0] != '"':
		return "", fmt.Errorf("the type is %s, not a text", kindOf(json))
	}
	text := unquote(json)
	for _, known := range [...]usage.Kind{usage.Gauge, usage.Delta, usage.Cumulative} {
		if string(text) == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown type %s (gauge, delta and cumulative are known)", quote(text))
}
