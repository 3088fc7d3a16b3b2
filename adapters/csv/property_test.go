package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
)

// runs matches what a spreadsheet would run.
var runs = regexp.MustCompile(`^[\s\p{Z}\p{Cf}\p{Cc}]*[=+\-@＝＋－＠]`)

// text draws what a user of a cloud can call a thing.
var text = rapid.OneOf(
	rapid.String(),
	rapid.StringMatching(`[ \t\r\n'"]{0,3}[=+@,;|'"a-]{0,3}[ -~]{0,8}`),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 6), func(b []byte) string { return string(b) }),
	rapid.SampledFrom([]string{"\ufeff=1", "\u202e-1", "＝1", "'=1", `\.`, "\u2028=1", "\u00a0@a", "order 0123", "north total", "a\r\nb"}),
)

// number draws a decimal, and says it in full.
var number = rapid.Map(rapid.StringMatching(`-?(0|[1-9][0-9]{0,14})(\.[0-9]{0,8}[1-9])?`), func(s string) string {
	if s == "-0" {
		return "0"
	}
	return s
})

// Every cell is read back as it was given, except that text has become
// harmless, and every row has as many cells as the header.
func TestCellsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := defaults("out")
		c.Delimiter = rates.Delimiter(rapid.SampledFrom([]rune(",;|\t¦")).Draw(t, "delimiter"))
		c.RowLayout = rapid.Permutation(columnNames()).Draw(t, "columns")
		// A total needs a column of text before the amount.
		c.RowLayout = append([]string{"datacenter"}, slices.DeleteFunc(c.RowLayout, func(name string) bool { return name == "datacenter" })...)
		erp, err := NewInvoice(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		order := august()
		order.Tenant.Name = text.Draw(t, "tenant")
		inv, _ := erp.NewInvoice(t.Context(), order)
		items := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) invoice.Item {
			return invoice.Item{
				Datacenter: text.Draw(t, "datacenter"), Name: text.Draw(t, "name"), Unit: text.Draw(t, "unit"),
				Resource: text.Draw(t, "resource"), Description: text.Draw(t, "description"),
				Value:  decimal.RequireFromString(number.Draw(t, "value")),
				Cost:   decimal.RequireFromString(number.Draw(t, "cost")),
				Amount: decimal.New(rapid.Int64().Draw(t, "cents"), -2),
			}
		}), 0, 6).Draw(t, "items")
		var sections []string
		for _, i := range items {
			if !slices.Contains(sections, i.Datacenter) {
				sections = append(sections, i.Datacenter)
				if err := inv.AddSection(i.Datacenter); err != nil {
					t.Fatal(err)
				}
			}
			if err := inv.AddLine(i); err != nil {
				t.Fatal(err)
			}
		}
		data, err := inv.(*file).render(&rates.List{})
		if err != nil {
			t.Fatal(err)
		}
		if key, err := readKey(data, erp.config.Delimiter.Rune(0)); key != order.Key || err != nil {
			t.Fatalf("the key is %q, %v", key, err)
		}
		r := stdcsv.NewReader(bytes.NewReader(data))
		r.Comma = erp.config.Delimiter.Rune(0)
		rows, err := r.ReadAll() // which refuses rows of different lengths
		if err != nil {
			t.Fatal(err)
		}
		next := 1
		for _, section := range sections {
			sum := decimal.Zero
			for _, i := range items {
				if i.Datacenter != section {
					continue
				}
				checkLine(t, order, i, rows[0], rows[next])
				sum, next = sum.Add(i.Amount), next+1
			}
			checkText(t, section+" total", rows[next][0])
			if got := rows[next][slices.Index(rows[0], "amount")]; got != sum.StringFixed(2) {
				t.Fatalf("the total of %q is %s, want %s", section, got, sum)
			}
			next++
		}
		if len(rows) != next+2 {
			t.Fatalf("%d rows, want %d", len(rows), next+2)
		}
	})
}

func checkLine(t *rapid.T, order invoice.Order, i invoice.Item, header, row []string) {
	want := map[string]string{
		"start": "2013-08-01", "end": "2013-09-01", "value": i.Value.String(), "cost": i.Cost.String(), "amount": i.Amount.StringFixed(2),
	}
	texts := map[string]string{
		"datacenter": i.Datacenter, "name": i.Name, "unit": i.Unit, "resource": i.Resource, "description": i.Description,
		"service": i.Name, "currency": order.Currency, "tenant": order.Tenant.ID, "tenant_name": order.Tenant.Name,
	}
	for n, name := range header {
		if text, ok := texts[name]; ok {
			checkText(t, text, row[n])
		} else if row[n] != want[name] {
			t.Fatalf("%s is %q, want %q", name, row[n], want[name])
		}
	}
}

// checkText holds a cell against the text that it is for.
func checkText(t *rapid.T, text, cell string) {
	if runs.MatchString(cell) {
		t.Fatalf("%q runs", cell)
	}
	var want strings.Builder
	for _, r := range text {
		switch {
		case r == utf8.RuneError:
			want.WriteString("\ufffd")
		case r < ' ', r >= 0x7f && r <= 0x9f, r == '\u2028', r == '\u2029':
			want.WriteByte(' ')
		default:
			want.WriteRune(r)
		}
	}
	shown := want.String()
	if runs.MatchString(shown) {
		shown = "'" + shown
	}
	if cell != shown {
		t.Fatalf("%q is %q in its cell, want %q", text, cell, shown)
	}
}

// Two ids never have one name, also where a file system does not tell upper
// from lower case, and every name is one that a file system takes.
func TestIdentities(t *testing.T) {
	id := rapid.OneOf(text, rapid.StringMatching(`[aAbB./_~-]{0,4}`), rapid.StringMatching(`[a-z]{78,84}`), rapid.StringMatching(`[0-9a-f]{32}`))
	keystone := regexp.MustCompile(`^[0-9a-f]{32}$`)
	p, errs := parsePattern(defaults("").OutputFile)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	rapid.Check(t, func(t *rapid.T) {
		order, other := august(), august()
		order.Tenant.ID = id.Draw(t, "one")
		other.Tenant.ID = rapid.OneOf(id, rapid.SampledFrom([]string{
			strings.ToUpper(order.Tenant.ID), strings.ToLower(order.Tenant.ID), strings.ReplaceAll(order.Tenant.ID, "/", "_"), order.Tenant.ID + "a",
		})).Draw(t, "other")
		name, otherName := p.fileName(order), p.fileName(other)
		if order.Tenant.ID != other.Tenant.ID && strings.EqualFold(name, otherName) {
			t.Fatalf("%q and %q are both %q", order.Tenant.ID, other.Tenant.ID, name)
		}
		if keystone.MatchString(order.Tenant.ID) && !strings.HasPrefix(name, order.Tenant.ID+"-") {
			t.Fatalf("an id of Keystone became %q", name)
		}
		if len(name) > maxFileName || !utf8.ValidString(name) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") ||
			strings.ContainsFunc(name, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-~", r)
			}) {
			t.Fatalf("%q is no name for a file", name)
		}
	})
}
