package openerp

import (
	"strings"
	"time"
	"unicode"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// maxText is how many characters of a foreign text stand on an invoice.
const maxText = 500

// printable is a text as it can stand in one line of an invoice: what is no
// UTF-8 is U+FFFD, what cannot be printed is a blank, what is long is cut, and
// what is empty is a dash, since Odoo leaves out a line without a text.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, "\ufffd"))
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText]) + "…"
	}
	if text == "" {
		return "-"
	}
	return text
}

// describe is the text of a line: the service's name in the first line, and
// below it what else there is to say.
func describe(item invoice.Item, factor string, zone *time.Location) string {
	text := printable(item.Name)
	var rest []string
	for _, part := range []string{item.Resource, item.Description} {
		if strings.TrimSpace(part) != "" {
			rest = append(rest, printable(part))
		}
	}
	if !item.Adjusts.IsZero() {
		rest = append(rest, "correction for "+period(item.Adjusts, zone))
	}
	if factor != "" {
		unit := "units"
		if strings.TrimSpace(item.Unit) != "" {
			unit = printable(item.Unit)
		}
		rest = append(rest, "per "+factor+" "+unit)
	}
	if len(rest) == 0 {
		return text
	}
	return text + "\n" + strings.Join(rest, ", ")
}

// period is a span in words: a month where it is one, else its days, with the
// time of the day where it begins or ends within one.
func period(span usage.Span, zone *time.Location) string {
	start, end := span.Start.In(zone), span.End.In(zone)
	if !beginsDay(start) || !beginsDay(end) {
		const minute = "2 January 2006 15:04"
		return start.Format(minute) + " to " + end.Format(minute+" MST")
	}
	const day = "2 January 2006"
	first, last := start.Format(day), end.Add(-usage.WindowLength).Format(day)
	month := start.Format("January 2006")
	switch {
	case start.Day() == 1 && end.Day() == 1 && end.Add(-usage.WindowLength).Format("January 2006") == month:
		return month
	case first == last:
		return first
	}
	return first + " to " + last
}

// beginsDay reports whether t is the first whole UTC hour of its local day.
func beginsDay(t time.Time) bool { return t.Add(-usage.WindowLength).Day() != t.Day() }
