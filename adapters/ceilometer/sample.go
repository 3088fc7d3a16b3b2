package ceilometer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// A parser makes samples for one query. It is for one goroutine.
type parser struct {
	remedy    string          // for a sample that cannot be right
	meters    map[string]bool // nil for all
	resources map[string]bool // nil for all
	before    time.Time       // zero for no limit
	leftOut   func(s usage.Sample, why string)
	trusted   trust
	verdicts  map[string]bool // whether a sender is trusted
	flattener flattener
	whole     flattener // keeps all metadata
	names     interner
	ids       packer
	volumes   volumes
	calendar  calendar
	shape     shape

	meter, unit, tenant, resource, sender recent

	// Of the present sample.
	fields  fields
	named   uint64 // a bit for each name with a meaning that it gives
	others  nameSet
	setting *setting // of its metadata, where it is known
	inside  int      // where in the sample its metadata is
	errs    []error
}

func newParser(place placing, q usage.Query) *parser {
	p := &parser{
		remedy:    inFile.remedy,
		before:    q.Before,
		leftOut:   q.LeftOut,
		names:     make(interner),
		volumes:   make(volumes),
		verdicts:  make(map[string]bool),
		flattener: newFlattener(place, q.Metadata),
		whole:     newFlattener(place, nil),
	}
	p.meters, p.resources = setOf(q.Meters), setOf(q.Resources)
	return p
}

// setOf is nil for an empty list, which stands for all there are.
func setOf(names []string) map[string]bool {
	if len(names) == 0 {
		return nil
	}
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

func (p *parser) note(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

// parse makes a sample. It reports whether the query asks for it, and every
// mistake in it as one error.
func (p *parser) parse(v value, s *usage.Sample) (wanted bool, err error) {
	if err := p.split(v.json); err != nil {
		return true, p.mistake(v, err)
	}
	f := &p.fields
	p.errs = p.errs[:0]
	s.Origin = v.origin
	s.Meter, err = p.required(f[fieldMeter], &p.meter, "meter", "counter_name, meter or name")
	p.note(err)
	if err == nil && p.meters != nil && !p.meters[s.Meter] {
		return false, nil
	}
	left, distrusted := "", false // why it is left out, and whether for that
	if len(p.trusted) > 0 {
		sender, err := p.text(f[fieldSender], &p.sender, "source")
		p.note(err)
		if err == nil && !p.trusts(sender) {
			if p.leftOut == nil {
				return false, nil
			}
			distrusted = true
			left = fmt.Sprintf("its sender %q is not among trust_sources", sender)
		}
	}
	s.Time, err = p.time(f[fieldTime], "timestamp")
	p.note(err)
	switch {
	case err == nil && s.Time.IsZero():
		p.note(errors.New("no time (timestamp is missing or null)"))
	case len(p.errs) == 0 && !p.before.IsZero() && !s.Time.Before(p.before):
		return false, nil
	}
	s.Kind, err = kind(f[fieldKind])
	p.note(err)
	s.Tenant, err = p.project()
	p.note(err)
	if s.Tenant == "" && !distrusted {
		left = nobodys
	}
	s.Resource, err = p.required(f[fieldResource], &p.resource, "resource", "resource_id")
	p.note(err)
	if err == nil && p.resources != nil && !p.resources[s.Resource] {
		return false, nil
	}
	s.Unit, err = p.text(f[fieldUnit], &p.unit, "unit")
	p.note(err)
	s.ID, err = p.id()
	p.note(err)
	s.Volume, s.HasVolume = decimal.Decimal{}, false
	if f[fieldVolume] != nil {
		s.Volume, err = p.volumes.get(f[fieldVolume])
		s.HasVolume = err == nil
		p.note(err)
	}
	if bytes.Equal(f[fieldRecorded], f[fieldTime]) {
		s.Recorded = s.Time
	} else {
		s.Recorded, err = p.time(f[fieldRecorded], "recorded_at")
		p.note(err)
	}
	p.describe(s)
	switch {
	case len(p.errs) > 0 && !distrusted: // else they are nobody's concern
		return true, p.mistake(v, p.errs...)
	case left != "" && p.leftOut != nil:
		p.leftOut(*s, left)
	}
	return left == "", nil
}

// nobodys is why a sample is left out that says it has no project: some meters of
// Ceilometer's are of hosts and switches, or of what the cloud has for itself.
const nobodys = "it belongs to no project"

// project returns the sample's tenant, "" for nobody. A sample has to say so.
func (p *parser) project() (string, error) {
	if p.named&bitOf(fieldTenant, 0) == 0 {
		return "", errors.New("no tenant (project_id is missing)")
	}
	text, err := p.text(p.fields[fieldTenant], &p.tenant, "tenant")
	if text == "None" { // as Python writes null where it is a text
		text = ""
	}
	return text, err
}

// describe sets what the present sample's metadata says.
func (p *parser) describe(s *usage.Sample) {
	setting, metadata := p.setting, p.fields[fieldMetadata]
	if setting == nil || s.ID == "" {
		flattener := &p.flattener
		if s.ID == "" {
			// Nothing but its content tells such a sample from another.
			flattener = &p.whole
		}
		var err error
		if setting, err = flattener.setting(metadata); err != nil {
			if repeated, ok := errors.AsType[*repeatedName](err); ok {
				err = repeated.within(p.inside)
			}
			p.note(err)
			s.Metadata, s.Datacenter, s.Assumed = nil, "", false
			return
		}
	}
	s.Metadata, s.Datacenter, s.Assumed = setting.metadata, setting.datacenter, setting.assumed
}

// mistake is the error for a sample that cannot be right.
func (p *parser) mistake(v value, errs ...error) error {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	origin := v.origin
	if repeated, ok := errs[0].(*repeatedName); ok && len(errs) == 1 {
		origin.Line += bytes.Count(v.json[:repeated.at], []byte("\n"))
	}
	return fmt.Errorf("%v: %s; %s", origin, strings.Join(texts, ", and "), p.remedy)
}

const maxVerdicts = 1024 // remembered

func (p *parser) trusts(sender string) bool {
	verdict, ok := p.verdicts[sender]
	if !ok {
		if len(p.verdicts) >= maxVerdicts {
			clear(p.verdicts)
		}
		verdict = p.trusted.includes(sender)
		p.verdicts[sender] = verdict
	}
	return verdict
}

// text returns a text that repeats from sample to sample, "" for none.
func (p *parser) text(json []byte, last *recent, what string) (string, error) {
	if json == nil {
		return "", nil
	}
	if json[0] != '"' {
		return "", fmt.Errorf("the %s is %s, not a text", what, kindOf(json))
	}
	text := unquote(json)
	if bytes.IndexByte(text, 0) >= 0 {
		return "", fmt.Errorf("the %s has a NUL character, which cannot be stored", what)
	}
	return last.get(text, p.names), nil
}

// required returns a text that must not be empty.
func (p *parser) required(json []byte, last *recent, what, names string) (string, error) {
	text, err := p.text(json, last, what)
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
	t, err := p.calendar.timeOf(unquote(json))
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// id returns what the telemetry calls the sample, "" for none.
func (p *parser) id() (string, error) {
	json := p.fields[fieldMessageID]
	if json == nil {
		json = p.fields[fieldID]
	}
	switch {
	case json == nil:
		return "", nil
	case json[0] != '"':
		return "", fmt.Errorf("the id is %s, not a text", kindOf(json))
	}
	return p.ids.get(unquote(json)), nil
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
