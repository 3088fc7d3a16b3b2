package distil

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// readFile returns a file under its base name, none where there is none.
func readFile(t *testing.T, name string) File {
	t.Helper()
	data, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return File{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return File{Name: filepath.Base(name), Data: data}
}

// golden holds what came out against a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v; write it with -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -want +got:\n%s", name, diff)
	}
}

// TestConvert turns whole files into sections: NAME.mappings.yml and
// NAME.transformer.yaml into NAME.ini and NAME.notes, or NAME.errors.
func TestConvert(t *testing.T) {
	names, err := filepath.Glob("testdata/*.mappings.yml")
	if err != nil || len(names) < 4 {
		t.Fatalf("%d cases, %v", len(names), err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(name, ".mappings.yml")
		t.Run(filepath.Base(base), func(t *testing.T) {
			mappings, transformers := readFile(t, name), readFile(t, base+".transformer.yaml")
			result, err := Convert(mappings, transformers)
			if err != nil {
				golden(t, base+".errors", []byte(err.Error()+"\n"))
				if _, err := os.Stat(base + ".ini"); err == nil {
					t.Errorf("there is %s.ini, too", base)
				}
				if result != nil {
					t.Errorf("a result beside mistakes: %v", result)
				}
				return
			}
			golden(t, base+".ini", result.INI)
			var notes bytes.Buffer
			for _, n := range result.Notes {
				notes.WriteString(n.String() + "\n")
			}
			golden(t, base+".notes", notes.Bytes())
			again, err := Convert(mappings, transformers)
			if diff := cmp.Diff(result, again); diff != "" || err != nil {
				t.Errorf("the same files give something else: %v\n%s", err, diff)
			}
		})
	}
}
