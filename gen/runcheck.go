package gen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// checkProgram is the main of the program that checks a config with a registry
// that is not written yet. A panic in an adapter's code is a mistake like any
// other.
const checkProgram = `package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"

	"` + configPath + `"
)

type mistake struct {
	File    string
	Line    int
	Column  int
	Message string
	Detail  string
}

func main() {
	answer := os.Stdout
	os.Stdout = os.Stderr // to whatever adapters print
	found := []mistake{}
	if errs, ok := config.Merge(check(os.Args[1])).(config.Errors); ok {
		for _, e := range errs {
			found = append(found, mistake{e.Pos.File, e.Pos.Line, e.Pos.Col, e.Err.Error(), e.Detail})
		}
	}
	if err := json.NewEncoder(answer).Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(name string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = config.Errors{{Err: fmt.Errorf("an adapter panics when its config is checked: %v", p), Detail: panicked()}}
		}
	}()
	file, err := config.Read(name)
	if err != nil {
		return err
	}
	return Registry().Check(file)
}

// panicked is where the code stands that does.
func panicked() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return fmt.Sprintf("at %s:%d", frame.File, frame.Line)
		}
	}
}
`

// checkDirectory is where the program is compiled, as if it were there. It lies
// within the deployment's package, so that it may import what that may.
const checkDirectory = "artifice_gen_check"

// needsRun reports whether the config holds anything that only the compiled
// adapters can check: types and configs with checks of their own, and meters,
// whose options their transformers take.
func needsRun(file *config.File, adapters []*adapter) bool {
	meter := func(s *config.Section) bool { return strings.HasPrefix(s.Name, "meter:") }
	return slices.ContainsFunc(file.Sections, meter) ||
		slices.ContainsFunc(adapters, func(a *adapter) bool { return a.kind.layered || a.config.needsRun() })
}

// runCheck compiles the registry, in an overlay of the go command, into a
// program that checks the config, and runs that. Nothing is constructed.
func runCheck(ctx context.Context, t *target, o Options, adapters []*adapter) (config.Errors, error) {
	registry, err := emit(t, o.configPath(), "main", adapters)
	if err != nil {
		return nil, err
	}
	temporary, err := os.MkdirTemp("", "artifice-gen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	// The go command knows a directory by one name; an overlay must use it.
	dir, err := filepath.EvalSymlinks(t.dir)
	if err != nil {
		return nil, err
	}
	overlay, err := writeOverlay(temporary, filepath.Join(dir, checkDirectory), map[string][]byte{
		"main.go":     []byte(checkProgram),
		"registry.go": registry,
	})
	if err != nil {
		return nil, err
	}
	run := func(flags ...string) ([]byte, error) {
		args := slices.Concat([]string{"run", "-overlay", overlay}, o.buildFlags(), flags, []string{path.Join(t.importPath, checkDirectory), o.configPath()})
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		cmd.Env = append(o.environ(), "PWD="+dir)
		return cmd.Output()
	}
	output, err := run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && o.mayComplete(t) && bytes.Contains(exit.Stderr, []byte("go mod tidy")) {
		// What links the registry may need more of go.mod than what loads it.
		output, err = run("-mod=mod")
	}
	if err != nil {
		if errors.As(err, &exit) {
			err = errors.New(strings.TrimSpace(strings.ReplaceAll(string(exit.Stderr), temporary+string(filepath.Separator), "")))
		}
		return nil, fmt.Errorf("run the new registry to check the config (-no-run leaves this out): %w", err)
	}
	var found []mistake
	// The answer is the last line: what comes before it was printed by an init.
	output = bytes.TrimSpace(output)
	if err := json.Unmarshal(output[bytes.LastIndexByte(output, '\n')+1:], &found); err != nil {
		return nil, errors.New("run the new registry to check the config (-no-run leaves this out): it ended without an answer (does an adapter call os.Exit?)")
	}
	var errs config.Errors
	for _, m := range found {
		if m.File == o.configPath() || m.File == "" {
			m.File = o.configName()
		}
		errs = append(errs, &config.Error{
			Pos: config.Position{File: m.File, Line: m.Line, Col: m.Column},
			Err: errors.New(m.Message), Detail: t.shorten(m.Detail),
		})
	}
	return errs, nil
}

// writeOverlay writes files that the go command is to see in a directory which
// need not exist, and returns the name of the file that says so.
func writeOverlay(temporary, dir string, files map[string][]byte) (string, error) {
	replace := map[string]string{}
	for name, data := range files {
		file := filepath.Join(temporary, name)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(dir, name)] = file
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(temporary, "overlay.json")
	return overlay, os.WriteFile(overlay, data, 0o644)
}
