package rates

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func testdata(rates, names string) Config {
	c := Config{File: config.Path(filepath.Join("testdata", rates))}
	if names != "" {
		c.Names = config.Path(filepath.Join("testdata", names))
	}
	return c
}

func TestLookup(t *testing.T) {
	list, err := Read(testdata("rates.csv", "names.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		why, datacenter, service string
		cost, unit, name         string // cost "" for ErrNoRate
	}{
		{"by the name of the names file, everywhere", "south", "m1.nano", "0.0125", "hour", "VM instance, size nano"},
		{"the datacenter's own rate wins", "north", "m1.nano", "0.015", "hour", "VM instance, size nano"},
		{"the word region is every datacenter; quotes and commas are text", "north", "rack", "120", "one, per month", `Rack, 19" | wide`},
		{"by the service's own name, to the last digit, without a unit", "north", "volume.size", "0.00000032", "", "volume.size"},
		{"by the pretty name as well", "south", "VM instance, size nano", "0.0125", "hour", "VM instance, size nano"},
		{"a rate may be zero", "south", "Free lunch", "0", "piece", "Free lunch"},
		{"the pretty name before the service's own", "south", "both", "1", "hour", "Both names"},
		{"the datacenter before the name", "north", "both", "3", "hour", "Both names"},
		{"by its own name, although it has another", "south", "own", "4", "hour", "Named without a rate"},
		{"nothing is guessed", "south", "m1.tiny", "", "", "m1.tiny"},
		{"a datacenter is no pattern", "*", "rack", "120", "one, per month", `Rack, 19" | wide`},
	} {
		t.Run(tc.why, func(t *testing.T) {
			cost, err := list.Cost(tc.datacenter, tc.service)
			unit, unitErr := list.Unit(tc.datacenter, tc.service)
			if tc.cost == "" {
				if !errors.Is(err, ErrNoRate) || !errors.Is(unitErr, ErrNoRate) {
					t.Errorf("errors %v and %v, want ErrNoRate", err, unitErr)
				}
			} else if err != nil || unitErr != nil || cost.String() != tc.cost || unit != tc.unit {
				t.Errorf("got %s, %v and %q, %v; want %s and %q", cost, err, unit, unitErr, tc.cost, tc.unit)
			}
			if name := list.Name(tc.service); name != tc.name {
				t.Errorf("name %q, want %q", name, tc.name)
			}
		})
	}
}

func TestNoRateSaysWhatIsMissing(t *testing.T) {
	list, err := Read(testdata("rates.csv", "names.csv"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = list.Cost("south", "m1.huge")
	want := `no rate for "m1.huge" in "south": add a line "south | m1.huge | unit | rate" to testdata/rates.csv`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = new(List).Cost("south", "m1.huge")
	want = `no rate for "m1.huge" in "south": no rates file is configured`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// The original's price list: blanks, no header, no newline at the end, and the
// word "region" in every line.
func TestOriginalFiles(t *testing.T) {
	shared := os.Getenv("ARTIFICE_SHARED")
	if shared == "" {
		const how = "set ARTIFICE_SHARED to the directory of recorded data"
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	list, err := Read(Config{
		File:  config.Path(filepath.Join(shared, "data", "rates-2013.csv")),
		Names: config.Path(filepath.Join(shared, "data", "names-2013.csv")),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ service, cost, unit, name string }{
		{"m1.nano", "100", "duration", "VM instance, size nano"},
		{"network.incoming.bytes", "120", "bytes", "Incoming Network Usage"},
		{"network.outgoing.bytes", "240", "bytes", "Outgoing Network Usage"},
		{"storage.objects.size", "300", "bytes per hour", "Object Storage Usage"},
		{"volume.size", "320", "bytes per hour", "Disk Volume, Size"},
	} {
		cost, err := list.Cost("RegionOne", tc.service)
		unit, _ := list.Unit("RegionOne", tc.service)
		if err != nil || cost.String() != tc.cost || unit != tc.unit || list.Name(tc.service) != tc.name {
			t.Errorf("%s: %s per %q, called %q, %v", tc.service, cost, unit, list.Name(tc.service), err)
		}
	}
}

// Every mistake of both files is reported, at its line.
func TestMistakes(t *testing.T) {
	_, err := Read(testdata("bad-rates.csv", "bad-names.csv"))
	if err == nil {
		t.Fatal("no error")
	}
	golden := filepath.Join("testdata", "mistakes.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, readErr := os.ReadFile(golden)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if mistake := (*Error)(nil); !errors.As(err, &mistake) || mistake.Line != 1 {
		t.Errorf("the first mistake is %v, want one of line 1", mistake)
	}
}

func TestWholeFileMistakes(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "nowhere.csv"), "no such file or directory (name another with rates.file)"},
		{"a directory", dir, "is a directory (name another with rates.file)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read(Config{File: config.Path(tc.path)})
			if want := tc.path + ": " + tc.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// An empty file is a mistake to whoever checks it, and a price list that has a
// rate for nothing to whoever asks what something costs.
func TestEmpty(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "only comments": "# one\n\n  # two\n"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rates.csv")
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			c := Config{File: config.Path(path), Region: "north"}
			for what, err := range c.Check() {
				want := path + `: is empty: write a line "region | name | unit | rate" for each rate`
				if what != "rates file" || err == nil || err.Error() != want || !errors.Is(err, ErrNoRate) {
					t.Errorf("%s: got  %v\nwant %s", what, err, want)
				}
			}
			list, err := Read(c)
			if err != nil {
				t.Fatal(err)
			}
			want := `no rate for "m1.huge" in "south": add a line "south | m1.huge | unit | rate" to ` + path
			if _, err := list.Cost("south", "m1.huge"); err == nil || err.Error() != want || !errors.Is(err, ErrNoRate) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// What spreadsheets and editors put into files does no harm.
func TestForms(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		comma      rune
	}{
		{"newline at the end", "*|a|hour|1\n", '|'},
		{"none at the end", "*|a|hour|1", '|'},
		{"CRLF and a mark", "\ufeff*|a|hour|1\r\n", '|'},
		{"tabs", "*\t a \thour\t1\n", '\t'},
		{"semicolons", "*; a ;hour;1\n", ';'},
		{"a delimiter of several bytes", "*¦ a ¦hour¦1\n", '¦'},
		{"quotes with blanks around", "  \"*\" | \"a\" | hour |  1  \n", '|'},
		{"a unit that is not given", "*|a||1\n", '|'},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rates.csv")
			if err := os.WriteFile(path, []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			list, err := Read(Config{File: config.Path(path), Delimiter: Delimiter(tc.comma)})
			if err != nil {
				t.Fatal(err)
			}
			if cost, err := list.Cost("north", "a"); err != nil || cost.String() != "1" {
				t.Errorf("cost %s, %v", cost, err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config Config
		want   string
	}{
		{"good", testdata("rates.csv", "names.csv"), "rates file: true, names file: true"},
		{"no names", testdata("rates.csv", ""), "rates file: true"},
		{"bad names", testdata("rates.csv", "bad-names.csv"), "rates file: true, names file: false"},
		{"bad rates do not hide the names", testdata("bad-rates.csv", "names.csv"), "rates file: false, names file: true"},
		{"nothing", Config{}, "rates file: false"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for name, err := range tc.config.Check() {
				got = append(got, name+": "+map[bool]string{true: "true", false: "false"}[err == nil])
			}
			if s := strings.Join(got, ", "); s != tc.want {
				t.Errorf("got  %s\nwant %s", s, tc.want)
			}
		})
	}
}

func TestDelimiter(t *testing.T) {
	for text, want := range map[string]rune{"|": '|', ",": ',', ";": ';', "tab": '\t', `\t`: '\t', "\t": '\t', "¦": '¦', ":": ':'} {
		var d Delimiter
		if err := d.UnmarshalText([]byte(text)); err != nil || d.Rune('x') != want {
			t.Errorf("%q: %q, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "||", "a", "0", `"`, "'", ".", "-", "+", "=", "@", "#", " ", "\n", "\x00", "\xff", "\ufffd"} {
		var d Delimiter
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	if got := Delimiter(0).Rune(';'); got != ';' {
		t.Errorf("the zero Delimiter is %q", got)
	}
}
