package gen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/mod/modfile"
)

// A target is the package that the registry is written for: where it is, what
// it is called, and which module it belongs to.
type target struct {
	base       string // what file names in messages are relative to
	dir        string // absolute
	out        string // absolute path of the registry
	name       string // of the package
	importPath string
	modulePath string
	moduleDir  string
	moduleFile []byte // what go.mod held at first
	env        goEnv
}

// goEnv is what the go command says about the target's directory.
type goEnv struct {
	GOMOD, GOWORK, GOFLAGS             string
	GOROOT, GOMODCACHE, GOVERSION      string
	GOOS, GOARCH, GOHOSTOS, GOHOSTARCH string
}

// cross reports whether the target is built for another machine than this one.
func (e goEnv) cross() bool { return e.GOOS != e.GOHOSTOS || e.GOARCH != e.GOHOSTARCH }

// findTarget looks at the directory of out. It loads no package. All paths are
// absolute.
func findTarget(ctx context.Context, base, out string, env []string) (*target, error) {
	t := &target{base: base, dir: filepath.Dir(out), out: out}
	info, err := os.Stat(t.dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", t.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("the directory of the registry: %w", err)
	}
	if t.env, err = readGoEnv(ctx, t.dir, env); err != nil {
		return nil, err
	}
	if t.env.GOMOD == "" || t.env.GOMOD == os.DevNull {
		return nil, errors.New("no go.mod here or above: a deployment is a package of a Go module (run artifice-gen init DIR, or go mod init)")
	}
	if t.moduleFile, err = os.ReadFile(t.env.GOMOD); err != nil {
		return nil, err
	}
	t.moduleDir = filepath.Dir(t.env.GOMOD)
	if t.modulePath = modfile.ModulePath(t.moduleFile); t.modulePath == "" {
		return nil, fmt.Errorf("%s has no module line", t.env.GOMOD)
	}
	within, err := relative(t.moduleDir, t.dir)
	if err != nil {
		return nil, err
	}
	t.importPath = path.Join(t.modulePath, filepath.ToSlash(within))
	t.name, err = t.packageName()
	return t, err
}

// moduleChanged reports whether go.mod holds something else than at first.
func (t *target) moduleChanged() bool {
	data, err := os.ReadFile(t.env.GOMOD)
	return err == nil && !bytes.Equal(data, t.moduleFile)
}

// readGoEnv asks the go command. It knows about workspaces, go.env files and
// what the environment overrides.
func readGoEnv(ctx context.Context, dir string, env []string) (e goEnv, err error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOMOD", "GOWORK", "GOFLAGS", "GOROOT", "GOMODCACHE", "GOVERSION", "GOOS", "GOARCH", "GOHOSTOS", "GOHOSTARCH")
	cmd.Dir = dir
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return e, fmt.Errorf("go env: %s", text)
		}
		return e, fmt.Errorf("go env: %w", err)
	}
	return e, json.Unmarshal(out, &e)
}

// relative is filepath.Rel for two directories that exist, whatever symbolic
// links lead to them.
func relative(base, dir string) (string, error) {
	base, err := filepath.EvalSymlinks(base)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	return filepath.Rel(base, dir)
}

// packageName reads the package clauses of the other Go files of the directory;
// where there are none, the package is called like the directory.
func (t *target) packageName() (string, error) {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return "", err
	}
	var name, from string
	for _, e := range entries {
		if e.IsDir() || e.Name() == filepath.Base(t.out) || !isSource(e.Name()) {
			continue
		}
		clause := packageClause(filepath.Join(t.dir, e.Name()))
		switch {
		case clause == "":
		case name == "":
			name, from = clause, e.Name()
		case name != clause:
			return "", fmt.Errorf("%s belongs to package %s, and %s to package %s: the registry belongs to a directory of one package", from, name, e.Name(), clause)
		}
	}
	if name == "" {
		name = identifier(filepath.Base(t.dir))
	}
	if name == "" {
		return "", fmt.Errorf("no name for the package of %s: there is no Go file in it (add one with a package clause)", t.fileName(t.dir))
	}
	return name, nil
}

// packageClause returns the package that a file says it belongs to, or "" where
// it says none, or one that the go command ignores. The rest of the file may be
// anything.
func packageClause(file string) string {
	f, _ := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly)
	if f == nil || f.Name == nil || f.Name.Name == "_" || f.Name.Name == "documentation" {
		return ""
	}
	return f.Name.Name
}

// isSource reports whether the go command would build the file, leaving build
// constraints aside.
func isSource(file string) bool {
	return strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") &&
		!strings.HasPrefix(file, "_") && !strings.HasPrefix(file, ".")
}

// identifier makes a package name of any text: what is neither letter nor
// digit is left out, and so is what stands before the first letter.
func identifier(text string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
	name = strings.TrimLeftFunc(name, unicode.IsDigit)
	if token.IsKeyword(name) {
		name += "pkg"
	}
	return name
}

// resolve turns the path of a reference into an import path. A dotted path is
// looked for in the module of the deployment, then in Artifice's own.
func (t *target) resolve(ref *reference) string {
	if !ref.dotted() {
		return ref.path
	}
	slashed := strings.ReplaceAll(ref.path, ".", "/")
	if hasSource(filepath.Join(t.moduleDir, filepath.FromSlash(slashed))) {
		return path.Join(t.modulePath, slashed)
	}
	return path.Join(artifice, slashed)
}

func hasSource(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if !e.IsDir() && isSource(e.Name()) {
			return true
		}
	}
	return false
}
