package csv

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
)

var oneLine = item("north", "m1.nano", "744", "hour", "0.015", "11.16")

// names are the entries of a directory, hidden ones as well.
func names(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

const augustFile = "cd3deadd3d5a4f11802d03928195f4ef-2013-08-01-2013-09-01.csv"

func TestModes(t *testing.T) {
	c := defaults(filepath.Join(t.TempDir(), "made", "here"))
	path := commit(t, c, august(), oneLine)
	for path, most := range map[string]fs.FileMode{path: 0o640, filepath.Dir(path): 0o750, filepath.Dir(filepath.Dir(path)): 0o750} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if more := info.Mode().Perm() &^ most; more != 0 {
			t.Errorf("%s is %v, want no more than %v", path, info.Mode().Perm(), most)
		}
	}
	if got := names(t, filepath.Dir(path)); got != augustFile {
		t.Errorf("the directory holds %s", got)
	}
}

// An order that is billed again finds neither the file of the invoice that was
// cancelled, nor takes its place. One that an earlier release saved under the
// first name, for the old file was moved away, is found there, and not saved
// again.
func TestLaterAttempt(t *testing.T) {
	c := defaults(t.TempDir())
	first, second, third := august(), august(), august()
	second.Key, second.Attempt = "02", 2
	third.Key, third.Attempt = "03", 3
	find := func(order invoice.Order) string {
		_, inv := open(t, c, order, oneLine)
		reference, err := inv.(invoice.Finder).Find(t.Context())
		if err != nil && !errors.Is(err, invoice.ErrNotFound) {
			t.Fatal(err)
		}
		return reference
	}
	before, err := os.ReadFile(commit(t, c, first, oneLine))
	if err != nil {
		t.Fatal(err)
	}
	if got := find(second); got != "" {
		t.Errorf("the second attempt is found as %q before it is saved", got)
	}
	path := commit(t, c, second, oneLine)
	const secondFile = "cd3deadd3d5a4f11802d03928195f4ef-2013-08-01-2013-09-01~2.csv"
	if got := find(second); filepath.Base(path) != secondFile || got != secondFile || find(first) != augustFile {
		t.Errorf("the second attempt is %s, found as %q, and the first as %q", path, got, find(first))
	}
	if after, err := os.ReadFile(filepath.Join(filepath.Dir(path), augustFile)); err != nil || string(after) != string(before) {
		t.Errorf("the file of the first attempt has changed, %v", err)
	}

	old := third
	old.Attempt = 1 // as an earlier release named it
	if err := os.Remove(filepath.Join(filepath.Dir(path), augustFile)); err != nil {
		t.Fatal(err)
	}
	commit(t, c, old, oneLine)
	if got := find(third); got != augustFile {
		t.Errorf("what an earlier release saved is found as %q", got)
	}
	if got := filepath.Base(commit(t, c, third, oneLine)); got != augustFile || names(t, filepath.Dir(path)) != augustFile+" "+secondFile {
		t.Errorf("saved again as %s: %s", got, names(t, filepath.Dir(path)))
	}
}

// Whatever is there under the name stays as it is, and the error says what it is.
func TestNothingIsOverwritten(t *testing.T) {
	const key, path = "5f0e8c6a7d5b4c3a2f1e0d9c8b7a69584736251403f2e1d0c9b8a79685746352", "DIR/" + augustFile
	other := august()
	other.Key = "0123"
	dir := t.TempDir()
	whole, err := os.ReadFile(commit(t, defaults(dir), august(), oneLine))
	if err != nil {
		t.Fatal(err)
	}
	others, err := os.ReadFile(commit(t, defaults(t.TempDir()), other, oneLine))
	if err != nil {
		t.Fatal(err)
	}
	const otherLine = path + ` was edited since it was written for order ` + key +
		`: line 2 is "north,\"VM, size nano\",2013-08-01,2013-09-01,744,hour,0.015,11.17" there, and was "north,\"VM, size nano\",2013-08-01,2013-09-01,744,hour,0.015,11.16"` +
		` (put the line back: artifice statement ` + key + ` says what was billed; or move the file away)`
	for _, tc := range []struct {
		name, there  string
		commit, find string // errors; "" for none
	}{
		{"this very invoice", string(whole), "", ""},
		{"another order's", string(others),
			path + ` exists and has other content: it is the invoice of order 0123, this is order ` + key + `; line 5 is "order 0123,,,,,,," there, and "order ` + key + `,,,,,,," here` +
				` (move the file away, or name files otherwise with output_file)`,
			`no such invoice: ` + path + ` is the invoice of order 0123, not of order ` + key + ` (move it away)`},
		{"this order's with another line", strings.Replace(string(whole), "11.16", "11.17", 1), otherLine, otherLine},
		{"half of it", string(whole[:100]),
			path + ` exists and has other content: it is not a complete invoice, this is order ` + key + `; line 2 is "north,\"VM, size nano\",2013-08-01,2013-09-01,744,ho" there, and` +
				` "north,\"VM, size nano\",2013-08-01,2013-09-01,744,hour,0.015,11.16" here (move the file away, or name files otherwise with output_file)`,
			path + ` is no complete invoice: its last line is cut (move it away)`},
		{"all but the last byte", string(whole[:len(whole)-1]),
			path + ` exists and has other content: it is not a complete invoice, this is order ` + key + `; line 5 is "order ` + key + `,,,,,,,\r" there, and "order ` + key + `,,,,,,," here` +
				` (move the file away, or name files otherwise with output_file)`,
			path + ` is no complete invoice: its last line is cut (move it away)`},
		{"without the last line", strings.Join(strings.SplitAfter(string(whole), "\r\n")[:4], ""),
			path + ` exists and has other content: it is not a complete invoice, this is order ` + key + `; line 5 is "" there, and "order ` + key + `,,,,,,," here` +
				` (move the file away, or name files otherwise with output_file)`,
			path + ` is no complete invoice: its last row has no order's key (move it away)`},
		{"nothing", "",
			path + ` exists and has other content: it is not a complete invoice, this is order ` + key + `; line 1 is "" there, and "datacenter,name,start,end,value,unit,cost,amount" here` +
				` (move the file away, or name files otherwise with output_file)`,
			path + ` is no complete invoice: its last line is cut (move it away)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			full := filepath.Join(dir, augustFile)
			if err := os.WriteFile(full, []byte(tc.there), 0o600); err != nil {
				t.Fatal(err)
			}
			_, inv := open(t, defaults(dir), august(), oneLine)
			if err := os.Mkdir(inv.(*file).temp(), 0o700); err != nil { // a crash left it
				t.Fatal(err)
			}
			check := func(what, reference string, err error, want string) {
				t.Helper()
				if want == "" {
					if err != nil || reference != augustFile {
						t.Errorf("%s = %q, %v", what, reference, err)
					}
					return
				}
				if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != want || !invoice.IsPermanent(err) {
					t.Errorf("%s = %q, permanent %t\n%v\nwant\n%s", what, reference, invoice.IsPermanent(err), err, want)
				}
			}
			reference, err := inv.(invoice.Finder).Find(t.Context())
			check("Find", reference, err, tc.find)
			if got := names(t, dir); tc.find == "" && got != augustFile {
				t.Errorf("Find leaves %s in the directory", got)
			}
			reference, err = inv.Commit(t.Context())
			check("Commit", reference, err, tc.commit)
			if now, err := os.ReadFile(full); err != nil || string(now) != tc.there {
				t.Errorf("the file is now %q, %v", now, err)
			}
			if got := names(t, dir); got != augustFile {
				t.Errorf("the directory holds %s", got)
			}
		})
	}
}

// Where the file system has no links, a file is written all the same, and
// still never over another.
func TestWithoutLinks(t *testing.T) {
	for _, linkErr := range []error{errors.ErrUnsupported, fs.ErrPermission} {
		dir := t.TempDir()
		var references []string
		for range 2 {
			erp, inv := open(t, defaults(dir), august(), oneLine)
			erp.link = func(string, string) error { return &fs.PathError{Op: "link", Err: linkErr} }
			reference, err := inv.Commit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			references = append(references, reference)
		}
		if references[0] != references[1] || names(t, dir) != augustFile {
			t.Errorf("references %q, files %s", references, names(t, dir))
		}
		other := august()
		other.Key = "0123"
		erp, inv := open(t, defaults(dir), other, oneLine)
		erp.link = func(string, string) error { return linkErr }
		if _, err := inv.Commit(t.Context()); !invoice.IsPermanent(err) {
			t.Errorf("another order: %v, want a permanent error", err)
		}
	}
}

// Where a directory takes no files, what may be done is said, and whether the
// failure is permanent stays as it is.
func TestExplain(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: "mkdir", Path: "out/x", Err: syscall.EROFS}, "mkdir out/x: read-only file system: mount it to be written, or name another directory with csv_directory (a unit of systemd has ReadWritePaths=)"},
		{&fs.PathError{Op: "mkdir", Path: "out/x", Err: syscall.EACCES}, "mkdir out/x: permission denied: Artifice must be allowed to write to out, or name another directory with csv_directory"},
		{errTaken, errTaken.Error()},
	} {
		if got := explain(tc.err, "out"); got.Error() != tc.want || !errors.Is(got, tc.err) || invoice.IsPermanent(got) {
			t.Errorf("got %v, want %s", got, tc.want)
		}
	}
	if explain(nil, "out") != nil || !invoice.IsPermanent(explain(invoice.Permanent(syscall.EROFS), "out")) {
		t.Error("another error than it was")
	}
	erp, inv := open(t, defaults(t.TempDir()), august(), oneLine)
	erp.link = func(string, string) error { return syscall.EROFS }
	if _, err := inv.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "name another directory with csv_directory") {
		t.Errorf("commit: %v", err)
	}
}

// A failure that may pass is neither permanent nor an unknown outcome, and
// leaves nothing; one after the name is there is an unknown outcome.
func TestFailures(t *testing.T) {
	t.Run("link", func(t *testing.T) {
		dir := t.TempDir()
		erp, inv := open(t, defaults(dir), august(), oneLine)
		full := errors.New("no space left")
		erp.link = func(string, string) error { return full }
		if _, err := inv.Commit(t.Context()); !errors.Is(err, full) || invoice.IsPermanent(err) || invoice.IsUnknownOutcome(err) {
			t.Errorf("Commit = %v", err)
		}
		if got := names(t, dir); got != "" {
			t.Errorf("the directory holds %s", got)
		}
	})
	t.Run("sync of the directory", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "gone")
		erp, inv := open(t, defaults(dir), august(), oneLine)
		erp.link = func(string, string) error { return os.RemoveAll(dir) }
		if _, err := inv.Commit(t.Context()); !invoice.IsUnknownOutcome(err) {
			t.Errorf("Commit = %v, want an unknown outcome", err)
		}
	})
	t.Run("a file where a directory should be", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{path, filepath.Join(path, "below")} {
			_, inv := open(t, defaults(dir), august(), oneLine)
			if _, err := inv.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("Commit = %v, want an error that names %s", err, path)
			}
		}
	})
	t.Run("an amount with too many digits", func(t *testing.T) {
		_, inv := open(t, defaults(t.TempDir()), august(), oneLine)
		err := inv.AddLine(item("north", "m1.nano", "1", "hour", "0.015", "0.015"))
		const want = `the amount 0.015 of "m1.nano" has more than the 2 digits of NZD`
		if err == nil || err.Error() != want || !invoice.IsPermanent(err) {
			t.Errorf("AddLine = %v, want %s", err, want)
		}
		if err := inv.AddLine(item("north", "m1.nano", "1", "hour", "0.01", "0.01000")); err != nil {
			t.Errorf("zeros at the end are no digits: %v", err)
		}
	})
}

// Rates are read at first use; a broken file is named, and read again once it
// is mended; a good one is not, so that costs stay as they are.
func TestRatesAreReadOnce(t *testing.T) {
	c := defaults(t.TempDir())
	path := filepath.Join(t.TempDir(), "rates.csv")
	c.Rates.File = config.Path(path)
	_, inv := open(t, c, august(), oneLine)
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("* | m1.nano | hour | one\n* | short\n")
	_, err := inv.Cost(t.Context(), "north", "m1.nano")
	if err == nil || strings.Count(err.Error(), path+":") != 2 || errors.Is(err, invoice.ErrNoCost) {
		t.Errorf("Cost = %v, want both mistakes of the file", err)
	}
	write("* | m1.nano | hour | 1\n")
	for range 2 {
		if cost, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil || cost.String() != "1" {
			t.Errorf("Cost = %s, %v; want 1", cost, err)
		}
		write("* | m1.nano | hour | 2\n")
	}
	_, err = inv.Cost(t.Context(), "north", "m1.tiny")
	if want := `no cost: no rate for "m1.tiny" in "north": add a line "north | m1.tiny | unit | rate" to ` + path; err == nil || err.Error() != want {
		t.Errorf("Cost = %v, want %s", err, want)
	}
}

func TestHealth(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"good", func(*Config) {}, "output directory: <nil>\nrates file: <nil>\nnames file: <nil>\n"},
		{"the directory can be made", func(c *Config) { c.Directory = config.Path(filepath.Join(root, "a", "b")) },
			"output directory: <nil>\nrates file: <nil>\nnames file: <nil>\n"},
		{"all at once", func(c *Config) {
			c.Directory, c.Rates.File, c.Rates.Names = config.Path(filepath.Join(file)), config.Path(filepath.Join(root, "rates")), config.Path(file)
		}, "output directory: ROOT/file is not a directory (name another with csv_directory)\n" +
			"rates file: ROOT/rates: no such file or directory (name another with rates.file)\n" +
			"names file: ROOT/file: is empty: write a line \"service | name\" for each name\n"},
		{"below a file", func(c *Config) { c.Directory = config.Path(filepath.Join(file, "below")) },
			"output directory: stat ROOT/file/below: not a directory\nrates file: <nil>\nnames file: <nil>\n"},
		{"no rates", func(c *Config) { c.Rates.File, c.Rates.Names = "", "" },
			"output directory: <nil>\nrates file: none is configured, so nothing has a price: name one with rates.file\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := defaults(root)
			tc.change(&c)
			erp, err := NewInvoice(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for name, err := range erp.CheckHealth(t.Context()) {
				text := "<nil>"
				if err != nil {
					text = strings.ReplaceAll(err.Error(), root, "ROOT")
				}
				got.WriteString(name + ": " + text + "\n")
			}
			if got.String() != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), tc.want)
			}
			if left := names(t, root); left != "file" {
				t.Errorf("the directory holds %s", left)
			}
		})
	}
	erp, err := NewInvoice(t.Context(), defaults(root))
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range erp.CheckHealth(cancelled) {
		if name != "output directory" && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v with a cancelled context", name, err)
		}
	}
}
