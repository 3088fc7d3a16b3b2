package openerp

import (
	"regexp"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

func TestFields(t *testing.T) {
	for _, tc := range []struct {
		text string
		want time.Time
		ok   bool
	}{
		{`"2013-08-31"`, time.Date(2013, 8, 31, 0, 0, 0, 0, time.UTC), true},
		{`"2013-08-31 23:59:59"`, time.Date(2013, 8, 31, 23, 59, 59, 0, time.UTC), true},
		{`false`, time.Time{}, true},
		{`""`, time.Time{}, true},
		{`"2013-02-30"`, time.Time{}, false},
		{`"31/08/2013"`, time.Time{}, false},
		{`20130831`, time.Time{}, false},
		{`true`, time.Time{}, false},
	} {
		var got date
		if err := json.Unmarshal([]byte(tc.text), &got); (err == nil) != tc.ok || tc.ok && !got.Equal(tc.want) {
			t.Errorf("%s is %s, %v", tc.text, got, err)
		}
	}
	if (date{}).String() != "none" {
		t.Error("no date has a name")
	}
	for _, tc := range []struct {
		text  string
		want  digitsPair
		valid bool
	}{
		{`[16, 2]`, digitsPair{true, 2}, true},
		{`[16, 0]`, digitsPair{true, 0}, true},
		{`false`, digitsPair{}, true},
		{`null`, digitsPair{}, true},
		{`[16]`, digitsPair{}, false},
		{`[16, -2]`, digitsPair{}, false},
		{`[16, 2.5]`, digitsPair{}, false},
		{`"Product Price"`, digitsPair{}, false},
	} {
		var got digitsPair
		if err := json.Unmarshal([]byte(tc.text), &got); (err == nil) != tc.valid || tc.valid && got != tc.want {
			t.Errorf("%s is %+v, %v", tc.text, got, err)
		}
	}
}

var exponent = regexp.MustCompile(`[0-9.][eE]`)

// Records of any shape are read, or are an error, and what is read is put to
// use without a panic.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{
		`[{"id": 1, "default_code": "north.m1.nano", "active": true, "list_price": 0.016999999999999998, "uom_id": [1, "Units"], "categ_id": [13, "Compute"]}]`,
		`[{"id": 5, "pricelist_id": [1, "cloud"], "applied_on": "3_global", "compute_price": "formula", "base": "list_price", "price_round": 0.05, "date_start": "2013-08-15 00:00:00"}]`,
		`[{"id": 7, "state": "draft", "invoice_origin": "artifice:a0:2:1.5:d", "amount_untaxed": 1.5, "invoice_line_ids": [1, 2], "date": false}]`,
		`[{"price_round": -1}]`, `[{"applied_on": false}]`, `{}`, `[[]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 500 || exponent.Match(data) {
			return // package rpc bounds numbers and their exponents
		}
		var products []product
		_ = json.Unmarshal(data, &products)
		var records []ruleRecord
		_ = json.Unmarshal(data, &records)
		var moves []saved
		_ = json.Unmarshal(data, &moves)
		var rules []*rule
		for i := range records {
			rules = append(rules, records[i].rule())
		}
		tariff := priced(rules...)
		for i := range products {
			_, _ = tariff.block(1, &products[i], augustBlock)
		}
		_, _ = tariff.block(1, nano(), augustBlock)
		for i := range moves {
			_ = moves[i].reference()
		}
	})
}
