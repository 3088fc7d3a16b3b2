package gen

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/modfile"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"artifice-gen": func() {
			os.Exit(Main(context.Background(), Command{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr}))
		},
	})
}

// TestScripts runs the command on modules of their own, which require what
// Artifice requires and nothing else.
func TestScripts(t *testing.T) {
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	goEnv := func(name string) string {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	inherited := map[string]string{}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} {
		inherited[name] = goEnv(name)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scripts",
		Setup: func(env *testscript.Env) error {
			for name, value := range inherited {
				env.Setenv(name, value)
			}
			env.Setenv("GOTOOLCHAIN", "local")
			env.Setenv("GOFLAGS", "")
			env.Setenv("CHECKOUT", checkout)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"module":  writeModule,
			"replace": replaceText,
		},
		Condition: func(name string) (bool, error) {
			if name != "cross" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1", nil
		},
	})
}

// writeModule is "module PATH [DIR]": it writes a go.mod that requires Artifice
// from this checkout, and what Artifice requires.
func writeModule(ts *testscript.TestScript, _ bool, args []string) {
	dir := "."
	if len(args) > 1 {
		dir = args[1]
	}
	checkout := ts.Getenv("CHECKOUT")
	data, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	ts.Check(err)
	own, err := modfile.Parse("go.mod", data, nil)
	ts.Check(err)
	mod := new(modfile.File)
	ts.Check(mod.AddModuleStmt(args[0]))
	ts.Check(mod.AddGoStmt(own.Go.Version))
	ts.Check(mod.AddRequire(artifice, "v0.0.0"))
	ts.Check(mod.AddReplace(artifice, "", checkout, ""))
	for _, r := range own.Require {
		mod.AddNewRequire(r.Mod.Path, r.Mod.Version, true)
	}
	data, err = mod.Format()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(filepath.Join(dir, "go.mod")), data, 0o644))
	sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(filepath.Join(dir, "go.sum")), sums, 0o644))
}

// replaceText is "replace FILE OLD NEW".
func replaceText(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	data, err := os.ReadFile(file)
	ts.Check(err)
	if !strings.Contains(string(data), args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(file, []byte(strings.ReplaceAll(string(data), args[1], args[2])), 0o644))
}
