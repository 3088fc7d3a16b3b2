package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// hold is a type with a text form of its own.
type hold struct{ spec string }

func (h *hold) UnmarshalText(text []byte) error {
	spec, ok := strings.CutPrefix(string(text), "hold ")
	if !ok {
		return errors.New("a hold begins with the word hold")
	}
	h.spec = spec
	return nil
}

type mode string

// adapter is a config such as adapters have, bound as artifice-gen does it.
type adapter struct {
	Directory Path
	Mode      mode
	Delimiter string
	Retries   uint8
	Factor    decimal.Decimal
	Timeout   time.Duration
	Regions   []string
	Allowed   []netip.Prefix
	Password  Secret
	Hold      hold
	RatesFile Path
	Metadata  map[string]string
	validate  func(*adapter) error
}

func (c *adapter) Validate() error {
	if c.validate == nil {
		return nil
	}
	return c.validate(c)
}

func bindAdapter(s *Section, c *adapter) error {
	b := Bind(s)
	Field(b, &c.Directory, b.Path, "csv_directory", Alias("output_path", "directory"), Required())
	Field(b, (*string)(&c.Mode), String, "mode")
	Field(b, &c.Delimiter, String, "delimiter", Default(","))
	Field(b, &c.Retries, Uint, "retries", Default("3"))
	Field(b, &c.Factor, Decimal, "factor")
	Field(b, &c.Timeout, Duration, "timeout", Default("1m"))
	List(b, &c.Regions, String, "regions", Default("nz-por-1,nz-hlz-1"))
	List(b, &c.Allowed, Prefix, "allowed")
	Field(b, &c.Password, ParseSecret, "password")
	Text(b, &c.Hold, "hold")
	Field(b, &c.RatesFile, b.Path, "rates.file")
	Map(b, &c.Metadata, "metadata")
	return b.Validate(c)
}

func section(t *testing.T, text string) *Section {
	t.Helper()
	f, err := Parse(filepath.FromSlash("etc/artifice.ini"), []byte("[invoice:object]\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return f.Sections[0]
}

func TestBind(t *testing.T) {
	c := adapter{Mode: "preset"}
	err := bindAdapter(section(t, `
csv_directory = out/./csv
delimiter = ';'
retries = 255
factor = 1.20
timeout = 1d
regions = a , b,c
allowed = 10.0.0.0/8, 2001:db8::/32
password = env:ARTIFICE_TEST
hold = hold tight
rates.file = /srv/rates.csv
metadata.name = x
metadata.a.b =
`), &c)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.FromSlash("etc/out/csv")
	if c.Directory != Path(dir) || c.RatesFile != "/srv/rates.csv" {
		t.Errorf("paths are %s and %s", c.Directory, c.RatesFile)
	}
	if c.Mode != "preset" || c.Delimiter != ";" || c.Retries != 255 || c.Timeout != 24*time.Hour || c.Hold.spec != "tight" {
		t.Errorf("got %+v", c)
	}
	if !c.Factor.Equal(decimal.New(12, -1)) || c.Password.IsZero() {
		t.Errorf("got %+v", c)
	}
	if !slices.Equal(c.Regions, []string{"a", "b", "c"}) || len(c.Allowed) != 2 {
		t.Errorf("lists are %q and %v", c.Regions, c.Allowed)
	}
	if !maps.Equal(c.Metadata, map[string]string{"name": "x", "a.b": ""}) {
		t.Errorf("metadata is %q", c.Metadata)
	}
}

// A missing key and an empty one take the default.
func TestBindDefaults(t *testing.T) {
	for _, text := range []string{
		"output_path = x",
		"output_path = x\ndelimiter =\nretries = \"\"\ntimeout =\nregions = ''\nhold =\nallowed =\npassword =",
	} {
		var c adapter
		if err := bindAdapter(section(t, text), &c); err != nil {
			t.Fatal(err)
		}
		if c.Delimiter != "," || c.Retries != 3 || c.Timeout != time.Minute || !slices.Equal(c.Regions, []string{"nz-por-1", "nz-hlz-1"}) {
			t.Errorf("got %+v", c)
		}
		if c.Allowed != nil || c.Metadata != nil || c.Hold.spec != "" || !c.Password.IsZero() {
			t.Errorf("set without a value: %+v", c)
		}
	}
}

func TestBindRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // each line without "etc/artifice.ini:"
	}{
		{"missing", "",
			`1:1: [invoice:object] needs the key "csv_directory"`},
		{"empty though required", "directory = \"\"\n",
			`2:14: [invoice:object] directory is empty and needs a value`},
		{"unknown, nearly known", "csv_directroy = hunter2\ncsv_directory = x\n",
			`2:1: [invoice:object] unknown key "csv_directroy" (did you mean "csv_directory"?)`},
		{"unknown, nearly an alias", "output_paths = hunter2\n", `
1:1: [invoice:object] needs the key "csv_directory"
2:1: [invoice:object] unknown key "output_paths" (did you mean "output_path"?)`},
		{"unknown, nearly known with a prefix", "csv_directory = x\nmetdata.name = hunter2\nrates.fiel = hunter2\n", `
3:1: [invoice:object] unknown key "metdata.name" (did you mean "metadata.name"?)
4:1: [invoice:object] unknown key "rates.fiel" (did you mean "rates.file"?)`},
		{"unknown", "csv_directory = x\npath = hunter2\n",
			`3:1: [invoice:object] unknown key "path" (it takes allowed, csv_directory, delimiter, directory, factor, hold, metadata.NAME, mode, output_path, password, rates.file, regions, retries, timeout)`},
		{"other case", "csv_directory = x\nHold = hunter2\n",
			`3:1: [invoice:object] unknown key "Hold" (did you mean "hold"?)`},
		{"prefix without a name", "csv_directory = x\nmetadata. = hunter2\n",
			`3:1: [invoice:object] "metadata." lacks a name after the dot`},
		{"two names of one key", "output_path = y\ncsv_directory = x\ndirectory = z\n", `
2:1: [invoice:object] "output_path" is another name of "csv_directory", which line 3 gives already
4:1: [invoice:object] "directory" is another name of "csv_directory", which line 3 gives already`},
		{"malformed", "csv_directory = x\nretries = 256\nfactor = 1,5\ntimeout = \"1 hour\"\n", `
3:11: [invoice:object] retries: "256" is out of range (0 to 255)
4:10: [invoice:object] factor: "1,5" is not a number (write it like 12.50)
5:12: [invoice:object] timeout: "1 hour" is not a duration (write 90s, 15m, 1h or 1d)`},
		{"malformed elements", "csv_directory = x\nregions = a,, b ,\nallowed = '10.0.0.0/8, x ,10.0.0.1/8'\n", `
3:13: [invoice:object] regions: element 2 of the list is empty
3:18: [invoice:object] regions: element 4 of the list is empty
4:24: [invoice:object] allowed: "x" is not an IP network (write 192.0.2.0/24)
4:27: [invoice:object] allowed: "10.0.0.1/8" has bits set beyond its length (write 10.0.0.0/8, or /32 for one address)`},
		{"text of a type's own", "csv_directory = x\nhold = 1h\n",
			`3:8: [invoice:object] hold: a hold begins with the word hold`},
		{"literal secret", "csv_directory = x\npassword = hunter2\n",
			`3:12: [invoice:object] password: a literal here; write env:NAME or file:/path`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := adapter{validate: func(*adapter) error { return errors.New("validated in spite of mistakes") }}
			err := bindAdapter(section(t, test.text), &c)
			path := filepath.FromSlash("etc/artifice.ini:")
			wantError(t, err, path+strings.ReplaceAll(strings.TrimPrefix(test.want, "\n"), "\n", "\n"+path))
			if strings.Contains(fmt.Sprint(err), canary) {
				t.Error("the message holds the value")
			}
			var errs Errors
			if !errors.As(err, &errs) {
				t.Errorf("%T is not Errors", err)
			}
		})
	}
}

// A default that does not parse is the adapter's mistake, shown at the header.
func TestBindDefaultRefused(t *testing.T) {
	b := Bind(section(t, ""))
	var d time.Duration
	var list []uint8
	Field(b, &d, Duration, "timeout", Default("soon"))
	List(b, &list, Uint, "ports", Default("1,x,"))
	wantError(t, b.Done(), filepath.FromSlash(`etc/artifice.ini:1:1: [invoice:object] the default of ports: "x" is not a whole number
etc/artifice.ini:1:1: [invoice:object] the default of ports: element 3 of the list is empty
etc/artifice.ini:1:1: [invoice:object] the default of timeout: "soon" is not a duration (write 90s, 15m, 1h or 1d)`))
}

func TestValidate(t *testing.T) {
	errTwo := errors.New("must be at least 2")
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, ""},
		{"plain", errTwo,
			`1:1: [invoice:object] must be at least 2`},
		{"key", &KeyError{"retries", errTwo},
			`3:1: [invoice:object] retries: must be at least 2`},
		{"key that is given under an alias", &KeyError{"csv_directory", errTwo},
			`2:1: [invoice:object] csv_directory: must be at least 2`},
		{"key that is not given", &KeyError{"timeout", errTwo},
			`1:1: [invoice:object] timeout: must be at least 2`},
		{"several", errors.Join(&KeyError{"retries", errTwo}, errTwo, errors.Join(&KeyError{"output_path", errTwo})), `
1:1: [invoice:object] must be at least 2
2:1: [invoice:object] output_path: must be at least 2
3:1: [invoice:object] retries: must be at least 2`},
		{"wrapped", fmt.Errorf("policy: %w", &KeyError{"retries", errTwo}),
			`3:1: [invoice:object] policy: retries: must be at least 2`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := adapter{validate: func(c *adapter) error {
				if c.Retries != 1 {
					t.Error("validated before it was bound")
				}
				return test.err
			}}
			err := bindAdapter(section(t, "output_path = x\nretries = 1\n"), &c)
			if test.err == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			path := filepath.FromSlash("etc/artifice.ini:")
			wantError(t, err, path+strings.ReplaceAll(strings.TrimPrefix(test.want, "\n"), "\n", "\n"+path))
			if !errors.Is(err, errTwo) {
				t.Error("does not unwrap")
			}
		})
	}
}

// What a Validate has placed already stays there, and keys that were not
// parsed from a file do.
func TestValidateElsewhere(t *testing.T) {
	c := adapter{validate: func(*adapter) error {
		return Errors{{Pos: Position{"rates.csv", 3, 0}, Err: errors.New("a rate below zero")}}
	}}
	s := &Section{Name: "invoice:object", Keys: []*Key{{Name: "csv_directory", Value: "x"}}}
	wantError(t, bindAdapter(s, &c), `rates.csv:3: a rate below zero`)
	if c.Directory != "x" {
		t.Errorf("the directory is %s", c.Directory)
	}
	s.Keys = append(s.Keys, &Key{Name: "retires", Value: "1"}, &Key{Name: "retries", Value: "x"})
	wantError(t, bindAdapter(s, &c), `[invoice:object] retries: "x" is not a whole number
[invoice:object] unknown key "retires" (did you mean "retries"?)`)
}

func TestRest(t *testing.T) {
	b := Bind(section(t, "a = 1\nmetadata.x = 2\nb = 3\nc =\n"))
	var a int
	var metadata, rest map[string]string
	Field(b, &a, Int, "a")
	Map(b, &metadata, "metadata")
	Rest(b, &rest)
	if err := b.Done(); err != nil {
		t.Error(err)
	}
	if a != 1 || !maps.Equal(metadata, map[string]string{"x": "2"}) || !maps.Equal(rest, map[string]string{"b": "3", "c": ""}) {
		t.Errorf("got %d, %q, %q", a, metadata, rest)
	}
}

func TestBindNothing(t *testing.T) {
	if err := Bind(nil).Done(); err != nil {
		t.Error(err)
	}
	wantError(t, Bind(section(t, "a = hunter2\n")).Done(),
		filepath.FromSlash(`etc/artifice.ini:2:1: [invoice:object] unknown key "a" (it takes no keys)`))
}
