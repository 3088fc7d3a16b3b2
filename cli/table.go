package cli

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// A grid is a result of rows and columns. Columns whose name begins with "#"
// hold figures; the mark is not part of the name.
type grid struct {
	columns []string
	rows    [][]string
	// footer is a last row of a table for people; it is not part of the data.
	footer []string
}

func newGrid(columns ...string) *grid { return &grid{columns: columns} }

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

func (g *grid) name(i int) string { return strings.TrimPrefix(g.columns[i], "#") }

// outputFlag lets the user choose how results are written.
func outputFlag(cmd *cobra.Command) *string {
	output := outputValue("table")
	cmd.Flags().VarP(&output, "output", "o", "how results are written: `table`, json or csv")
	return (*string)(&output)
}

// An outputValue is a way to write results. It is checked before anything is
// done.
type outputValue string

// Set implements pflag.Value.
func (o *outputValue) Set(text string) error {
	if !slices.Contains([]string{"table", "json", "csv"}, text) {
		return errors.New("write table, json or csv")
	}
	*o = outputValue(text)
	return nil
}

// String implements pflag.Value.
func (o *outputValue) String() string { return string(*o) }

// Type implements pflag.Value.
func (o *outputValue) Type() string { return "table" }

// write writes the grid as a table, as JSON (a list of objects whose values
// are text, so that figures stay exact) or as CSV.
func (g *grid) write(w io.Writer, output string) error {
	switch output {
	case "table":
		return g.writeTable(w)
	case "json":
		return g.writeJSON(w)
	default:
		return g.writeCSV(w)
	}
}

// filled is the grid without the columns in which no row has anything.
func (g *grid) filled() *grid {
	var keep []int
	for i := range g.columns {
		empty := func(cells []string) bool { return cells[i] == "" }
		if len(g.rows) == 0 || slices.ContainsFunc(g.rows, func(cells []string) bool { return !empty(cells) }) {
			keep = append(keep, i)
		}
	}
	pick := func(cells []string) []string {
		var kept []string
		for _, i := range keep {
			kept = append(kept, cells[i])
		}
		return kept
	}
	f := &grid{columns: pick(g.columns)}
	for _, cells := range g.rows {
		f.add(pick(cells)...)
	}
	if g.footer != nil {
		f.footer = pick(g.footer)
	}
	return f
}

// writeTable writes the grid for people: what has nothing to say is left out.
func (g *grid) writeTable(w io.Writer) error {
	g = g.filled()
	t := table.NewWriter()
	style := table.StyleDefault
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Options = table.Options{SeparateHeader: true, SeparateFooter: true}
	style.Box.MiddleHorizontal = "-"
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(row(g.columns, func(s string) string { return strings.TrimPrefix(s, "#") }))
	configs := make([]table.ColumnConfig, len(g.columns))
	for i, c := range g.columns {
		configs[i] = table.ColumnConfig{Number: i + 1}
		if strings.HasPrefix(c, "#") {
			configs[i].Align, configs[i].AlignHeader, configs[i].AlignFooter = text.AlignRight, text.AlignRight, text.AlignRight
		}
	}
	t.SetColumnConfigs(configs)
	for _, cells := range g.rows {
		t.AppendRow(row(cells, clean))
	}
	if g.footer != nil {
		t.AppendFooter(row(g.footer, clean))
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

func row(cells []string, change func(string) string) table.Row {
	r := make(table.Row, len(cells))
	for i, c := range cells {
		r[i] = change(c)
	}
	return r
}

func (g *grid) writeJSON(w io.Writer) error {
	objects := make([]map[string]string, 0, len(g.rows))
	for _, cells := range g.rows {
		object := make(map[string]string, len(cells))
		for i, c := range cells {
			object[strings.ReplaceAll(g.name(i), " ", "_")] = c
		}
		objects = append(objects, object)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(objects)
}

func (g *grid) writeCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	header := make([]string, len(g.columns))
	for i := range g.columns {
		header[i] = strings.ReplaceAll(g.name(i), " ", "_")
	}
	if err := c.Write(header); err != nil {
		return err
	}
	if err := c.WriteAll(g.rows); err != nil {
		return err
	}
	return c.Error()
}

// clean keeps text from commanding the terminal: names are other people's.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
