package gen

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// Names that are used where none are given.
const (
	DefaultConfig = "artifice.ini"
	DefaultOut    = "zz_generated_registry.go"
)

// Options say what to generate. The zero value generates the registry of the
// deployment in the current directory.
type Options struct {
	Dir    string // what the other paths are relative to; "" is the current directory
	Config string // the config file; "" is DefaultConfig
	Out    string // the registry; "" is DefaultOut beside the config

	Env    []string // the environment of the go command; nil is that of the process
	GOOS   string   // the system that the deployment is built for; "" is what the environment says
	GOARCH string
	Tags   string // build tags, separated by commas

	// ReadOnly lets nothing change go.mod. Otherwise the go command may add
	// what it lacks there.
	ReadOnly bool
	// NoRun leaves out the check that runs the new registry, which is made
	// where an adapter checks values itself, or the config has meters.
	NoRun bool
}

// An Output is a registry that was generated and not yet written.
type Output struct {
	Path     string // absolute
	Code     []byte
	Adapters []config.Compiled // in the order of the config
	// Notes are remarks for a person: what was left unchecked, and why.
	Notes []string
}

// Generate makes the registry of a deployment. It writes nothing, but for what
// the go command may add to go.mod. Mistakes in the deployment are all
// returned at once, as [config.Errors].
func Generate(ctx context.Context, o Options) (*Output, error) {
	file, err := o.readConfig()
	if err != nil {
		return nil, err
	}
	t, err := findTarget(ctx, o.abs("."), o.outPath(), o.environ())
	if err != nil {
		var errs config.Errors
		errs.Add(config.Position{File: file.Path}, "%w", err)
		return nil, errs.Err()
	}
	adapters, err := resolve(file, t, func(paths []string) (*code, error) { return load(ctx, t, o, paths) })
	if err != nil {
		return nil, err
	}
	out := &Output{Path: t.out}
	switch {
	case o.NoRun || !needsRun(file, adapters):
	case t.env.cross():
		out.Notes = append(out.Notes, fmt.Sprintf("built for %s/%s, the adapters cannot check the config here: the program will when it starts", t.env.GOOS, t.env.GOARCH))
	default:
		errs, err := runCheck(ctx, t, o, adapters)
		if err := config.Merge(err, errs.Err()); err != nil {
			return nil, err
		}
	}
	if t.moduleChanged() {
		out.Notes = append(out.Notes, fmt.Sprintf("%s was completed: run go mod tidy", t.fileName(t.env.GOMOD)))
	}
	if out.Code, err = emit(t, o.configPath(), t.name, adapters); err != nil {
		return nil, err
	}
	for _, a := range adapters {
		out.Adapters = append(out.Adapters, config.Compiled{Key: a.key, Reference: a.text, Package: a.path, Type: a.typeName})
	}
	return out, nil
}

// resolve finds the adapters that the config names and checks them and their
// sections.
func resolve(file *config.File, t *target, load func(paths []string) (*code, error)) ([]*adapter, error) {
	refs, errs := references(file)
	paths := make([]string, len(refs))
	for i, ref := range refs {
		ref.path = t.resolve(ref)
		paths[i] = ref.path
	}
	top := config.Position{File: file.Path}
	c, err := load(paths)
	if err != nil {
		errs.Add(top, "%w", err)
		return nil, errs.Err()
	}
	adapters, found := c.checkAll(refs, top)
	return adapters, append(errs, found...).Err()
}

// checkAll checks every reference. Values are checked against every adapter
// that is sound, whatever is wrong with the others.
func (c *code) checkAll(refs []*reference, top config.Position) ([]*adapter, config.Errors) {
	if errs := c.checkContracts(top); len(errs) > 0 {
		return nil, errs
	}
	var adapters []*adapter
	var errs config.Errors
	for _, ref := range refs {
		a, found := c.check(ref)
		if a != nil {
			found = a.checkValues()
			adapters = append(adapters, a)
		}
		errs = append(errs, found...)
	}
	return adapters, errs
}

// readConfig reads the config. Its positions name the file as the options do.
func (o Options) readConfig() (*config.File, error) {
	file, err := config.Read(o.configPath())
	name := o.configName()
	if err != nil {
		errs := asErrors(err)
		for _, e := range errs {
			e.Pos.File = name
		}
		return nil, errs
	}
	file.Path = name
	for _, s := range file.Sections {
		s.Pos.File = name
		for _, k := range s.Keys {
			k.Pos.File, k.ValuePos.File = name, name
		}
	}
	return file, nil
}

func (o Options) configName() string {
	if o.Config == "" {
		return DefaultConfig
	}
	return o.Config
}

func (o Options) configPath() string { return o.abs(o.configName()) }

func (o Options) outPath() string {
	if o.Out == "" {
		return filepath.Join(filepath.Dir(o.configPath()), DefaultOut)
	}
	return o.abs(o.Out)
}

func (o Options) abs(name string) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(o.Dir, name)
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	return name
}

func (o Options) environ() []string {
	env := o.Env
	if env == nil {
		env = os.Environ()
	}
	env = env[:len(env):len(env)]
	if o.GOOS != "" {
		env = append(env, "GOOS="+o.GOOS)
	}
	if o.GOARCH != "" {
		env = append(env, "GOARCH="+o.GOARCH)
	}
	return env
}

// buildFlags are the flags of the go command.
func (o Options) buildFlags() []string {
	if o.Tags == "" {
		return nil
	}
	return []string{"-tags=" + o.Tags}
}

// mayComplete reports whether the go command may add to go.mod: unless this run
// is to change nothing, or somebody chose how go.mod is treated.
func (o Options) mayComplete(t *target) bool {
	if _, err := os.Stat(filepath.Join(t.moduleDir, "vendor", "modules.txt")); err == nil {
		return false
	}
	workspace := t.env.GOWORK != "" && t.env.GOWORK != "off"
	return !o.ReadOnly && !workspace && !strings.Contains(t.env.GOFLAGS, "-mod=")
}
