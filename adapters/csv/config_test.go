package csv

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
)

// The defaults in the tags are those that the other tests use, and are valid.
func TestDefaults(t *testing.T) {
	text := map[string]string{}
	for field := range fields(reflect.TypeFor[Config]()) {
		name, options, _ := strings.Cut(field.Tag.Get("ini"), ",")
		if _, fallback, ok := strings.Cut(options, "default="); ok {
			text[name] = fallback
		}
	}
	d := defaults("out")
	want := map[string]string{
		"output_file": d.OutputFile,
		"row_layout":  strings.Join(d.RowLayout, ","),
		"layout":      d.Layout,
		"header":      strconv.FormatBool(d.Header),
		"delimiter":   string(d.Delimiter.Rune(0)),
		"profile":     d.Profile,
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-test +tags)\n%s", diff)
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// Mistakes are found by Validate, at their keys, all at once.
func TestValidate(t *testing.T) {
	for _, tc := range []struct {
		name, file, layout string
		want               string
	}{
		{"good", "%(tenant)s-%(start)s.csv", "datacenter,amount", ""},
		{"good with the key alone", "100%%-%(key)s", "value,name,amount", ""},
		{"good with a month", "%(month)s-%(tenant_name)s-%(tenant)s.csv", "type,location,cost,amount", ""},
		{"no tenant", "%(start)s.csv", "name,amount", "output_file: needs %(tenant)s or %(key)s, or the files of two tenants would have one name"},
		{"a tenant's name is no identity", "%(tenant_name)s-%(start)s.csv", "name,amount", "output_file: needs %(tenant)s or %(key)s, or the files of two tenants would have one name"},
		{"no block", "%(tenant)s.csv", "name,amount", "output_file: needs %(start)s, %(month)s or %(key)s, or the files of two blocks would have one name"},
		{"unknown placeholder", "%(tenat)s-%(key)s", "name,amount", "output_file: there is no placeholder %(tenat)s (did you mean %(tenant)s?)"},
		{"far from any placeholder", "%(whatever)s-%(key)s", "name,amount", "output_file: there is no placeholder %(whatever)s (there are tenant, tenant_name, start, end, month, key)"},
		{"bad percent", "%d-%(key)s", "name,amount", "output_file: a percent sign without a placeholder (write %(tenant)s, or %% for the sign itself)"},
		{"percent at the end", "%(key)s%", "name,amount", "output_file: a percent sign without a placeholder (write %(tenant)s, or %% for the sign itself)"},
		{"unclosed", "%(key)s-%(tenant", "name,amount", "output_file: a percent sign without a placeholder (write %(tenant)s, or %% for the sign itself)"},
		{"a directory", "../%(key)s", "name,amount", "output_file: is the name of a file, and cannot hold a slash, a backslash or a control character (the directory is csv_directory)"},
		{"hidden", ".%(key)s", "name,amount", "output_file: begins with a dot, which hides the files"},
		{"empty", "", "name,amount", "output_file: is empty"},
		{"long", "%(key)s%(tenant)s%(tenant)s%(tenant_name)s", "name,amount", "output_file: makes names of up to 264 bytes, and a file's name has at most 255"},
		{"no amount", "%(key)s", "name,value", "row_layout: lacks the column amount, where the totals stand"},
		{"no words", "%(key)s", "value,amount,name", "row_layout: has no column of text before amount, where the words of the totals stand (put datacenter first)"},
		{"twice by an alias", "%(key)s", "type,name,amount", `row_layout: the column "name" is there twice`},
		{"unknown column", "%(key)s", "nam,amount", `row_layout: there is no column "nam" (did you mean "name"?)`},
		{"no columns", "%(key)s", "", "row_layout: lacks the column amount, where the totals stand"},
		{"all at once", "%(key)s%(x)s%", "nam,name,name", "output_file: there is no placeholder %(x)s (there are tenant, tenant_name, start, end, month, key)\n" +
			"output_file: a percent sign without a placeholder (write %(tenant)s, or %% for the sign itself)\n" +
			"row_layout: there is no column \"nam\" (did you mean \"name\"?)\n" +
			`row_layout: the column "name" is there twice`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := defaults(t.TempDir())
			c.OutputFile, c.RowLayout = tc.file, nil
			if tc.layout != "" {
				c.RowLayout = strings.Split(tc.layout, ",")
			}
			err := c.Validate()
			if _, newErr := NewInvoice(t.Context(), c); (err == nil) != (newErr == nil) {
				t.Errorf("Validate says %v, NewInvoice %v", err, newErr)
			}
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || err.Error() != tc.want {
				t.Fatalf("got  %v\nwant %s", err, tc.want)
			}
			if keyErr := (*config.KeyError)(nil); !errors.As(err, &keyErr) {
				t.Error("the error does not name its key")
			}
		})
	}
}

// Words that mean nothing, at their keys, and layouts that do not go together.
func TestValidateStyle(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"nothing said", func(c *Config) { c.Layout, c.Profile = "", "" }, ""},
		{"a flat layout needs no words", func(c *Config) { c.Layout, c.RowLayout = "flat", []string{"value", "amount"} }, ""},
		{"nor the key, which is added", func(c *Config) { c.Layout, c.RowLayout = "flat", []string{"order", "amount"} }, ""},
		{"but an amount", func(c *Config) { c.Layout, c.RowLayout = "flat", []string{"value"} }, "row_layout: lacks the column amount"},
		{"the key twice", func(c *Config) { c.Layout, c.RowLayout = "flat", []string{"order", "amount", "order"} }, `row_layout: the column "order" is there twice`},
		{"a delimiter that the encoding has not", func(c *Config) { c.Encoding, c.Delimiter = "latin1", '→' },
			`delimiter: latin1 has no character '→' (U+2192), which is in line 1 (choose another encoding, such as utf-8)`},
		{"a delimiter that it has", func(c *Config) { c.Encoding, c.Delimiter = "latin1", '¦' }, ""},
		{"all at once", func(c *Config) { c.Layout, c.Profile, c.Encoding, c.LineEnd = "flt", "rwa", "utf8", "lfcr" },
			`profile: "rwa" means nothing here (did you mean "raw"?)` + "\n" +
				`encoding: "utf8" means nothing here (did you mean "utf-8"?)` + "\n" +
				`line_end: "lfcr" means nothing here (there are crlf, lf)` + "\n" +
				`layout: "flt" means nothing here (did you mean "flat"?)`},
		{"far from any word", func(c *Config) { c.Encoding = "ebcdic" }, `encoding: "ebcdic" means nothing here (there are utf-8, utf-8-bom, utf-16le, latin1, windows-1252)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := defaults(t.TempDir())
			tc.change(&c)
			err := c.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || err.Error() != tc.want) {
				t.Fatalf("got  %v\nwant %s", err, tc.want)
			}
			if keyErr := (*config.KeyError)(nil); err != nil && !errors.As(err, &keyErr) {
				t.Error("the error does not name its key")
			}
		})
	}
}

func TestFileNames(t *testing.T) {
	for _, tc := range []struct {
		name, pattern, tenant, tenantName, want string
	}{
		{"an id of Keystone", "%(tenant)s-%(key)s.csv", "cd3deadd3d5a4f11802d03928195f4ef", "", "cd3deadd3d5a4f11802d03928195f4ef-c0ffee.csv"},
		{"month, start and end", "%(month)s_%(start)s_%(end)s_%(key)s", "a", "", "2013-08_2013-08-01_20130831T1130Z_c0ffee"},
		{"a percent sign", "100%%-%(key)s", "a", "", "100%-c0ffee"},
		{"a name is made safe", "%(tenant_name)s-%(key)s", "a", "../Ä b\x00\u202e/é=1", "_._Ä_b___é_1-c0ffee"},
		{"a name that begins with a dash", "%(tenant_name)s-%(key)s", "a", "-rf", "_rf-c0ffee"},
		{"a long name is cut between characters", "%(tenant_name)s-%(key)s", "a", strings.Repeat("ü", 30), strings.Repeat("ü", 20) + "-c0ffee"},
		{"an empty name", "%(tenant_name)s%(key)s", "a", "", "c0ffee"},
		{"a name that ends in a dot", "%(key)s-%(tenant_name)s", "a", "Ltd.", "c0ffee-Ltd_"},
		{"an id that ends in a dot", "%(key)s-%(tenant)s", "a.", "", "c0ffee-a.~5ab640fad553cbf9"},
		{"a device as a name", "%(tenant_name)s.%(key)s", "a", "Con", "_on.c0ffee"},
		{"a device as an id", "%(tenant)s.%(key)s", "nul", "", "nul~99e6242759016035.c0ffee"},
		{"a device and more as an id", "%(tenant)s.%(key)s", "com1.a", "", "_om1.a~056441c1b9260495.c0ffee"},
		{"almost a device", "%(tenant)s.%(key)s", "console", "", "console.c0ffee"},
		{"another form of the same letters", "%(tenant)s.%(key)s", "e\u0301", "", "e_~bf12767b0f2a56b2.c0ffee"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, errs := parsePattern(tc.pattern)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			order := august()
			order.Key, order.Tenant = "c0ffee", invoice.Tenant{ID: tc.tenant, Name: tc.tenantName}
			order.Block.End = order.Block.End.Add(-30 * 60 * 1e9) // half past eleven
			if got := p.fileName(order); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// The file of a later attempt has a name of its own, and that of the first the
// one that it always had.
func TestAttemptNames(t *testing.T) {
	for _, tc := range []struct{ pattern, first, second string }{
		{"%(tenant)s-%(start)s-%(end)s.csv", "a-2013-08-01-2013-09-01.csv", "a-2013-08-01-2013-09-01~2.csv"},
		{"%(tenant)s-%(month)s.csv.gz", "a-2013-08.csv.gz", "a-2013-08~2.csv.gz"},
		{"%(tenant)s-%(month)s-v1.0.txt", "a-2013-08-v1.0.txt", "a-2013-08-v1.0~2.txt"},
		{"%(month)s.%(tenant)s", "2013-08.a", "2013-08.a~2"},
		{"%(tenant)s-%(key)s.csv", "a-c0ffee.csv", "a-c0ffee.csv"}, // the key is another
	} {
		p, errs := parsePattern(tc.pattern)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		order := august()
		order.Key, order.Tenant = "c0ffee", invoice.Tenant{ID: "a"}
		for attempt, want := range []string{tc.first, tc.first, tc.second} {
			if order.Attempt = attempt; p.fileName(order) != want {
				t.Errorf("%s, attempt %d: got %q, want %q", tc.pattern, attempt, p.fileName(order), want)
			}
		}
	}
	for pattern, ok := range map[string]bool{"%(tenant)s-%(month)s" + strings.Repeat("x", 161): true, "%(tenant)s-%(month)s" + strings.Repeat("x", 162): false} {
		if _, errs := parsePattern(pattern); (len(errs) == 0) != ok { // 80 + 1 + 7 + 161 + 6 = 255
			t.Errorf("%s: %v", pattern, errs)
		}
	}
}

func TestPerResource(t *testing.T) {
	c := defaults(t.TempDir())
	c.PerResource = true
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "no column resource") {
		t.Errorf("without the column: %v", err)
	}
	c.RowLayout = append([]string{"resource"}, c.RowLayout...)
	erp, err := NewInvoice(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !erp.PerResource() {
		t.Error("the engine is not told")
	}
}
