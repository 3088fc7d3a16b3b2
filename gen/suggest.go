package gen

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// meantPackage is a hint at a package whose path is near the one that was not
// found, in the modules that lie open on this disk: the deployment's own and
// Artifice's.
func (c *code) meantPackage(ref *reference) string {
	written := strings.TrimSuffix(ref.text, ":"+ref.typeName)
	for _, m := range c.openModules() {
		within, inside := strings.CutPrefix(ref.path, m.path+"/")
		switch {
		case !strings.Contains(written, "/"):
			if near := nearDir(m.dir, strings.ReplaceAll(written, ".", "/")); near != "" {
				return fmt.Sprintf(" (did you mean %q?)", strings.ReplaceAll(near, "/", "."))
			}
		case inside:
			if near := nearDir(m.dir, within); near != "" {
				return fmt.Sprintf(" (did you mean %q?)", path.Join(m.path, near))
			}
		}
	}
	return ""
}

// An openModule is a module whose directories can be looked at.
type openModule struct{ path, dir string }

func (c *code) openModules() []openModule {
	modules := []openModule{{c.target.modulePath, c.target.moduleDir}}
	if m := c.packages[configPath].Module; m != nil && m.Dir != "" && m.Path != c.target.modulePath {
		modules = append(modules, openModule{m.Path, m.Dir})
	}
	return modules
}

// nearDir follows a slashed path down from root, taking the nearest name where
// an element does not exist. It returns "" where nothing is near, or where what
// it comes to holds no package.
func nearDir(root, within string) string {
	var near []string
	for element := range strings.SplitSeq(within, "/") {
		entries, err := os.ReadDir(filepath.Join(root, filepath.Join(near...)))
		if err != nil {
			return ""
		}
		var names []string
		found := ""
		for _, e := range entries {
			if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if names = append(names, e.Name()); e.Name() == element {
				found = element
			}
		}
		if found == "" {
			found = config.Suggest(element, names)
		}
		if found == "" {
			return ""
		}
		near = append(near, found)
	}
	if !hasSource(filepath.Join(root, filepath.Join(near...))) {
		return ""
	}
	return strings.Join(near, "/")
}
