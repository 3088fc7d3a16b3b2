package gen

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// A tag is what `ini:"name,required,alias=old,default=text"` says.
type tag struct {
	name     string // "" where the tag gives none
	skip     bool   // "-"
	required bool
	rest     bool
	aliases  []string
	fallback string
}

// nameOfKey is what the key of an adapter may be called: never anything that
// the config would read as something else.
var nameOfKey = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$`)

func notKey(name string) error {
	return fmt.Errorf("its tag names the key %q (write letters, digits, underscores, dashes and dots)", name)
}

// parseTag reads the ini tag among a field's tags. found is false where there
// is none.
func parseTag(tags string) (t tag, found bool, err error) {
	text, found := reflect.StructTag(tags).Lookup("ini")
	if !found {
		if strings.Contains(tags, "ini:") {
			return t, true, errors.New("its tag is malformed (write `ini:\"name,required\"`)")
		}
		return t, false, nil
	}
	if text == "-" {
		return tag{skip: true}, true, nil
	}
	name, options, more := strings.Cut(text, ",")
	t.name = name
	if name != "" && !nameOfKey.MatchString(name) {
		return t, true, notKey(name)
	}
	for more {
		// The default comes last and takes all that follows, commas included.
		if value, ok := strings.CutPrefix(options, "default="); ok {
			t.fallback = unquote(value)
			break
		}
		var option string
		option, options, more = strings.Cut(options, ",")
		alias, isAlias := strings.CutPrefix(option, "alias=")
		switch {
		case option == "required":
			t.required = true
		case option == "rest":
			t.rest = true
		case isAlias && !nameOfKey.MatchString(alias):
			return t, true, notKey(alias)
		case isAlias:
			t.aliases = append(t.aliases, alias)
		default:
			return t, true, fmt.Errorf("its tag has the option %q%s", option, meantOr(option, []string{"required", "alias=", "default=", "rest"}, "the options are required, alias=NAME, rest and default=TEXT"))
		}
	}
	if t.required && t.fallback != "" {
		return t, true, errors.New("its tag says both required and default: a required key never takes its default")
	}
	return t, true, nil
}

// unquote takes the quotes off a whole text, as the config's values have them.
func unquote(text string) string {
	if n := len(text); n >= 2 && (text[0] == '\'' || text[0] == '"') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	return text
}
