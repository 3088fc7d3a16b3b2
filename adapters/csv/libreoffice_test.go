package csv

import (
	"encoding/xml"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
)

// libreOffice opens files as a person's spreadsheet would, in a profile of its
// own.
type libreOffice struct{ soffice, profile string }

func newLibreOffice(t *testing.T) libreOffice {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		const how = "needs LibreOffice: apt-get install -y --no-install-recommends libreoffice-calc"
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	profile := url.URL{Scheme: "file", Path: t.TempDir()}
	return libreOffice{soffice, profile.String()}
}

// The charsets by which LibreOffice calls the encodings.
var charsets = map[string]string{"": "76", "utf-8": "76", "utf-8-bom": "76", "utf-16le": "65535", "latin1": "12", "windows-1252": "1"}

// cells are what LibreOffice makes of a CSV file, row by row: a kind and what
// it holds, such as "float 11.16", "date 2013-08-01" and "string north", or
// "formula ...".
func (o libreOffice) cells(t *testing.T, path, charset string) [][]string {
	t.Helper()
	out := t.TempDir()
	// Commas, double quotes, the charset, the first line; and last, special
	// numbers such as dates are looked for, and formulas run.
	filter := "CSV:44,34," + charset + ",1,,0,false,true,false,false,false,-1,true"
	said, err := exec.CommandContext(t.Context(), o.soffice, "--headless", "--norestore", "-env:UserInstallation="+o.profile,
		"--infilter="+filter, "--convert-to", "fods", "--outdir", out, path).CombinedOutput()
	if err != nil {
		t.Fatalf("soffice: %v\n%s", err, said)
	}
	data, err := os.ReadFile(filepath.Join(out, strings.TrimSuffix(filepath.Base(path), ".csv")+".fods"))
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var doc struct {
		Rows []struct {
			Cells []struct {
				Type    string   `xml:"value-type,attr"`
				Formula string   `xml:"formula,attr"`
				Value   string   `xml:"value,attr"`
				Date    string   `xml:"date-value,attr"`
				Text    []string `xml:"p"`
			} `xml:"table-cell"`
		} `xml:"body>spreadsheet>table>table-row"`
	}
	if err := xml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, r := range doc.Rows {
		var row []string
		for _, c := range r.Cells {
			switch text := strings.Join(c.Text, "\n"); {
			case c.Formula != "":
				row = append(row, "formula "+c.Formula)
			case c.Type == "float":
				row = append(row, "float "+c.Value)
			case c.Type == "date":
				row = append(row, "date "+c.Date)
			case c.Type != "" || text != "":
				row = append(row, c.Type+" "+text)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestLibreOffice(t *testing.T) {
	office := newLibreOffice(t)
	names := filepath.Join(t.TempDir(), "names.csv")
	if err := os.WriteFile(names, []byte(`link | "=HYPERLINK(""http://example.org"")"`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(t *testing.T, change func(*Config)) (path string, c Config) {
		c = defaults(t.TempDir())
		c.Rates.Names = config.Path(names)
		change(&c)
		return commit(t, c, august(),
			item("Zürich", "größer", "123456.654321", "Stück", "0.00032", "39.51"),
			item("Zürich", "link", "-1", "", "1", "-1"),
		), c
	}
	rows := func(link string) [][]string {
		return [][]string{
			{"string datacenter", "string name", "string start", "string end", "string value", "string unit", "string cost", "string amount"},
			{"string Zürich", "string größer", "date 2013-08-01", "date 2013-09-01", "float 123456.654321", "string Stück", "float 0.00032", "float 39.51"},
			{"string Zürich", link, "date 2013-08-01", "date 2013-09-01", "float -1", "float 1", "float -1"},
		}
	}
	check := func(t *testing.T, want [][]string, path, charset string) {
		t.Helper()
		got := office.cells(t, path, charset)
		if diff := cmp.Diff(want, got[:min(len(got), len(want))]); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*Config)
	}{
		{"default", func(*Config) {}},
		{"excel", func(c *Config) { c.Profile = "excel" }},
		{"utf-16le", func(c *Config) { c.Encoding = "utf-16le" }},
		{"latin1, lf", func(c *Config) { c.Encoding, c.LineEnd = "latin1", "lf" }},
		{"windows-1252", func(c *Config) { c.Encoding = "windows-1252" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path, c := write(t, tc.change)
			check(t, rows(`string '=HYPERLINK("http://example.org")`), path, charsets[c.Encoding])
		})
	}
	// What the apostrophe is for: without it, the same text runs.
	t.Run("raw", func(t *testing.T) {
		path, c := write(t, func(c *Config) { c.Profile = "raw" })
		check(t, rows(`formula of:=HYPERLINK("http://example.org")`), path, charsets[c.Encoding])
	})
}
