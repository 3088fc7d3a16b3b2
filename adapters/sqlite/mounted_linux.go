package sqlite

import (
	"os"
	"strings"
)

// unescaped is a path as mountinfo writes it.
var unescaped = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// mountedAlone reports whether a file is mounted by itself, without its
// directory, as a container may have it.
func mountedAlone(path string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 4 && unescaped.Replace(fields[4]) == path {
			return true
		}
	}
	return false
}
