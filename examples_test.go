package artifice_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the program of the examples says of its samples. The arithmetic:
//
//	web:     3 samples hold 1 h each, 10800 s x 0.00002 = 0.216
//	data:    20 GB in 3 hours, 60 GB hour x 0.0005 = 0.03
//	archive: 500 GB hour x 0.0005 = 0.25, seen in 2 hours x 0.01 = 0.02
const (
	exampleCollected = `note: source object has 1 new gap, in which no samples came of what had not stopped; such time is billed to nobody
gap: tenant 0f4d2e6c81b74a1e9f3a5d7c90b1e2a3, meter instance, resource web: silent since 2025-03-10T16:00:00+13:00
hint: acme usage --gaps lists all
source  samples  counted  tenants  series  windows  entries  through
----------------------------------------------------------------------------------------
object       10       10        2       4       10        9  2025-04-01T00:00:00+13:00
`
	exampleBilled = `tenant                            result  order         total  currency  reference
----------------------------------------------------------------------------------------------------------------
0f4d2e6c81b74a1e9f3a5d7c90b1e2a3  billed  8c96c64f3b1d   0.25  NZD       8c96c64f3b1dcc161d975a4d402a0e38.json
7a9c1b3d5e6f40829384a5b6c7d8e9f0  billed  e45fc473f91d   0.27  NZD       e45fc473f91d6be8873dc23631e57489.json
`
	exampleStatement = `statement of order 8c96c64f3b1dcc161d975a4d402a0e38
tenant      0f4d2e6c81b74a1e9f3a5d7c90b1e2a3
block       2025-03 (2025-03-01T00:00:00+13:00 to 2025-04-01T00:00:00+13:00, Pacific/Auckland)
date        DATE

datacenter  service      description      value  unit        cost  amount
---------------------------------------------------------------------------
RegionOne   m1.small     Virtual Machine  10800  second   0.00002    0.22
            volume.size  Volume              60  GB hour   0.0005    0.03
---------------------------------------------------------------------------
total NZD                                                            0.25
`
)

// The examples are a module of their own, as an outside author's is: with its
// own tests, an up-to-date registry, and a program that bills.
func TestExamples(t *testing.T) {
	t.Parallel()
	dir, env := t.TempDir(), append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off")
	env = append(env, "DIR="+dir)
	// A go.mod that is behind this module's fails here: cd examples && go mod tidy
	shell(t, "examples", env, "go vet ./...")
	shell(t, "examples", env, "go test ./...")
	if said := shell(t, "examples", env, "go tool artifice-gen -check"); said != "zz_generated_registry.go is up to date\n" {
		t.Errorf("artifice-gen -check says %q", said)
	}
	shell(t, "examples", env, `go build -o "$DIR/bin/acme" ./cmd/acme`)
	shell(t, "examples", env, `cp -r artifice.ini samples "$DIR" && mkdir "$DIR/invoices"`)

	is := func(got, want string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	is(shell(t, dir, env, "bin/acme collect --through 2025-04-01"), exampleCollected)
	is(shell(t, dir, env, "bin/acme bill --month 2025-03"), exampleBilled)
	statement := shell(t, dir, env, "bin/acme statement 8c96c64f3b1d")
	date := regexp.MustCompile(`\d{4}-\d\d-\d\d\n\n`)
	is(date.ReplaceAllString(statement, "DATE\n\n"), exampleStatement)

	// Again: nothing is billed twice.
	before := invoicesIn(t, dir)
	said := shell(t, dir, env, "bin/acme bill --month 2025-03")
	if strings.Count(said, "already billed") != 2 || strings.Count(said, "nothing was written") != 2 {
		t.Errorf("a second bill says\n%s", said)
	}
	if diff := cmp.Diff(before, invoicesIn(t, dir)); diff != "" {
		t.Errorf("a second bill changed the invoices (-before +after)\n%s", diff)
	}
	is(shell(t, dir, env, "bin/acme statement 8c96c64f3b1d"), statement)

	var held struct {
		Items []struct{ Name, Amount string }
	}
	if err := json.Unmarshal([]byte(before["e45fc473f91d6be8873dc23631e57489.json"]), &held); err != nil || len(before) != 2 {
		t.Fatalf("%d invoices, want 2; %v", len(before), err)
	}
	if len(held.Items) != 2 || held.Items[0].Name != "backup" || held.Items[0].Amount != "0.02" || held.Items[1].Amount != "0.25" {
		t.Errorf("the second invoice holds %v", held.Items)
	}
}

// invoicesIn reads the invoices of the program that ran in dir, by their names.
func invoicesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "invoices"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		all[entry.Name()] = readFile(t, filepath.Join(dir, "invoices", entry.Name()))
	}
	return all
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// writeFile writes a file and makes its directory where it is missing.
func writeFile(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// stderrOf is what a command said before it failed.
func stderrOf(err error) string {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "\n" + string(exit.Stderr)
	}
	return ""
}
