package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxFileSize bounds a config file, in bytes. Real ones have a few thousand;
// ini.v1 compares every key with all before it, which at a megabyte takes long.
const maxFileSize = 256 << 10

// A File is what a config file says, in its order.
type File struct {
	Path     string
	Sections []*Section
}

// A Section is a [name] and the keys below it.
type Section struct {
	Name string   // as written, such as "main" or "invoice:object"
	Pos  Position // of the header's bracket
	Keys []*Key
	dir  string // the directory of the file, which a Path is relative to
}

// A Key is one line of a section.
type Key struct {
	Name     string
	Value    string   // literal, without the quotes around it; "" where there is none
	Pos      Position // of the name's first byte
	ValuePos Position // of the value's first byte, inside the quotes; after the = where there is none
	section  string   // the name of the section that the key stands in
}

// Read reads the config file at path. Its errors are those of [Parse], and
// those of opening the file, which [errors.Is] knows.
func Read(path string) (*File, error) {
	data, err := readFile(path)
	if err != nil {
		var errs Errors
		errs.Add(Position{File: path}, "%w", err)
		return nil, errs.Err()
	}
	return Parse(path, data)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the config: %w", withoutPath(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("a directory, not a config file")
	}
	// One byte more than Parse takes, so that it notices.
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the config: %w", withoutPath(err))
	}
	return data, nil
}

// withoutPath takes the path off an error of package os: the position names it.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Parse reads a config from data; path is where it came from. The error is an
// [Errors] with every mistake, sorted; the file is nil then.
func Parse(path string, data []byte) (*File, error) {
	text, err := decode(path, data)
	if err != nil {
		return nil, Errors{err}.Err()
	}
	file, errs := scan(path, text)
	if len(errs) == 0 {
		errs = confirm(file, text)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return file, nil
}

// Section returns the section called name, or nil where there is none.
func (f *File) Section(name string) *Section {
	for _, s := range f.Sections {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// SectionOrEmpty returns the section called name. Where there is none it
// returns an empty one, which is not part of the file and is placed at the
// line that asked for it.
func (f *File) SectionOrEmpty(name string, at Position) *Section {
	if s := f.Section(name); s != nil {
		return s
	}
	return &Section{Name: name, Pos: at, dir: filepath.Dir(f.Path)}
}

// Key returns the key called name, or nil where there is none.
func (s *Section) Key(name string) *Key {
	for _, k := range s.Keys {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// Overlay returns a copy of the section in which the keys of over replace
// those of the same name, in their place, or join at the end. Messages about a
// key name the section that the key was written in.
func (s *Section) Overlay(over []*Key) *Section {
	c := *s
	c.Keys = slices.Clone(s.Keys)
	for _, k := range over {
		same := func(old *Key) bool { return old.Name == k.Name }
		if i := slices.IndexFunc(c.Keys, same); i >= 0 {
			c.Keys[i] = k
		} else {
			c.Keys = append(c.Keys, k)
		}
	}
	return &c
}

// Whole returns the section as it is, for adapters that take a
// map[string]string.
func Whole(s *Section) map[string]string {
	m := make(map[string]string, len(s.Keys))
	for _, k := range s.Keys {
		m[k.Name] = k.Value
	}
	return m
}
