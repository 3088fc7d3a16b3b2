package postgres

import (
	"errors"
	"net/url"
	"strings"
)

// parseURL returns the settings of a connection URL, or of a string of
// keywords and values. An error does not hold the text.
func parseURL(text string) (map[string]string, error) {
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return parseRealURL(text)
	}
	return parseKeywords(text)
}

func parseRealURL(text string) (map[string]string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" {
		return nil, errors.New("cannot be read: write postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full")
	}
	settings := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			settings[name] = value
		}
	}
	if u.User != nil {
		set("user", u.User.Username())
		if password, ok := u.User.Password(); ok {
			settings["password"] = password
		}
	}
	set("host", u.Hostname())
	set("port", u.Port())
	set("dbname", strings.TrimPrefix(u.Path, "/"))
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("cannot be read after its question mark: write NAME=VALUE, and & between them")
	}
	for name, values := range query {
		if name == "database" {
			name = "dbname"
		}
		if _, ok := settings[name]; ok || len(values) > 1 {
			return nil, errors.New("says one thing twice: " + name)
		}
		settings[name] = values[0]
	}
	return settings, nil
}

// parseKeywords reads "name=value name='other value'", with a backslash before
// a quote or a backslash of a value.
func parseKeywords(text string) (map[string]string, error) {
	const blanks = " \t\r\n"
	malformed := errors.New("cannot be read: write postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, or host=HOST dbname=DATABASE")
	settings := map[string]string{}
	for rest := strings.Trim(text, blanks); rest != ""; rest = strings.TrimLeft(rest, blanks) {
		name, after, ok := strings.Cut(rest, "=")
		name = strings.TrimRight(name, blanks)
		if !ok || name == "" || strings.ContainsAny(name, blanks+`'\`) {
			return nil, malformed
		}
		var value string
		if value, rest, ok = cutValue(strings.TrimLeft(after, blanks)); !ok {
			return nil, malformed
		}
		if _, ok := settings[name]; ok {
			return nil, errors.New("says one thing twice: " + name)
		}
		settings[name] = value
	}
	return settings, nil
}

// cutValue returns the value that a text begins with, and what follows it.
func cutValue(text string) (value, rest string, ok bool) {
	inner, quoted := strings.CutPrefix(text, "'")
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		switch c := inner[i]; {
		case c == '\\' && i+1 < len(inner):
			i++
			b.WriteByte(inner[i])
		case quoted && c == '\'':
			return b.String(), inner[i+1:], true
		case !quoted && strings.IndexByte(" \t\r\n", c) >= 0:
			return b.String(), inner[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", !quoted
}

// keywords writes settings so that parseKeywords, and pgx, read them again.
func keywords(settings map[string]string) string {
	var b strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for name, value := range settings {
		b.WriteString(name + "='" + escape.Replace(value) + "' ")
	}
	return b.String()
}
