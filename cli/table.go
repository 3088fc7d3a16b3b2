package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/spreadsheet"
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

// key is the name of a column for programs.
func (g *grid) key(i int) string { return strings.ReplaceAll(g.name(i), " ", "_") }

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
// are text, so that figures stay exact) or as CSV, in which a spreadsheet finds
// nothing to run.
func (g *grid) write(w io.Writer, output string) error {
	all := *g // it stays as it is
	if err := all.writer(w, output).end(); !onlyUnread(err) {
		return err
	}
	return nil
}

// A gridWriter writes a grid while its rows are added, so that all of them need
// not be kept.
type gridWriter struct {
	*grid
	out    io.Writer
	output string
	begun  bool // whether anything is written
}

func (g *grid) writer(w io.Writer, output string) *gridWriter {
	return &gridWriter{grid: g, out: w, output: output}
}

// flush writes the rows that were added, and forgets them. Those of a table are
// kept to the end, as its columns are as wide as their widest cells.
func (g *gridWriter) flush() error {
	write := g.flushCSV
	switch g.output {
	case "table":
		return nil
	case "json":
		write = g.flushJSON
	}
	err := write()
	g.rows = g.rows[:0]
	return err
}

// end writes what there is left to write.
func (g *gridWriter) end() error {
	if g.output == "table" {
		return g.writeTable(g.out)
	}
	if err := g.flush(); err != nil || g.output != "json" {
		return err
	}
	closing := "\n]\n"
	if !g.begun {
		closing = "[]\n"
	}
	_, err := io.WriteString(g.out, closing)
	return err
}

func (g *gridWriter) flushJSON() error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("  ", "  ")
	e.SetEscapeHTML(false)
	for _, cells := range g.rows {
		object := make(map[string]string, len(cells))
		for i, c := range cells {
			object[g.key(i)] = c
		}
		before := ",\n  "
		if !g.begun {
			before, g.begun = "[\n  ", true
		}
		text.WriteString(before)
		if err := e.Encode(object); err != nil {
			return err
		}
		text.Truncate(text.Len() - 1) // the line's end
	}
	_, err := text.WriteTo(g.out)
	return err
}

func (g *gridWriter) flushCSV() error {
	c := csv.NewWriter(g.out)
	if !g.begun {
		g.begun = true
		header := make([]string, len(g.columns))
		for i := range g.columns {
			header[i] = g.key(i)
		}
		if err := c.Write(header); err != nil {
			return err
		}
	}
	for _, cells := range g.rows {
		shown := make([]string, len(cells))
		for i, text := range cells {
			if shown[i] = text; !figure.MatchString(text) {
				shown[i] = spreadsheet.Harmless(text)
			}
		}
		if err := c.Write(shown); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// figure matches a plain number, and the dash that stands for nothing: a
// spreadsheet runs neither.
var figure = regexp.MustCompile(`^[+-]?[0-9]*(\.[0-9]+)?$`)

// filled is the grid without the columns in which no row has anything.
func (g *grid) filled() *grid {
	var keep []int
	for i := range g.columns {
		if len(g.rows) == 0 || slices.ContainsFunc(g.rows, func(cells []string) bool { return cells[i] != "" }) {
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

// cleanLines is clean for a text of several lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
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
