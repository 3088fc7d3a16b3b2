// Package distil turns the meter mappings of Distil into sections of
// Artifice's config, for those who move over.
//
// [Convert] reads meter_mappings.yml and transformer.yaml (or the conf.yaml of
// 2014, which has the transformers in a section) and writes a [meter:NAME]
// section for each mapping. What Distil did otherwise than Artifice, and what
// cannot be carried over, is never dropped in silence: a [Note] names it, says
// why, and what to do. What cannot be meant is a mistake; all of them are
// reported at once.
//
// Expressions are carried over as they are. They, and everything else, are
// checked where the config is read: artifice check.
package distil

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openstack-artifice/artifice/config"
)

// A File is the name of a YAML file, for messages, and what it holds.
type File struct {
	Name string
	Data []byte
}

// A Note says what is another in Artifice, and what may be done about it.
type Note struct {
	Pos  config.Position // of what it is about, in one of the files
	Text string
}

func (n Note) String() string { return fmt.Sprintf("%v: %s", n.Pos, n.Text) }

// A Result is what mappings were turned into.
type Result struct {
	INI    []byte // sections, with the notes as comments
	Meters int    // how many sections bill something
	Notes  []Note // by file and line
}

// Convert turns mappings, and the config of their transformers, which has a
// Name of "" where there is none, into sections. The same files give the same
// bytes. The error is [config.Errors], every mistake with its line.
func Convert(mappings, transformers File) (*Result, error) {
	c := converter{files: []string{mappings.Name}}
	entries := c.readMappings(c.open(mappings))
	var known settings
	if transformers.Name != "" {
		c.files = append(c.files, transformers.Name)
		known = c.readSettings(c.open(transformers))
	}
	c.noteLeaks(entries)
	var sections []*section
	for i := range entries {
		sections = append(sections, c.section(&entries[i], known))
	}
	if len(c.errs) == 0 {
		c.noteUnused(entries, known)
	}
	nameSections(sections)
	ini := c.render(sections, known.trusted)
	if err := c.errs.Err(); err != nil {
		return nil, err
	}
	// What was put together from texts that can be written can be read.
	if _, err := config.Parse("sections", ini); err != nil {
		return nil, fmt.Errorf("%s: the sections cannot be read back: %w", mappings.Name, err)
	}
	slices.SortStableFunc(c.notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(slices.Index(c.files, a.Pos.File), slices.Index(c.files, b.Pos.File)),
			cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Text, b.Text))
	})
	// What an alias repeats is told of once.
	return &Result{INI: ini, Meters: len(sections), Notes: slices.Compact(c.notes)}, nil
}

// A converter gathers the mistakes and notes of one conversion.
type converter struct {
	files  []string
	errs   config.Errors
	notes  []Note
	visits int // of YAML nodes so far
}

// note tells of something that belongs to no section.
func (c *converter) note(at config.Position, format string, args ...any) {
	c.notes = append(c.notes, Note{at, fmt.Sprintf(format, args...)})
}
