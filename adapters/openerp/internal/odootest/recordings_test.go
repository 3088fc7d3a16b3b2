package odootest

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/recorded"
)

// TestRecordings plays what was recorded of real servers to simulated ones, in
// the order that it was recorded in, and compares every answer: results field
// by field, faults by code, class and last line.
func TestRecordings(t *testing.T) {
	t.Run("excerpt", func(t *testing.T) {
		replayAll(t, filepath.Join("..", "rpc", "testdata", "odoo17"), Options{Version: 17, Database: "bill17"}, map[string]int{
			"results": 23, "faults": 28, "pages": 1})
	})
	t.Run("odoo16", func(t *testing.T) {
		replayAll(t, filepath.Join(recorded.Dir(t), "odoo16"), Options{Version: 16, Database: "bill"}, map[string]int{
			"results": 212, "faults": 70, "pages": 5,
			"skipped, credit notes": 3, "skipped, document types in requests": 1, "skipped, records whose making was not recorded": 15, "skipped, sales orders": 16,
			"skipped, reports and methods that give no price": 3, "skipped, the endpoints of OpenERP 6": 7, "skipped, the set-up of the recorded database": 5, "skipped, read_group": 1})
	})
	t.Run("odoo17", func(t *testing.T) {
		replayAll(t, filepath.Join(recorded.Dir(t), "odoo17"), Options{Version: 17, Database: "bill17"}, map[string]int{
			"results": 178, "faults": 68, "pages": 5,
			"skipped, credit notes": 3, "skipped, document types in requests": 1, "skipped, records whose making was not recorded": 4, "skipped, sales orders": 16,
			"skipped, reports and methods that give no price": 3, "skipped, the endpoints of OpenERP 6": 7, "skipped, the set-up of the recorded database": 5})
	})
}

func replayAll(t *testing.T, dir string, o Options, counts map[string]int) {
	now := time.Time{}
	o.Now = func() time.Time { return now }
	r := &replay{t: t, server: New(o), lines: map[int64]int64{}, counts: map[string]int{}}
	for _, e := range recorded.Read(t, dir) {
		now = e.At
		r.play(e)
	}
	if !maps.Equal(r.counts, counts) {
		t.Errorf("the same answers: %v\nwant %v", r.counts, counts)
	}
}

// A replay plays what was recorded to a server and compares the answers.
type replay struct {
	t      *testing.T
	server *Server
	lines  map[int64]int64 // recorded ids of lines, and the server's
	gap    bool            // moves were made off the record: numbers differ
	counts map[string]int
}

func (r *replay) play(e recorded.Exchange) {
	for _, skip := range skipped {
		if skip.pattern.MatchString(e.Name) {
			r.counts["skipped, "+skip.why]++
			return
		}
	}
	r.before(e)
	want := readOutcome(r.t, e, e.Status, e.Response)
	c := parse(e)
	if c != nil {
		r.reserve(c, want.result)
	}
	if strings.Contains(e.Name, "posted-mut-write") { // the only ones to name a line by its id
		for old, line := range r.lines {
			e.Request = bytes.ReplaceAll(e.Request, fmt.Appendf(nil, "<int>%d</int>", old), fmt.Appendf(nil, "<int>%d</int>", line))
		}
	}
	status, body := send(r.server, e)
	got := readOutcome(r.t, e, status, body)
	if diff := r.compare(c, want, got); diff != "" {
		r.t.Errorf("%s: %s", e.Name, diff)
		return
	}
	switch {
	case want.page:
		r.counts["pages"]++
	case want.code != "":
		r.counts["faults"]++
	default:
		r.counts["results"]++
	}
}

// before does what was done to the recorded server between two exchanges: the
// invoices of 100 lines and more are too large to be kept, but how they were
// made is known, and so is what was read of them.
func (r *replay) before(e recorded.Exchange) {
	for _, off := range []struct {
		name string
		do   func()
	}{
		{"220-perf-read-100", func() { r.invoice(29, 100, false) }},
		{"223-perf-read-100", func() { r.invoice(30, 100, true) }},
		{"226-perf-read-1000", func() { r.invoice(31, 1000, false) }},
		{"229-perf-read-1000", func() { r.invoice(32, 1000, true) }},
		{"286-load-100-read", func() { r.load(63, 100, "1795363588") }},
		{"289-load-1000-read", func() { r.load(64, 1000, "1795363595") }},
		{"303-fields_get-digits-precision2", func() {
			r.server.SetDigits("Product Price", 2)
			r.server.SetDigits("Product Unit of Measure", 2)
		}},
	} {
		if e.Name == off.name {
			off.do()
			r.gap = true
		}
	}
	if strings.HasSuffix(e.Name, "perf-read-10") {
		r.gap = true // races were run from here on
	}
}

// quantity and price are those of the line i of a large invoice.
func quantity(i int) decimal.Decimal { return decimal.New(int64(1500000+i), -6) }
func price(i int) decimal.Decimal    { return decimal.New(int64(5000+i), -5) }

// invoice makes an invoice of many lines as the recorder did.
func (r *replay) invoice(id int64, lines int, taxed bool) {
	list := []any{[]any{0, 0, Values{"display_type": "line_section", "name": "S", "sequence": 0}}}
	for i := range lines {
		line := Values{"name": fmt.Sprintf("resource %d (nz-por-1) 744 hours", i), "quantity": quantity(i), "price_unit": price(i), "sequence": i + 1, "product_id": 1}
		if !taxed {
			line["tax_ids"] = []int64{}
		}
		list = append(list, []any{0, 0, line})
	}
	r.server.Reserve(move, id)
	r.server.Add(move, Values{"move_type": "out_invoice", "partner_id": 7, "invoice_date": "2026-10-31", "invoice_line_ids": list})
}

// load makes one by load.
func (r *replay) load(id int64, lines int, stamp string) {
	key := fmt.Sprintf("ld%d_%s", lines, stamp)
	header := []any{"id", "move_type", "partner_id/.id", "ref", "invoice_date"}
	for _, name := range []string{"id", "sequence", "display_type", "name", "product_id/.id", "quantity", "price_unit"} {
		header = append(header, "invoice_line_ids/"+name)
	}
	rows := []any{[]any{"__billing__." + key, "out_invoice", "7", key, "2026-10-31", "__billing__." + key + "_s", "0", "line_section", "Compute", "", "", ""}}
	for i := range lines {
		rows = append(rows, []any{"", "", "", "", "", fmt.Sprintf("__billing__.%s_l%d", key, i), fmt.Sprint(i + 1), "product", fmt.Sprintf("resource %d", i), "1",
			quantity(i).String(), price(i).String()})
	}
	r.server.Reserve(move, id)
	r.server.must(func(t *tx) {
		if answer := t.call(&call{model: move, method: "load", args: []any{header, rows}}); answer.(map[string]any)["ids"] == false {
			r.t.Errorf("load: %v", answer)
		}
	})
}

// reserve gives a record that is made the id that it had: other clients of the
// recorded server made some in between.
func (r *replay) reserve(c *call, result any) {
	if answer, ok := result.(map[string]any); ok && c.method == "load" {
		result = answer["ids"]
	} else if c.method != "create" {
		return
	}
	ids := idList(result)
	if len(ids) == 0 {
		return
	}
	if r.server.Get(c.model, ids[0]) == nil {
		r.server.Reserve(c.model, ids[0])
	}
}

var (
	addresses = regexp.MustCompile(`0x[0-9a-f]+|port \d+|Failing row contains \(.*\)`)
	expat     = regexp.MustCompile(`(ExpatError): .*`)
)

func normal(message string) string {
	return strings.TrimSpace(expat.ReplaceAllString(addresses.ReplaceAllString(message, "#"), "$1"))
}

func (r *replay) compare(c *call, want, got outcome) string {
	switch {
	case want.status != got.status:
		return fmt.Sprintf("status %d instead of %d", got.status, want.status)
	case want.page || got.page:
		return ""
	case want.code != got.code || want.class != got.class || normal(want.message) != normal(got.message):
		return fmt.Sprintf("fault\n got %q %s %q\nwant %q %s %q", got.code, got.class, got.message, want.code, want.class, want.message)
	case want.none != got.none:
		return fmt.Sprintf("none is %v instead of %v", got.none, want.none)
	}
	model := ""
	if c != nil {
		model = c.model
	}
	return r.same(model, "", want.result, got.result)
}

// same compares two values, down to the digits that a float has.
func (r *replay) same(model, path string, want, got any) string {
	if ignored.MatchString(path) || model == externals && path != "" {
		return ""
	}
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: got %s, want %s", path, pyRepr(got), pyRepr(want))
		}
		for i := range w {
			at := path + "[]"
			if diff := r.same(model, at, w[i], g[i]); diff != "" {
				return diff
			}
		}
		return ""
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g))) {
			return fmt.Sprintf("%s: got %v, want %v", path, got, want)
		}
		for name := range w {
			if diff := r.same(model, path+"."+name, w[name], g[name]); diff != "" {
				return diff
			}
		}
		return ""
	case decimal.Decimal:
		g, ok := got.(decimal.Decimal)
		if !ok || !g.Round(12).Equal(w.Round(12)) {
			return fmt.Sprintf("%s: got %s, want %s", path, pyRepr(got), w)
		}
		return ""
	case int64:
		if model == moveLine && path == "[].id" || strings.HasSuffix(path, ".invoice_line_ids[]") {
			g, _ := got.(int64)
			if known, ok := r.lines[w]; ok && known != g {
				return fmt.Sprintf("%s: the line %d is %d here, and was %d before", path, w, g, known)
			}
			r.lines[w] = g
			return ""
		}
	}
	if text, ok := want.(string); ok && model == move {
		other, _ := got.(string)
		if r.gap && path == "[].name" && sequencePrefix(text) == sequencePrefix(other) && sequencePrefix(text) != "" {
			return ""
		}
		if path == ".messages[].message" && normal(text) == normal(other) {
			return ""
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(got) || fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
		return fmt.Sprintf("%s: got %s, want %s", path, pyRepr(got), pyRepr(want))
	}
	return ""
}

// ignored are the fields that say when something happened.
var ignored = regexp.MustCompile(`(create|write)_date$`)

// skipped are recorded.Exchanges about what the simulator has not.
var skipped = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`^0(07|08|09|10|11|12|13)-old-`), "the endpoints of OpenERP 6"},
	{regexp.MustCompile(`-so-|^14[0-3]-so|sale`), "sales orders"},
	{regexp.MustCompile(`price_compute|get_html`), "reports and methods that give no price"},
	{regexp.MustCompile(`reversal`), "credit notes"},
	{regexp.MustCompile(`uom-search_read|groups-xmlids|ir-module-search|user-create`), "the set-up of the recorded database"},
	{regexp.MustCompile(`entity-doctype`), "document types in requests"},
	{regexp.MustCompile(`timeout-find|race-search|race-posted|conc-load|prefork-search|post-batch-20|post-1000-notrack|post-5000|no-limit-count|replaced$|replace-lines|load-1000-again`),
		"records whose making was not recorded"},
	{regexp.MustCompile(`read_group`), "read_group"},
}
