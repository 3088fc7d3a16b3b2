package config

import "gopkg.in/ini.v1"

// iniOptions make ini.v1 read literally: by default it cuts keys at a colon
// and values at a # or ;, goes on after a backslash, and looks for the keys of
// [a.b] in [a]. A NUL, which decode refuses, divides no section's name.
func iniOptions() ini.LoadOptions {
	return ini.LoadOptions{
		KeyValueDelimiters:    "=",
		IgnoreInlineComment:   true,
		IgnoreContinuation:    true,
		ChildSectionDelimiter: "\x00",
	}
}

// confirm reads the text with ini.v1 and refuses the file where it and the
// scanner see different sections, keys or values. No text is known that does
// this; one that is found shows that the scanner is not strict enough. Values
// come from ini's Value alone: String would interpolate them. What ini.v1 says
// is not passed on, since it quotes whole lines.
func confirm(f *File, text string) Errors {
	var errs Errors
	at := Position{File: f.Path}
	read, err := ini.LoadSources(iniOptions(), []byte(text))
	if err != nil {
		errs.Add(at, "the config can be read in two ways; put quotes around its values")
		return errs
	}
	for _, s := range f.Sections {
		section, err := read.GetSection(s.Name)
		if err != nil || len(section.Keys()) != len(s.Keys) {
			errs.Add(s.Pos, "section [%s] can be read in two ways; put quotes around its values", s.Name)
			continue
		}
		for _, k := range s.Keys {
			key, err := section.GetKey(k.Name)
			if err != nil || key.Value() != k.Value {
				errs.Add(k.Pos, "[%s] %s can be read in two ways; put quotes around the value", s.Name, k.Name)
			}
		}
	}
	for _, section := range read.Sections() {
		if len(section.Keys()) > 0 && f.Section(section.Name()) == nil {
			errs.Add(at, "section [%s] can be read in two ways; write its header anew", section.Name())
		}
	}
	return errs
}
