package gen

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/openstack-artifice/artifice/config"
)

// A reference is a line of [main] that chooses an adapter.
type reference struct {
	key      string // "invoice:object"
	kind     *kind
	text     string          // "adapters.csv:Invoice"
	keyPos   config.Position // of the key
	pos      config.Position // of the text
	section  *config.Section // of the same name; empty where the config has none
	path     string          // the import path, or the dotted path before it is resolved
	typeName string
}

// dotted reports whether the path is relative to a module rather than an
// import path.
func (r *reference) dotted() bool { return !strings.Contains(r.path, "/") }

// settings are the keys of [main] that choose no adapter. What they hold is
// checked by package deployment.
var settings = []string{
	"bill_from", "currency", "deployment", "rounding", "settle_after", "timezone", "value_digits",
}

var nameOfAdapter = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// references finds the lines of [main] that choose adapters, and the mistakes
// that show without looking at any Go code.
func references(file *config.File) ([]*reference, config.Errors) {
	var errs config.Errors
	main := file.Section("main")
	if main == nil {
		errs.Add(config.Position{File: file.Path}, `no section [main] (it names the adapters: invoice:object = "path/to/package:Type")`)
		return nil, errs
	}
	var refs []*reference
	seen := map[*kind]*reference{}
	for _, key := range main.Keys {
		if !strings.Contains(key.Name, ":") {
			if !slices.Contains(settings, key.Name) {
				errs.Add(key.Pos, "[main] unknown key %q%s", key.Name, meantKey(key.Name))
			}
			continue
		}
		ref := referenceIn(file, key, &errs)
		if ref == nil {
			continue
		}
		if first := seen[ref.kind]; first != nil && ref.kind.single {
			errs.Add(key.Pos, "%s: a deployment has one %s, and %s at %s is one already", key.Name, ref.kind.name, first.key, first.keyPos)
			continue
		}
		seen[ref.kind] = ref
		if ref.text != "" {
			refs = append(refs, ref)
		}
	}
	for _, k := range kinds {
		if k.required && seen[k] == nil && !hasKind(main, k) {
			errs.Add(main.Pos, `[main] names no %s (write %s:object = "path/to/package:Type")`, k.name, k.name)
		}
	}
	checkSections(file, main, &errs)
	return refs, errs
}

// referenceIn reads one line "kind:name = path:Type". Its text is "" where the
// value is no reference, and it is nil where the key is no key of an adapter.
func referenceIn(file *config.File, key *config.Key, errs *config.Errors) *reference {
	kindName, name, _ := strings.Cut(key.Name, ":")
	k := kindNamed(kindName)
	switch {
	case k == nil:
		errs.Add(key.Pos, "%s: unknown kind %q%s", key.Name, kindName, meantOr(kindName, kindNames(), "the kinds are "+strings.Join(kindNames(), ", ")))
		return nil
	case !nameOfAdapter.MatchString(name):
		errs.Add(key.Pos, "%s: %q is not a name (write small letters, digits and underscores, a letter first)", key.Name, name)
		return nil
	}
	ref := &reference{
		key: key.Name, kind: k,
		keyPos: key.Pos, pos: key.ValuePos,
		section: file.SectionOrEmpty(key.Name, key.Pos),
	}
	path, typeName, err := splitReference(key.Value)
	if err != nil {
		errs.Add(key.ValuePos, "%s: %w", key.Name, err)
		return ref
	}
	ref.text, ref.path, ref.typeName = key.Value, path, typeName
	return ref
}

// splitReference takes "path:Type" apart.
func splitReference(text string) (path, typeName string, err error) {
	path, typeName, found := strings.Cut(text, ":")
	switch {
	case text == "":
		return "", "", fmt.Errorf("no value (write path/to/package:Type)")
	case !found:
		return "", "", fmt.Errorf("%q names no type (write path/to/package:Type)", text)
	case strings.Contains(typeName, ":"):
		return "", "", fmt.Errorf("%q has more than one colon (write path/to/package:Type)", text)
	case !token.IsIdentifier(typeName):
		return "", "", fmt.Errorf("%q is not the name of a Go type (write path/to/package:Type)", typeName)
	case path == "":
		return "", "", fmt.Errorf("%q names no package (write path/to/package:Type)", text)
	}
	checked := path
	if !strings.Contains(path, "/") {
		checked = strings.ReplaceAll(path, ".", "/")
	}
	if module.CheckImportPath(checked) != nil {
		return "", "", fmt.Errorf("%q is not an import path (write example.com/path/to/package, or path.to.package within the deployment's module)", path)
	}
	return path, typeName, nil
}

// checkSections refuses sections that belong to nothing.
func checkSections(file *config.File, main *config.Section, errs *config.Errors) {
	known := []string{"main"}
	for _, key := range main.Keys {
		if strings.Contains(key.Name, ":") {
			known = append(known, key.Name)
		}
	}
	for _, s := range file.Sections {
		kindName, name, colon := strings.Cut(s.Name, ":")
		switch {
		case slices.Contains(known, s.Name):
		case kindName == "meter" && colon:
			if name == "" {
				errs.Add(s.Pos, "[%s] names no meter (write [meter:instance])", s.Name)
			}
		case kindNamed(kindName) != nil && colon:
			errs.Add(s.Pos, "[%s] belongs to no adapter: [main] has no key %q%s", s.Name, s.Name, meant(s.Name, known))
		default:
			errs.Add(s.Pos, "unknown section [%s]%s", s.Name, meantOr(s.Name, append(known, "meter:"+name), "the sections are [main], one for each adapter, and [meter:NAME]"))
		}
	}
}

// hasKind reports whether a key of the section at least begins like one of the
// kind, so that a mistake in it is told once.
func hasKind(s *config.Section, k *kind) bool {
	return slices.ContainsFunc(s.Keys, func(key *config.Key) bool { return strings.HasPrefix(key.Name, k.name+":") })
}

// meantKey is a hint at the key of [main] that was probably meant.
func meantKey(name string) string {
	known := slices.Clone(settings)
	for _, k := range kinds {
		if k.name == name {
			return fmt.Sprintf(" (did you mean %q?)", name+":object")
		}
		known = append(known, k.name+":object")
	}
	return meantOr(name, known, "the keys are "+strings.Join(settings, ", ")+", and kind:name")
}

// meant is ` (did you mean "x"?)`, or "" where nothing known is near.
func meant(name string, known []string) string { return meantOr(name, known, "") }

// meantOr is meant, with something else to say where nothing known is near.
func meantOr(name string, known []string, otherwise string) string {
	if near := config.Suggest(name, known); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	if otherwise != "" {
		return " (" + otherwise + ")"
	}
	return ""
}
