package gen

import (
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"github.com/openstack-artifice/artifice/config"
)

// FuzzReferences asserts that whatever a config holds comes to references that
// the go command can be asked for, or to mistakes that stand in the file.
func FuzzReferences(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.get(configFile))
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := config.Parse(configFile, []byte(text))
		if err != nil {
			return
		}
		refs, errs := references(file)
		lines := strings.Count(text, "\n") + 1
		for _, e := range errs {
			if e.Pos.File != configFile || e.Pos.Line > lines {
				t.Errorf("%v: no such place in a file of %d lines", e, lines)
			}
		}
		for _, ref := range refs {
			path := ref.path
			if ref.dotted() {
				path = strings.ReplaceAll(path, ".", "/")
			}
			if err := module.CheckImportPath(path); err != nil {
				t.Errorf("%s: %v", ref.key, err)
			}
			if ref.text != file.Section("main").Key(ref.key).Value || ref.kind == nil || ref.section == nil {
				t.Errorf("%s: read as %+v", ref.key, ref)
			}
		}
	})
}

// FuzzTag asserts that a tag that is read gives keys that a config can have.
func FuzzTag(f *testing.F) {
	f.Add(`ini:"a,alias=b,required"`)
	f.Add(`ini:"a,default=',',rest"`)
	f.Add(`json:"x" ini:"-"`)
	f.Fuzz(func(t *testing.T, tags string) {
		got, found, err := parseTag(tags)
		if err != nil || !found || got.skip {
			return
		}
		for _, name := range append([]string{got.name}, got.aliases...) {
			if name == "" {
				continue
			}
			if _, err := config.Parse(configFile, []byte("[s]\n"+name+" = x\n")); err != nil {
				t.Errorf("parseTag(%q) gives the key %q: %v", tags, name, err)
			}
		}
	})
}
