package csv

import (
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
	// OutputFile is the pattern of the files' names.
	OutputFile string `ini:"output_file,default=%(tenant)s-%(start)s-%(end)s.csv"`
	// RowLayout names the columns, in their order.
	RowLayout []string `ini:"row_layout,default=datacenter,name,start,end,value,unit,cost,amount"`
	// Delimiter stands between the cells.
	Delimiter rates.Delimiter `ini:"delimiter,default=,"`
	// Rates is where prices come from.
	Rates rates.Config `ini:"rates"`
}

// Validate reports what no key can tell alone: names under which two files
// could meet, and columns that do not make a table.
func (c Config) Validate() error {
	var errs []error
	at := func(key string, mistakes []error) {
		for _, err := range mistakes {
			errs = append(errs, &config.KeyError{Key: key, Err: err})
		}
	}
	_, mistakes := parsePattern(c.OutputFile)
	at("output_file", mistakes)
	_, mistakes = parseLayout(c.RowLayout)
	at("row_layout", mistakes)
	return errors.Join(errs...)
}

// parseLayout finds the columns of a row layout, or every mistake in it.
func parseLayout(names []string) (l layout, errs []error) {
	l = layout{header: slices.Clone(names), words: -1, amount: -1}
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
	case l.amount < 0:
		errs = append(errs, errors.New("lacks the column amount, where the totals stand"))
	case l.words < 0 || l.words > l.amount:
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
