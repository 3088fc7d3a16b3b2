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

	"github.com/openstack-artifice/artifice/internal/pricing"
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
// harmless where the profile is not raw, and every row has as many cells as
// the others: whatever the style of the file.
func TestCellsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
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
		}), 1, 6).Draw(t, "items")
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
		rendered, err := inv.(*file).render(pricing.Prices{Prices: new(rates.List).At(order.Block, order.Currency)})
		if err != nil {
			t.Fatal(err)
		}
		data, err := erp.style.format.encode(rendered)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := erp.style.format.encode(rendered); !bytes.Equal(data, again) {
			t.Fatal("the same text has other bytes")
		}
		if key, err := erp.style.readKey(data); key != order.Key || err != nil {
			t.Fatalf("the key is %q, %v", key, err)
		}

		decoded, err := erp.style.format.decode(data)
		if err != nil {
			t.Fatal(err)
		}
		r := stdcsv.NewReader(bytes.NewReader(decoded))
		r.Comma = c.Delimiter.Rune(0)
		rows, err := r.ReadAll() // which refuses rows of different lengths
		if err != nil {
			t.Fatal(err)
		}
		header := erp.style.layout.header
		if c.Header {
			if !slices.Equal(rows[0], header) {
				t.Fatalf("the header is %q", rows[0])
			}
			rows = rows[1:]
		}
		next := 0
		for _, section := range sections {
			sum := decimal.Zero
			for _, i := range items {
				if i.Datacenter != section {
					continue
				}
				checkLine(t, c, order, i, header, rows[next])
				sum, next = sum.Add(i.Amount), next+1
			}
			if c.Layout == "flat" {
				continue
			}
			checkText(t, c, section+" total", rows[next][0])
			if got := rows[next][slices.Index(header, "amount")]; got != sum.StringFixed(2) {
				t.Fatalf("the total of %q is %s, want %s", section, got, sum)
			}
			next++
		}
		if c.Layout != "flat" {
			next += 2 // the total and the key
		}
		if len(rows) != next {
			t.Fatalf("%d rows, want %d", len(rows), next)
		}
	})
}

// drawConfig is a config in which every key has any of its words.
func drawConfig(t *rapid.T) Config {
	c := defaults("out")
	c.Delimiter = rates.Delimiter(rapid.SampledFrom([]rune(",;|\t¦")).Draw(t, "delimiter"))
	c.Layout = rapid.SampledFrom([]string{"", "sections", "flat"}).Draw(t, "layout")
	c.Header = rapid.Bool().Draw(t, "header")
	c.Profile = rapid.SampledFrom([]string{"", "safe", "excel", "raw"}).Draw(t, "profile")
	c.Encoding = rapid.SampledFrom([]string{"", "utf-8", "utf-8-bom", "utf-16le"}).Draw(t, "encoding")
	c.LineEnd = rapid.SampledFrom([]string{"", "crlf", "lf"}).Draw(t, "line end")
	c.OutputFile += rapid.SampledFrom([]string{"", ".gz"}).Draw(t, "compressed")
	c.RowLayout = rapid.Permutation(columnNames()).Draw(t, "columns")
	// A total needs a column of text before the amount.
	c.RowLayout = append([]string{"datacenter"}, slices.DeleteFunc(c.RowLayout, func(name string) bool { return name == "datacenter" })...)
	return c
}

func checkLine(t *rapid.T, c Config, order invoice.Order, i invoice.Item, header, row []string) {
	want := map[string]string{
		"start": "2013-08-01", "end": "2013-09-01", "value": i.Value.String(), "cost": i.Cost.String(), "amount": i.Amount.StringFixed(2),
	}
	texts := map[string]string{
		"datacenter": i.Datacenter, "name": i.Name, "unit": i.Unit, "resource": i.Resource, "description": i.Description,
		"service": i.Name, "currency": order.Currency, "tenant": order.Tenant.ID, "tenant_name": order.Tenant.Name, "order": order.Key,
	}
	for n, name := range header {
		if text, ok := texts[name]; ok {
			checkText(t, c, text, row[n])
		} else if row[n] != want[name] {
			t.Fatalf("%s is %q, want %q", name, row[n], want[name])
		}
	}
}

// replaced matches what text that is not UTF-8 becomes.
var replaced = regexp.MustCompile("\ufffd+")

// checkText holds a cell against the text that it is for.
func checkText(t *rapid.T, c Config, text, cell string) {
	if c.Profile == "raw" {
		if c.Encoding == "utf-16le" {
			// A run of bytes that are not UTF-8 is one replacement, or several.
			text = replaced.ReplaceAllString(strings.ToValidUTF8(text, "\ufffd"), "\ufffd")
			cell = replaced.ReplaceAllString(cell, "\ufffd")
		}
		// The reader of the standard library does not keep the CR of a CRLF.
		if text = strings.ReplaceAll(text, "\r\n", "\n"); cell != text {
			t.Fatalf("%q is %q in its cell", text, cell)
		}
		return
	}
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
	id := rapid.OneOf(text, rapid.StringMatching(`[aAbB./_~-]{0,4}`), rapid.StringMatching(`[a-z]{78,84}`), rapid.StringMatching(`[0-9a-f]{32}`),
		rapid.SampledFrom([]string{"con", "CON", "nul.x", "com1", "_on", "\u00e9", "e\u0301", "..", "a..", "a. "}))
	device := regexp.MustCompile(`(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)`)
	keystone := regexp.MustCompile(`^[0-9a-f]{32}$`)
	rapid.Check(t, func(t *rapid.T) {
		keystoneFirst := rapid.Bool().Draw(t, "tenant first")
		pattern := defaults("").OutputFile
		if !keystoneFirst {
			pattern = "%(month)s.%(tenant)s" // ends with the id
		}
		p, errs := parsePattern(pattern)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		order, other := august(), august()
		order.Tenant.ID = id.Draw(t, "one")
		other.Tenant.ID = rapid.OneOf(id, rapid.SampledFrom([]string{
			order.Tenant.ID + ".", strings.ToUpper(order.Tenant.ID), strings.ToLower(order.Tenant.ID), strings.ReplaceAll(order.Tenant.ID, "/", "_"), order.Tenant.ID + "a",
		})).Draw(t, "other")
		name, otherName := p.fileName(order), p.fileName(other)
		if order.Tenant.ID != other.Tenant.ID && strings.EqualFold(strings.TrimRight(name, ". "), strings.TrimRight(otherName, ". ")) {
			t.Fatalf("%q and %q are both %q", order.Tenant.ID, other.Tenant.ID, name)
		}
		if keystoneFirst && keystone.MatchString(order.Tenant.ID) && !strings.HasPrefix(name, order.Tenant.ID+"-") {
			t.Fatalf("an id of Keystone became %q", name)
		}
		if len(name) > maxFileName || !utf8.ValidString(name) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") ||
			strings.HasSuffix(name, ".") || device.MatchString(name) || strings.ContainsFunc(name, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-~", r)
		}) {
			t.Fatalf("%q is no name for a file", name)
		}
	})
}

// Whatever stands under an invoice's name, it is told from one: what has a key
// holds that key, and ends as a file does.
func FuzzReadKey(f *testing.F) {
	key := august().Key
	for _, seed := range []string{
		"a,b\r\norder " + key + ",\r\n", "a,order\n1," + key + "\n", "\xff\xfea\x00\n\x00", "\xef\xbb\xbf\"a\r\n", "\x1f\x8b\x08\x00", "", "\n", "\"\n\"\n",
	} {
		for style := range byte(8) {
			f.Add([]byte(seed), style)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, pick byte) {
		c := defaults("out")
		c.Layout = []string{"sections", "flat"}[pick&1]
		c.Profile = []string{"safe", "raw"}[pick>>1&1]
		c.Header = pick>>2&1 == 0
		c.Encoding = encodings[int(pick>>3)%len(encodings)].name
		s, err := c.style()
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.readKey(data)
		if err != nil {
			return
		}
		text, err := s.format.decode(data)
		bare := strings.NewReplacer(`"`, "", "\r", "") // without what CSV adds
		if err != nil || !bytes.HasSuffix(text, []byte(s.format.lineEnd)) || !strings.Contains(bare.Replace(string(text)), bare.Replace(found)) {
			t.Errorf("%q has the key %q, %v", text, found, err)
		}
	})
}
