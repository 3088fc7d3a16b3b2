package csv

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/invoice"
)

// What is there under the name of a flat file, or of a compressed one, is
// this order's and whole, or a permanent error says what it is.
func TestFindOtherStyles(t *testing.T) {
	flat := func(c *Config) { c.Layout = "flat" }
	gz := func(c *Config) { c.OutputFile += ".gz" }
	other := func(data []byte, to string) []byte {
		return bytes.ReplaceAll(data, []byte(august().Key), []byte(to))
	}
	for _, tc := range []struct {
		name   string
		config func(*Config)
		change func([]byte) []byte
		want   string // the error, after the path; "" for found
	}{
		{"flat", flat, bytes.Clone, ""},
		{"flat without a header", func(c *Config) { c.Layout, c.Header = "flat", false }, bytes.Clone, ""},
		{"flat, another order's", flat, func(d []byte) []byte { return other(d, "0123") },
			"is the invoice of order 0123, not of order " + august().Key + " (move it away)"},
		{"flat, in part another order's", flat, func(d []byte) []byte {
			at := bytes.LastIndex(d, []byte(august().Key))
			return append(bytes.Clone(d[:at]), "0123\r\n"...)
		}, "is no complete invoice: its row 3 has the key of another order than those before (move it away)"},
		{"flat, without a key", flat, func(d []byte) []byte { return other(d, "") },
			"is no complete invoice: its row 2 has no order's key (move it away)"},
		{"flat, only a header", flat, func(d []byte) []byte { return bytes.SplitAfter(d, []byte("\r\n"))[0] },
			"is no complete invoice: it has no row with an order's key (move it away)"},
		{"flat, cut", flat, func(d []byte) []byte { return d[:len(d)-5] }, "is no complete invoice: its last line is cut (move it away)"},
		{"flat, empty", flat, func([]byte) []byte { return nil }, "is no complete invoice: its last line is cut (move it away)"},
		{"compressed", gz, bytes.Clone, ""},
		{"compressed, cut", gz, func(d []byte) []byte { return d[:len(d)-3] },
			"is no complete invoice: it is cut, or changed: unexpected EOF (move it away)"},
		{"compressed, changed", gz, func(d []byte) []byte { d[len(d)-8] ^= 1; return d },
			"is no complete invoice: it is cut, or changed: gzip: invalid checksum (move it away)"},
		{"not compressed", gz, func([]byte) []byte { return []byte("a,b\r\norder " + august().Key + "\r\n") },
			"is no complete invoice: it is not compressed with gzip: gzip: invalid header (move it away)"},
		{"of UTF-16", func(c *Config) { c.Encoding, c.LineEnd = "utf-16le", "lf" }, bytes.Clone, ""},
		{"of UTF-16, cut", func(c *Config) { c.Encoding = "utf-16le" }, func(d []byte) []byte { return d[:len(d)-2] },
			"is no complete invoice: its last line is cut (move it away)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := defaults(t.TempDir())
			tc.config(&c)
			path := commit(t, c, august(), oneLine, oneLine)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			there := tc.change(data)
			if err := os.WriteFile(path, there, 0o600); err != nil {
				t.Fatal(err)
			}
			_, inv := open(t, c, august(), oneLine, oneLine)
			reference, err := inv.(invoice.Finder).Find(t.Context())
			if tc.want == "" {
				if err != nil || reference != filepath.Base(path) {
					t.Errorf("Find = %q, %v", reference, err)
				}
			} else if err == nil || strings.TrimPrefix(err.Error(), "no such invoice: ") != path+" "+tc.want || !invoice.IsPermanent(err) {
				t.Errorf("Find = %q, permanent %t\n%v\nwant\n%s", reference, invoice.IsPermanent(err), err, tc.want)
			}
			if _, err := inv.Commit(t.Context()); (err == nil) != (tc.want == "") || err != nil && !invoice.IsPermanent(err) {
				t.Errorf("Commit = %v", err)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, there) {
				t.Errorf("the file was changed, %v", err)
			}
		})
	}
}

// The same text compressed in another way is the same invoice.
func TestCompressedOtherwise(t *testing.T) {
	c := defaults(t.TempDir())
	c.OutputFile += ".gz"
	path := commit(t, c, august(), oneLine)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if again := commitBytes(t, c, oneLine); !bytes.Equal(again, data) {
		t.Error("the same invoice has other bytes")
	}
	if time := data[4:8]; !bytes.Equal(time, make([]byte, 4)) {
		t.Errorf("the file holds the time %x", time)
	}
	// Two members, of which the first is empty.
	empty, err := format{encoding: encodings[0], gzip: true}.encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	otherwise := append(empty, data...)
	if err := os.WriteFile(path, otherwise, 0o600); err != nil {
		t.Fatal(err)
	}
	if again := commit(t, c, august(), oneLine); again != path {
		t.Errorf("it is now %s", again)
	}
	_, inv := open(t, c, august(), item("north", "m1.nano", "744", "hour", "0.015", "11.17"))
	_, err = inv.Commit(t.Context())
	if want := `line 2 is "north,\"VM, size nano\",2013-08-01,2013-09-01,744,hour,0.015,11.16" there, and was "north,\"VM, size nano\",2013-08-01,2013-09-01,744,hour,0.015,11.17"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// commitBytes saves an invoice in a directory of its own.
func commitBytes(t *testing.T, c Config, items ...invoice.Item) []byte {
	t.Helper()
	c.Directory = defaults(t.TempDir()).Directory
	data, err := os.ReadFile(commit(t, c, august(), items...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A character that the encoding has not stops the invoice for good, is named,
// and nothing is saved.
func TestCharactersThatDoNotFit(t *testing.T) {
	for _, tc := range []struct{ encoding, name, want string }{
		{"latin1", "größer", ""},
		{"latin1", "10 €", `latin1 has no character '€' (U+20AC), which is in line 3 (choose another encoding, such as utf-8)`},
		{"windows-1252", "10 €", ""},
		{"windows-1252", "Łódź", `windows-1252 has no character 'Ł' (U+0141), which is in line 3 (choose another encoding, such as utf-8)`},
		{"windows-1252", "\xff", `windows-1252 has no character '�' (U+FFFD), which is in line 3 (choose another encoding, such as utf-8)`},
		{"utf-16le", "Łódź €", ""},
	} {
		t.Run(tc.encoding+" "+tc.name, func(t *testing.T) {
			c := defaults(t.TempDir())
			c.Encoding = tc.encoding
			_, inv := open(t, c, august(), oneLine, item("north", tc.name, "1", "", "1", "1"))
			_, err := inv.Commit(t.Context())
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if want := filepath.Join(string(c.Directory), augustFile) + ": " + tc.want; err == nil || err.Error() != want || !invoice.IsPermanent(err) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if got := names(t, string(c.Directory)); got != "" {
				t.Errorf("the directory holds %s", got)
			}
		})
	}
}

// Without links, a crash leaves an empty file under the final name or a whole
// one, and what fails leaves nothing.
func TestTake(t *testing.T) {
	dir := t.TempDir()
	temp, path := filepath.Join(dir, "temp"), filepath.Join(dir, "final")
	if err := take(temp, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("take = %v of a file that is not there", err)
	}
	if got := names(t, dir); got != "" {
		t.Errorf("the directory holds %s", got)
	}
	for _, name := range []string{temp, path} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(temp, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("take = %v of a name that another has", err)
	}
	if there, err := os.ReadFile(path); err != nil || string(there) != path {
		t.Errorf("the other file is now %q, %v", there, err)
	}
}
