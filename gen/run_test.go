package gen

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoodCasesRun compiles the registries of all good cases into one program
// and runs it. The packages exist only in an overlay of the go command.
func TestGoodCasesRun(t *testing.T) {
	const runner = artifice + "/gen/testdata/runner"
	root, err := filepath.Abs("testdata/run")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := map[string]string{}
	add := func(name, code string) {
		real := filepath.Join(dir, fmt.Sprint(len(overlay))+".go")
		if err := os.WriteFile(real, []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(root, filepath.FromSlash(name))] = real
	}

	var imports, calls strings.Builder
	var good []*goldenCase
	for _, c := range goldenCases(t) {
		code, err := generateCase(t, c)
		if err != nil {
			continue
		}
		n := len(good)
		add(fmt.Sprintf("case%d/registry.go", n), string(code))
		fmt.Fprintf(&imports, "case%d %q\n", n, fmt.Sprintf("%s/gen/testdata/run/case%d", artifice, n))
		fmt.Fprintf(&calls, "fmt.Println(%q)\nrunner.Run(os.Stdout, case%d.Registry(), %q)\n", separator, n, c.get(configFile))
		good = append(good, c)
	}
	add("main.go", fmt.Sprintf("package main\nimport (\n\"fmt\"\n\"os\"\n%q\n%s)\nfunc main() {\n%s}\n", runner, &imports, &calls))

	mapping, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, mapping, 0o644); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "go", "run", "-overlay", overlayFile, artifice+"/gen/testdata/run")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ran := strings.Split(string(out), separator+"\n")[1:]
	if len(ran) != len(good) {
		t.Fatalf("%d of %d cases ran: %s", len(ran), len(good), out)
	}
	for i, c := range good {
		t.Run(c.name, func(t *testing.T) { c.expect(t, runFile, ran[i]) })
	}
}

const separator = "===="
