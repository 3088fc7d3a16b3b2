package csv

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
)

// The README's example does what it says, and its table has every key with its
// default.
func TestREADME(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)

	var blocks []string // of the example, between paragraphs
	for _, block := range strings.Split(readme, "\n\n") {
		if strings.HasPrefix(block, "    ") {
			blocks = append(blocks, strings.ReplaceAll(strings.TrimPrefix(block, "    "), "\n    ", "\n")+"\n")
		}
	}
	if len(blocks) < 3 {
		t.Fatalf("%d blocks", len(blocks))
	}
	c := defaults(t.TempDir())
	dir := t.TempDir()
	for name, text := range map[string]string{"rates.csv": blocks[0], "names.csv": blocks[1]} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Rates.File, c.Rates.Names = config.Path(filepath.Join(dir, "rates.csv")), config.Path(filepath.Join(dir, "names.csv"))
	_, inv := open(t, c, august())
	for service, want := range map[string]string{"m1.nano": "0.015", "volume.size": "0.00032"} {
		if cost, err := inv.Cost(t.Context(), "north", service); err != nil || cost.String() != want {
			t.Errorf("%s costs %s, %v", service, cost, err)
		}
	}
	path := commit(t, c, august(),
		item("north", "m1.nano", "744", "hour", "0.015", "11.16"),
		item("north", "volume.size", "123456.654321", "gigabyte hour", "0.00032", "39.51"))
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key := august().Key
	want := strings.ReplaceAll(strings.ReplaceAll(blocks[2], key[:16]+"...", key), "\n", "\r\n")
	if diff := cmp.Diff(want, string(file)); diff != "" {
		t.Errorf("(-README +file)\n%s", diff)
	}
	if !strings.Contains(readme, "`"+filepath.Base(path)+"`") {
		t.Errorf("the file is %s", filepath.Base(path))
	}

	wantKeys(t, readme, "", reflect.TypeFor[Config]())
}

func wantKeys(t *testing.T, readme, prefix string, of reflect.Type) {
	t.Helper()
	for field := range fields(of) {
		name, options, _ := strings.Cut(field.Tag.Get("ini"), ",")
		if field.Type.Kind() == reflect.Struct {
			wantKeys(t, readme, name+".", field.Type)
			continue
		}
		_, row, ok := strings.Cut(readme, "\n| `"+prefix+name+"`")
		row, _, _ = strings.Cut(row, "\n")
		_, fallback, _ := strings.Cut(options, "default=")
		if fallback == "|" {
			fallback = "&#124;"
		}
		if !ok || !strings.Contains(row, fallback) {
			t.Errorf("the README has no row for %s%s with its default %q: %q", prefix, name, fallback, row)
		}
	}
}
