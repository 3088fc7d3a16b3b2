package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// checkSecrets warns of files with secrets of a config that everybody can read.
func checkSecrets(c *checks, path string) {
	file, err := config.Read(path)
	if err != nil || runtime.GOOS == "windows" { // there, modes say nothing
		return
	}
	for _, name := range secretFiles(file) {
		if mode, open := openToAll(name); open {
			c.add("config", "secrets", &usage.Warning{Err: fmt.Errorf("%s: its mode is %04o, and everybody on this machine can read the secret: chmod o= %s", name, mode, name)})
		}
	}
}

// secretFiles are the files that keys of a config name as those of secrets.
func secretFiles(file *config.File) []string {
	var names []string
	for _, section := range file.Sections {
		for _, key := range section.Keys {
			name, is := strings.CutPrefix(key.Value, "file:")
			// What begins with // is a URL.
			if _, err := config.ParseSecret(key.Value); is && err == nil && !strings.HasPrefix(name, "//") {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// openToAll reports whether a file can be read by everybody, and the directories
// on the way to it be entered. Of what is not there the adapters tell.
func openToAll(name string) (fs.FileMode, bool) {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return 0, false
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode()&0o004 == 0 {
		return 0, false
	}
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		if above, err := os.Stat(dir); err != nil || above.Mode()&0o001 == 0 {
			return 0, false
		}
		if dir == filepath.Dir(dir) {
			return info.Mode().Perm(), true
		}
	}
}
