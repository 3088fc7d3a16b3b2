package gen

import (
	"errors"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"URL": "url", "RowLayout": "row_layout", "HTTPProxy": "http_proxy", "Int8": "int8",
		"UserID": "user_id", "A": "a", "X509Cert": "x509_cert", "Already_Split": "already_split", "ÄÖ": "äö",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for text, want := range map[string]string{
		"nz": "nz", "nz-prod": "nzprod", "42nd": "nd", "42": "", "": "", "Go": "gopkg", "type": "typepkg", "été_1": "été1",
	} {
		if got := identifier(text); got != want {
			t.Errorf("identifier(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestImportable(t *testing.T) {
	for _, c := range []struct {
		imported, by string
		want         bool
	}{
		{"a.b/c", "x.y/z", true},
		{"a.b/internal/c", "a.b/d", true},
		{"a.b/internal/c", "a.b", true},
		{"a.b/internal", "a.b/d", true},
		{"a.b/c/internal/d", "a.b/e", false},
		{"a.b/internal/c", "a.bc/d", false},
		{"a.b/internal/c/internal/d", "a.b/e", false}, // the innermost counts
		{"a.b/internal/c/internal/d", "a.b/internal/c/e", true},
		{"a.b/internals/c", "x.y", true},
	} {
		if got := importable(c.imported, c.by); got != c.want {
			t.Errorf("importable(%q, %q) = %v, want %v", c.imported, c.by, got, c.want)
		}
	}
}

func TestImportNames(t *testing.T) {
	got := importNames(map[string]string{
		"context":                  "context",
		configPath:                 "config",
		"acme.com/config":          "config", // the contract keeps its name
		"acme.com/csv":             "csv",
		"other.org/csv":            "csv",
		"other.org/csv/v2":         "csv",
		"else.org/other.org/csv":   "csv",
		"acme.com/order":           "order", // a parameter
		"acme.com/err":             "err",   // a variable
		"acme.com/go-type/strings": "string",
	})
	want := map[string]string{
		"context":                  "context",
		configPath:                 "config",
		"acme.com/config":          "acmecomconfig",
		"acme.com/csv":             "csv",
		"else.org/other.org/csv":   "otherorgcsv",
		"other.org/csv":            "otherorgcsv2",
		"other.org/csv/v2":         "otherorgcsv3",
		"acme.com/order":           "acmecomorder",
		"acme.com/err":             "acmecomerr",
		"acme.com/go-type/strings": "gotypestring",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseTag(t *testing.T) {
	for tags, want := range map[string]tag{
		`ini:"path"`:                      {name: "path"},
		`ini:"path,required"`:             {name: "path", required: true},
		`ini:",required"`:                 {required: true},
		`ini:"-"`:                         {skip: true},
		`ini:"a,alias=b,alias=c"`:         {name: "a", aliases: []string{"b", "c"}},
		`ini:"a,default=x,required"`:      {name: "a", fallback: "x,required"}, // the rest is the default
		`ini:"a,alias=b,default=1,2"`:     {name: "a", aliases: []string{"b"}, fallback: "1,2"},
		`ini:"a,default=','"`:             {name: "a", fallback: ","},
		`ini:"a,default='"`:               {name: "a", fallback: "'"},
		`ini:"a,default=\"b c\""`:         {name: "a", fallback: "b c"},
		`json:"x" ini:"a,rest" yaml:"-"`:  {name: "a", rest: true},
		`ini:"rates.file,alias=old.file"`: {name: "rates.file", aliases: []string{"old.file"}},
	} {
		got, found, err := parseTag(tags)
		if err != nil || !found {
			t.Errorf("parseTag(%s): found %v, error %v", tags, found, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(tag{})); diff != "" {
			t.Errorf("parseTag(%s): %s", tags, diff)
		}
	}
	for _, tags := range []string{"", `json:"ini"`, "`db:\"x\"`"} {
		if _, found, err := parseTag(tags); found || err != nil {
			t.Errorf("parseTag(%s): found %v, error %v", tags, found, err)
		}
	}
	for _, tags := range []string{`ini:a`, `ini:"a,alias="`, `ini:"a b"`, `ini:"a,,required"`, `ini:"a,required,default=x"`, `ini:"a=b"`} {
		if _, _, err := parseTag(tags); err == nil {
			t.Errorf("parseTag(%s): no error", tags)
		}
	}
}

func TestQuoted(t *testing.T) {
	for value, want := range map[string]string{
		"": "", "1h30m": "1h30m", "Pacific/Auckland": "Pacific/Auckland", ",": `","`, "a b": `"a b"`, `a"b`: `'a"b'`, "#x": `"#x"`,
	} {
		if got := quoted(value); got != want {
			t.Errorf("quoted(%q) = %s, want %s", value, got, want)
		}
	}
}

func TestGroupImports(t *testing.T) {
	const code = "package x\n\nimport (\n\t\"a.b/c\"\n\t\"context\"\n\td \"e.f/g\"\n\t\"net/url\"\n)\n\nvar x = 1\n"
	const want = "package x\n\nimport (\n\t\"context\"\n\t\"net/url\"\n\n\t\"a.b/c\"\n\td \"e.f/g\"\n)\n\nvar x = 1\n"
	if diff := cmp.Diff(want, string(groupImports([]byte(code)))); diff != "" {
		t.Error(diff)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	out := &Output{Path: filepath.Join(dir, "registry.go"), Code: []byte("new\n")}
	if stale, err := out.Stale(); !stale || err != nil {
		t.Fatalf("a missing file: stale %v, error %v", stale, err)
	}
	if changed, err := out.Write(); !changed || err != nil {
		t.Fatalf("first: changed %v, error %v", changed, err)
	}
	if changed, err := out.Write(); changed || err != nil {
		t.Fatalf("second: changed %v, error %v", changed, err)
	}
	before, err := os.Open(out.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	out.Code = []byte("newer\n")
	diff, err := out.Diff("registry.go")
	if want := "diff registry.go registry.go (new)\n--- registry.go\n+++ registry.go (new)\n@@ -1,1 +1,1 @@\n-new\n+newer\n"; string(diff) != want || err != nil {
		t.Errorf("diff: %q, error %v", diff, err)
	}
	if changed, err := out.Write(); !changed || err != nil {
		t.Fatalf("third: changed %v, error %v", changed, err)
	}
	if old, err := io.ReadAll(before); string(old) != "new\n" || err != nil {
		t.Errorf("who had the old file open reads %q, error %v: it was not replaced but written over", old, err)
	}
	data, err := os.ReadFile(out.Path)
	if string(data) != "newer\n" || err != nil {
		t.Errorf("holds %q, error %v", data, err)
	}
	if info, err := os.Stat(out.Path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	only(t, dir, "registry.go")
}

// A file that cannot be replaced stays as it is, and nothing is left beside it.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	out := &Output{Path: filepath.Join(dir, "registry.go"), Code: []byte("new\n")}
	if err := os.MkdirAll(filepath.Join(out.Path, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(); err == nil {
		t.Error("no error where a directory has the file's name")
	}
	only(t, dir, "registry.go")
	missing := &Output{Path: filepath.Join(dir, "nowhere", "registry.go")}
	if _, err := missing.Write(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}

func only(t *testing.T, dir, want string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != want {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

func TestGitHubEscapes(t *testing.T) {
	r := report{Mistakes: []mistake{
		{File: "a:b,c.ini", Line: 3, Column: 4, Message: "100% wrong", Detail: "have x\r\nwant y"},
		{Message: "no place"},
	}}
	var out strings.Builder
	r.printGitHub(&out)
	const want = "::error title=artifice-gen,file=a%3Ab%2Cc.ini,line=3,col=4::100%25 wrong%0Ahave x%0D%0Awant y\n" +
		"::error title=artifice-gen::no place\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// Every interface of a contract's package is a contract, a part of one, or an
// ability that adapters are held to.
func TestAbilitiesAreAll(t *testing.T) {
	c, err := load(t.Context(), deploymentOf(t), Options{ReadOnly: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, k := range kinds {
		for _, s := range k.shapes {
			known[s.contract.String()] = true
			contract := c.lookup(s.contract).Underlying().(*types.Interface)
			for part := range contract.EmbeddedTypes() {
				known[short(part)] = true
			}
			for _, ability := range abilities[s.contract] {
				known[ability.String()] = true
			}
		}
	}
	for _, path := range []string{invoicePath, ledgerPath, usagePath} {
		scope := c.packages[path].Types.Scope()
		for _, name := range scope.Names() {
			ability := symbol{path, name}
			if found, ok := scope.Lookup(name).(*types.TypeName); ok && found.Exported() && types.IsInterface(found.Type()) && !known[ability.String()] {
				t.Errorf("%s is in no list of abilities: a method that is nearly its own would never be called, and nobody told", ability)
			}
		}
	}
}
