package gen

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"go/version"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

//go:embed templates
var templates embed.FS

// A Start says what a new deployment is made of.
type Start struct {
	Dir string // where it is made, relative to Options.Dir
	// Module is the path of the module that is made; "" makes a package of the
	// module that Dir lies in, or else a module called like Dir.
	Module string
	// References are the adapters, by kind: "invoice" to "adapters.csv:Invoice".
	References map[string]string
}

// Init makes a deployment: a package, or a module, with a config that documents
// every key of its adapters, a main and a test. It returns the files that it
// wrote. A file that is there already is an error, and nothing is left of a
// start that fails.
func Init(ctx context.Context, o Options, s Start) (written []string, err error) {
	n := &newDeployment{Options: o, start: s, dir: o.abs(s.Dir)}
	defer func() {
		if err != nil {
			n.undo()
		}
	}()
	if err := n.place(ctx); err != nil {
		return nil, err
	}
	for _, f := range n.files() {
		if err := n.render(f.name, f.template); err != nil {
			return nil, err
		}
	}
	if err := n.describe(ctx); err != nil {
		return nil, err
	}
	return n.written, n.render(DefaultConfig, "artifice.ini.tmpl")
}

// A newDeployment is what Init makes, as its templates see it.
type newDeployment struct {
	Options
	start      Start
	dir        string   // absolute
	written    []string // files, as a person would call them
	made       []string // files and directories, absolute
	ownModule  bool
	Package    string
	Command    string
	Title      string // the command as a sentence begins with it
	ImportPath string
	Alias      string   // of the package, where its path suggests another name
	References []string // lines of [main]
	Sections   []string
}

// place finds out what the deployment is called and which module it belongs
// to, and makes its directory and module.
func (n *newDeployment) place(ctx context.Context) error {
	n.Command = filepath.Base(n.dir)
	if n.Package = identifier(n.Command); n.Package == "" || n.Package == "main" {
		return fmt.Errorf("%q gives no name for a package (choose a directory whose name begins with a letter)", n.Command)
	}
	if slices.Contains([]string{"cli", "init", "os"}, n.Package) {
		return fmt.Errorf("%q is what its program calls something else (choose a directory of another name)", n.Package)
	}
	n.Title = strings.ToUpper(n.Command[:1]) + n.Command[1:]
	above := n.dir
	for !isDirectory(above) {
		above = filepath.Dir(above)
	}
	env, err := readGoEnv(ctx, above, n.environ())
	if err != nil {
		return err
	}
	inModule := env.GOMOD != "" && env.GOMOD != os.DevNull
	n.ownModule = n.start.Module != "" || !inModule
	if n.ownModule {
		n.ImportPath = n.start.Module
		if n.ImportPath == "" {
			n.ImportPath = "example.com/" + n.Package
		} else if err := module.CheckImportPath(n.ImportPath); err != nil {
			return fmt.Errorf("-module: %w", err)
		}
		if err := n.checkImportPath(); err != nil {
			return err
		}
		return n.makeModule(ctx)
	}
	data, err := os.ReadFile(env.GOMOD)
	if err != nil {
		return err
	}
	within, err := filepath.Rel(filepath.Dir(env.GOMOD), n.dir)
	if err != nil {
		return err
	}
	n.ImportPath = path.Join(modfile.ModulePath(data), filepath.ToSlash(within))
	return n.checkImportPath()
}

// checkImportPath refuses a directory whose name no import path may have.
func (n *newDeployment) checkImportPath() error {
	if err := module.CheckImportPath(path.Join(n.ImportPath, "cmd", n.Command)); err != nil {
		return fmt.Errorf("%w (choose a directory whose name has letters from a to z, digits and dashes)", err)
	}
	return nil
}

// makeModule writes a go.mod that requires Artifice: the version that this
// program is, or the checkout that it is run in.
func (n *newDeployment) makeModule(ctx context.Context) error {
	mod := new(modfile.File)
	if err := mod.AddModuleStmt(n.ImportPath); err != nil {
		return fmt.Errorf("-module: %w", err)
	}
	env, err := readGoEnv(ctx, n.abs("."), n.environ())
	if err != nil {
		return err
	}
	if err := mod.AddTool(artifice + "/cmd/artifice-gen"); err != nil {
		return err
	}
	checkout, sums, err := readCheckout(env.GOMOD)
	if err != nil {
		return err
	}
	if checkout == nil {
		own, err := ownVersion()
		if err != nil {
			return err
		}
		if language := languageVersion(env.GOVERSION); language != "" {
			if err := mod.AddGoStmt(language); err != nil {
				return err
			}
		}
		mod.AddNewRequire(artifice, own, false)
	} else {
		if err := mod.AddGoStmt(checkout.Go.Version); err != nil {
			return err
		}
		mod.AddNewRequire(artifice, "v0.0.0", false)
		if err := mod.AddReplace(artifice, "", filepath.Dir(env.GOMOD), ""); err != nil {
			return err
		}
		for _, r := range checkout.Require {
			mod.AddNewRequire(r.Mod.Path, r.Mod.Version, true)
		}
		if err := n.write("go.sum", sums); err != nil {
			return err
		}
	}
	mod.Cleanup()
	data, err := mod.Format()
	if err != nil {
		return err
	}
	return n.write("go.mod", data)
}

// languageVersion is the first release of the language that the go command
// speaks: the least that a module of its own should ask for. It is "" for one
// that was built from elsewhere than a release.
func languageVersion(goversion string) string {
	language := version.Lang(goversion)
	if language == "" {
		return ""
	}
	return strings.TrimPrefix(language, "go") + ".0"
}

// readCheckout returns the go.mod and the go.sum of Artifice's own module, or
// nil where the file is another module's.
func readCheckout(file string) (*modfile.File, []byte, error) {
	data, err := os.ReadFile(file)
	if err != nil || modfile.ModulePath(data) != artifice {
		return nil, nil, nil
	}
	mod, err := modfile.Parse(file, data, nil)
	if err != nil {
		return nil, nil, err
	}
	sums, err := os.ReadFile(filepath.Join(filepath.Dir(file), "go.sum"))
	return mod, sums, err
}

// ownVersion is the version of Artifice that this program was built from.
func ownVersion() (string, error) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == artifice && semver.IsValid(m.Version) && !strings.Contains(m.Version, "+dirty") {
				return m.Version, nil
			}
		}
	}
	return "", fmt.Errorf("this artifice-gen is of no published version: run it in the checkout that it was built from, or as go run %s/cmd/artifice-gen@latest", artifice)
}

// A templateFile is a file of a deployment and the template that it is made by.
type templateFile struct{ name, template string }

func (n *newDeployment) files() []templateFile {
	files := []templateFile{
		{n.Package + ".go", "package.go.tmpl"},
		{"registry_test.go", "registry_test.go.tmpl"},
		{filepath.Join("cmd", n.Command, "main.go"), "main.go.tmpl"},
	}
	if path.Base(n.ImportPath) != n.Package {
		n.Alias = n.Package
	}
	if n.ownModule {
		files = append(files, templateFile{filepath.Join(".github", "workflows", "artifice.yml"), "workflow.yml.tmpl"})
	}
	return files
}

// describe loads the adapters from where the deployment is, and lists their
// sections.
func (n *newDeployment) describe(ctx context.Context) error {
	var wanted []*kind
	var references []string
	for _, k := range kinds {
		switch text := n.start.References[k.name]; {
		case text != "":
			wanted, references = append(wanted, k), append(references, text)
		case k.required:
			return fmt.Errorf("a deployment needs a %s (-%[1]s path:Type)", k.name)
		}
	}
	o := n.Options
	o.Dir = n.dir
	adapters, docs, err := loadDescribed(ctx, o, references...)
	if err != nil {
		return err
	}
	for i, a := range adapters {
		if a.kind != wanted[i] {
			return fmt.Errorf("%s is %s, not %s", a.text, a.kind.title, wanted[i].title)
		}
		n.References = append(n.References, fmt.Sprintf("%s = %q", a.key, a.text))
		n.Sections = append(n.Sections, string(a.describe(docs)))
	}
	return nil
}

// render writes one file.
func (n *newDeployment) render(name, templateName string) error {
	t, err := template.ParseFS(templates, "templates/"+templateName)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, n); err != nil {
		return err
	}
	return n.write(name, out.Bytes())
}

// write writes a file that is not there yet.
func (n *newDeployment) write(name string, data []byte) error {
	file := filepath.Join(n.dir, name)
	for _, dir := range missingDirectories(filepath.Dir(file)) {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		n.made = append(n.made, dir)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already", filepath.Join(n.start.Dir, name))
	}
	if err != nil {
		return err
	}
	n.made = append(n.made, file)
	n.written = append(n.written, filepath.Join(n.start.Dir, name))
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// undo removes what was made, the last first.
func (n *newDeployment) undo() {
	for i := len(n.made) - 1; i >= 0; i-- {
		os.Remove(n.made[i])
	}
}

// missingDirectories lists what must be made for a directory to be there, the
// outermost first.
func missingDirectories(dir string) []string {
	if isDirectory(dir) || dir == filepath.Dir(dir) {
		return nil
	}
	return append(missingDirectories(filepath.Dir(dir)), dir)
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
