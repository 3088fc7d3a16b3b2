package openerp

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The README's configs are valid, and its table has every key with its
// default.
func TestREADME(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)

	examples := regexp.MustCompile("(?s)```ini\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(examples) < 2 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		c, err := bind(t, example[1])
		if err != nil {
			t.Errorf("%v\n%s", err, example[1])
			continue
		}
		if _, err := NewInvoice(t.Context(), c); err != nil {
			t.Errorf("%v\n%s", err, example[1])
		}
	}
	wantKeys(t, readme, "", reflect.TypeFor[Config]())
}

func wantKeys(t *testing.T, readme, prefix string, of reflect.Type) {
	t.Helper()
	for i := range of.NumField() {
		field := of.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("ini"), ",")
		if name == "rates" {
			wantKeys(t, readme, "rates.", field.Type)
			continue
		}
		_, table, _ := strings.Cut(readme, "| key | default | what |")
		table, _, _ = strings.Cut(table, "\n\n")
		row := regexp.MustCompile("(?m)^\\| .*`" + regexp.QuoteMeta(prefix+name) + "(\\.[0-9]+)?`.*$").FindString(table)
		_, fallback, _ := strings.Cut(options, "default=")
		if fallback == "|" {
			fallback = "&#124;"
		}
		if row == "" || !strings.Contains(row, fallback) {
			t.Errorf("the README has no row for %s%s with its default %q: %q", prefix, name, fallback, row)
		}
	}
}
