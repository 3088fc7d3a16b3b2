package csv

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/rates"
)

// Config is the adapter's section of the config.
type Config struct {
	// Directory holds the files. It is made where it is missing.
	Directory config.Path `ini:"csv_directory,alias=output_path,required"`
	// OutputFile is the pattern of the files' names. Where it ends in ".gz",
	// files are compressed.
	OutputFile string `ini:"output_file,default=%(tenant)s-%(start)s-%(end)s.csv"`
	// Layout is "sections", for people: with totals, and the order's key in
	// the last row; or "flat", for machines: a row for each line, with the
	// order's key, and nothing else.
	Layout string `ini:"layout,default=sections"`
	// RowLayout names the columns, in their order.
	RowLayout []string `ini:"row_layout,default=datacenter,name,start,end,value,unit,cost,amount"`
	// PerResource asks for a line for each resource, instead of one for each
	// service. The column resource tells them apart.
	PerResource bool `ini:"per_resource"`
	// Header says whether the first row has the names of the columns.
	Header bool `ini:"header,default=true"`
	// Delimiter stands between the cells.
	Delimiter rates.Delimiter `ini:"delimiter,default=,"`
	// Profile says for whom the cells are: "safe" and "excel" make text
	// harmless that a spreadsheet would run; "raw" leaves all text as it is.
	Profile string `ini:"profile,default=safe"`
	// Encoding is "utf-8", "utf-8-bom", "utf-16le", "latin1" or
	// "windows-1252"; "" is the profile's.
	Encoding string `ini:"encoding"`
	// LineEnd is "crlf" or "lf"; "" is the profile's.
	LineEnd string `ini:"line_end"`
	// Rates is where prices come from.
	Rates rates.Config `ini:"rates"`
}

// Validate reports what no key can tell alone: names under which two files
// could meet, columns that do not make a table, and words that mean nothing.
func (c Config) Validate() error {
	_, err := c.style()
	return err
}

// A style is what the config says of the files.
type style struct {
	pattern pattern
	layout  layout
	format  format
}

func (c Config) style() (style, error) {
	var s style
	var errs []error
	at := func(key string, mistakes ...error) {
		for _, err := range mistakes {
			if err != nil {
				errs = append(errs, &config.KeyError{Key: key, Err: err})
			}
		}
	}
	profile, err := choose(c.Profile, profiles)
	at("profile", err)
	encoding, err := choose(cmp.Or(c.Encoding, profile.encoding), encodings)
	at("encoding", err)
	end, err := choose(cmp.Or(c.LineEnd, profile.lineEnd), lineEnds)
	at("line_end", err)
	shape, err := choose(c.Layout, shapes)
	at("layout", err)
	if c.PerResource && !slices.Contains(c.RowLayout, "resource") {
		at("row_layout", errors.New("has no column resource, which tells the lines apart with per_resource (add it)"))
	}
	s.format = format{comma: c.Delimiter.Rune(','), lineEnd: end.text, encoding: encoding}
	if _, err := encoding.encode([]byte(string(s.format.comma))); err != nil {
		at("delimiter", err)
	}
	var mistakes []error
	s.pattern, mistakes = parsePattern(c.OutputFile)
	at("output_file", mistakes...)
	s.format.gzip = s.pattern.compressed()
	s.layout, mistakes = parseLayout(c.RowLayout, shape.flat)
	at("row_layout", mistakes...)
	s.layout.named, s.layout.raw = c.Header, profile.raw
	return s, errors.Join(errs...)
}

// A choice is one of the words that a key may have.
type choice interface{ word() string }

// choose finds the word among all there are; the first is meant by "".
func choose[T choice](word string, all []T) (T, error) {
	if word == "" {
		return all[0], nil
	}
	var words []string
	for _, one := range all {
		if one.word() == word {
			return one, nil
		}
		words = append(words, one.word())
	}
	hint := "there are " + strings.Join(words, ", ")
	if near := config.Suggest(word, words); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return all[0], fmt.Errorf("%q means nothing here (%s)", word, hint)
}

// parseLayout finds the columns of a row layout, or every mistake in it.
func parseLayout(names []string, flat bool) (l layout, errs []error) {
	names = slices.Clone(names)
	if flat && !slices.Contains(names, keyColumn) {
		names = append(names, keyColumn)
	}
	l = layout{header: names, flat: flat, words: -1, amount: -1, key: slices.Index(names, keyColumn)}
	for i, name := range names {
		at := slices.IndexFunc(columns, func(c column) bool { return c.name == name || c.alias != "" && c.alias == name })
		if at < 0 {
			hint := "there are " + strings.Join(columnNames(), ", ")
			if near := config.Suggest(name, columnNames()); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			errs = append(errs, fmt.Errorf("there is no column %q (%s)", name, hint))
			continue
		}
		c := columns[at]
		if twice := slices.IndexFunc(l.columns, func(other column) bool { return other.name == c.name }); twice >= 0 {
			errs = append(errs, fmt.Errorf("the column %q is there twice", name))
			continue
		}
		if c.name == "amount" {
			l.amount = i
		}
		if c.text && l.words < 0 {
			l.words = i
		}
		l.columns = append(l.columns, c)
	}
	switch {
	case len(errs) > 0:
	case l.amount < 0 && flat:
		errs = append(errs, errors.New("lacks the column amount"))
	case l.amount < 0:
		errs = append(errs, errors.New("lacks the column amount, where the totals stand"))
	case !flat && (l.words < 0 || l.words > l.amount):
		errs = append(errs, errors.New("has no column of text before amount, where the words of the totals stand (put datacenter first)"))
	}
	return l, errs
}

func columnNames() []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}
