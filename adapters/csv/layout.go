package csv

import (
	"time"

	"github.com/openstack-artifice/artifice/internal/spreadsheet"
	"github.com/openstack-artifice/artifice/invoice"
)

// A layout says what the rows of a file hold.
type layout struct {
	header  []string
	columns []column
	named   bool // the header is written
	flat    bool // rows are lines, and nothing else
	raw     bool // text stays as it is
	words   int  // the column of the words of a total, always before amount
	amount  int
	key     int // the column of the order's key, which a flat layout has
}

// keyColumn is the column of the order's key.
const keyColumn = "order"

// A column of a file. Cells of text come from outside and are made harmless,
// unless the profile is raw; the others are formatted here.
type column struct {
	name, alias string
	text        bool
	cell        func(line) string
}

// A line is an item and what a row of it shows beside.
type line struct {
	order *invoice.Order
	item  *invoice.Item
	name  string // what the names file calls the service
}

// columns are all there are. The aliases are the original's words.
var columns = []column{
	{"datacenter", "location", true, func(l line) string { return l.item.Datacenter }},
	{"name", "type", true, func(l line) string { return l.name }},
	{"start", "", false, func(l line) string { start, _ := l.borders(); return formatTime(start, time.RFC3339) }},
	{"end", "", false, func(l line) string { _, end := l.borders(); return formatTime(end, time.RFC3339) }},
	{"value", "", false, func(l line) string { return l.item.Value.String() }},
	{"unit", "", true, func(l line) string { return l.item.Unit }},
	{"cost", "", false, func(l line) string { return l.item.Cost.String() }},
	{"amount", "", false, func(l line) string { return l.item.Amount.StringFixed(l.order.Digits) }},
	{"resource", "", true, func(l line) string { return l.item.Resource }},
	{"description", "", true, func(l line) string { return l.item.Description }},
	{"service", "", true, func(l line) string { return l.item.Name }},
	{"currency", "", true, func(l line) string { return l.order.Currency }},
	{"tenant", "", true, func(l line) string { return l.order.Tenant.ID }},
	{"tenant_name", "", true, func(l line) string { return l.order.Tenant.Name }},
	{keyColumn, "", true, func(l line) string { return l.order.Key }},
}

// borders are those of the block that the line is for, in the deployment's
// time zone.
func (l line) borders() (start, end time.Time) {
	if l.item.Adjusts.IsZero() {
		return l.order.Block.Start, l.order.Block.End
	}
	zone := l.order.Block.Start.Location()
	return l.item.Adjusts.Start.In(zone), l.item.Adjusts.End.In(zone)
}

// formatTime gives a local midnight as a date, and every other time in UTC.
func formatTime(t time.Time, other string) string {
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.UTC().Format(other)
}

func (l layout) row(line line) []string {
	row := make([]string, len(l.columns))
	for i, c := range l.columns {
		row[i] = c.cell(line)
		if c.text {
			row[i] = l.shown(row[i])
		}
	}
	return row
}

// totalRow has words, an amount, and nothing else.
func (l layout) totalRow(words, amount string) []string {
	row := make([]string, len(l.columns))
	row[l.words], row[l.amount] = l.shown(words), amount
	return row
}

// shown is the cell of a text that comes from outside.
func (l layout) shown(text string) string {
	if l.raw {
		return text
	}
	return spreadsheet.Harmless(text)
}
