package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// artificeModule is the module of this package: a deployment's program may be
// of another one.
const artificeModule = "github.com/openstack-artifice/artifice"

func versionCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "say what this program was built from",
		Long: "version says from which version and revision this program was built, by which\n" +
			"Go, and which adapters it was compiled with.",
		Example: "  artifice version\n  artifice version --output json",
		Args:    noArgs,
	}
	output := outputFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		info, _ := debug.ReadBuildInfo()
		g := newGrid("what", "value")
		g.add("artifice", version(info, artificeModule))
		if info != nil && info.Main.Path != artificeModule {
			g.add("program", info.Main.Path+" "+info.Main.Version)
		}
		for _, key := range []string{"vcs.revision", "vcs.time", "vcs.modified"} {
			if value := setting(info, key); value != "" {
				g.add(strings.TrimPrefix(key, "vcs."), value)
			}
		}
		g.add("go", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
		for _, c := range a.Registry.Compiled() {
			g.add(c.Key, c.Package+":"+c.Type+" "+version(info, c.Package))
		}
		return g.write(a.Stdout, *output)
	}
	return cmd
}

// versionLine is the version in one line.
func versionLine() string {
	info, _ := debug.ReadBuildInfo()
	words := []string{"artifice", version(info, artificeModule)}
	if revision := setting(info, "vcs.revision"); revision != "" {
		words = append(words, revision[:min(len(revision), 12)], setting(info, "vcs.time"))
	}
	return strings.Join(append(words, runtime.Version()), " ")
}

// setting is something that was noted at the build, "" where it was not.
func setting(info *debug.BuildInfo, key string) string {
	if info != nil {
		for _, s := range info.Settings {
			if s.Key == key {
				return s.Value
			}
		}
	}
	return ""
}

func adaptersCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "adapters",
		Short:   "list the adapters that this program was compiled with",
		Long:    "adapters lists what this program was compiled with: the kind and name of each\nadapter, the reference in the config that chose it, its package and version.",
		Example: "  artifice adapters",
		Args:    noArgs,
	}
	output := outputFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		info, _ := debug.ReadBuildInfo()
		g := newGrid("kind", "name", "reference", "package", "type", "version")
		for _, c := range a.Registry.Compiled() {
			kind, name, _ := strings.Cut(c.Key, ":")
			g.add(kind, name, c.Reference, c.Package, c.Type, version(info, c.Package))
		}
		return g.write(a.Stdout, *output)
	}
	return cmd
}

// version is the version of the module that a package was compiled from: of
// those that hold it the innermost, and the program's own where none does.
func version(info *debug.BuildInfo, pkg string) string {
	if info == nil {
		return "unknown"
	}
	best, length := &info.Main, -1
	for _, m := range append(slices.Clone(info.Deps), &info.Main) {
		if holds := pkg == m.Path || strings.HasPrefix(pkg, m.Path+"/"); holds && len(m.Path) > length {
			best, length = m, len(m.Path)
		}
	}
	if best.Replace != nil {
		return best.Version + " => " + best.Replace.Path
	}
	return cmp.Or(best.Version, "unknown")
}
