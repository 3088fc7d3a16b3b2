package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
)

const mappingsOfDistil = `- meter: volume.size
  service: b1.standard
  transformer: storagemax
  unit: gigabyte
- meter: ip.floating
  transformer: max
  unit: hour
`

// importMappings runs the command on files with the texts, in a directory of
// their own, which is left out of what it says.
func importMappings(t *testing.T, texts ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"import-mappings"}
	for i, text := range texts {
		name := filepath.Join(dir, []string{"m.yml", "t.yaml", "x"}[i])
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	var out, errs bytes.Buffer
	app := &App{Stdout: &out, Stderr: &errs}
	code = app.Run(t.Context(), args...)
	short := strings.NewReplacer(dir+string(filepath.Separator), "").Replace
	return code, short(out.String()), short(errs.String())
}

func TestImportMappings(t *testing.T) {
	for _, test := range []struct {
		name   string
		files  []string
		code   int
		stderr string
	}{
		{"both", []string{mappingsOfDistil, "fromimage: {service: b1.standard}\n"}, ExitDone, `
m.yml:3:16: Distil asked Cinder for names, and so does a source that logs in to a cloud. Files have those of the samples' metadata: where that has only ids, write names.ID = NAME
m.yml:7:9: the unit "hour" is left out: Artifice counts in the samples' unit and hours, to which a price per hour applies
t.yaml:1:1: the config of fromimage is left out: no mapping uses it
2 meters converted, 3 notes: put the sections into the config and run artifice check
`},
		{"mappings alone", []string{"- {meter: m, transformer: sum}\n"}, ExitDone, `
1 meter converted, 0 notes: put the sections into the config and run artifice check
`},
		{"mistakes", []string{"- {meter: m, transformer: summ}\n- {meter: \"\\e[31m\"}\n"}, ExitFailed, `
m.yml:1:27: Distil has no transformer "summ" (did you mean "sum"?); write one of your own anew (docs/adapters.md), and take this mapping out
m.yml:2:3: meter "\x1b[31m" has no transformer: say how its samples are billed
m.yml:2:3: the meter "\x1b[31m" cannot be a section's name
`},
		{"no file", nil, ExitUsage, `
artifice import-mappings takes the file of mappings, and that of transformers where there is one
hint: artifice import-mappings meter_mappings.yml transformer.yaml > meters.ini
`},
		{"three files", []string{"", "", ""}, ExitUsage, `
artifice import-mappings takes the file of mappings, and that of transformers where there is one
hint: artifice import-mappings meter_mappings.yml transformer.yaml > meters.ini
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := importMappings(t, test.files...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.stderr, "\n"), stderr); diff != "" {
				t.Errorf("stderr: -want +got:\n%s", diff)
			}
			if (stdout == "") != (code != ExitDone) {
				t.Errorf("exit code %d, and stdout is\n%s", code, stdout)
			}
			if code != ExitDone {
				return
			}
			if _, err := config.Parse("artifice.ini", []byte(stdout)); err != nil {
				t.Errorf("%v:\n%s", err, stdout)
			}
		})
	}
}

func TestImportMappingsOfNoFile(t *testing.T) {
	var out, errs bytes.Buffer
	app := &App{Stdout: &out, Stderr: &errs}
	name := filepath.Join(t.TempDir(), "gone.yml")
	if code := app.Run(t.Context(), "import-mappings", name); code != ExitFailed || !strings.Contains(errs.String(), "gone.yml: no such file") || out.Len() > 0 {
		t.Errorf("exit code %d, %q and %q", code, errs.String(), out.String())
	}
}
