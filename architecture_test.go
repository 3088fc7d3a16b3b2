package artifice_test

import (
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const architecture = "docs/architecture.md"

// drawn finds the rooms of the picture, each with its id, and its arrows.
var (
	drawnRoom  = regexp.MustCompile(`(?m)^    (\w+)\["([^"<]+)`)
	drawnArrow = regexp.MustCompile(`(?m)^    (\w+) --> (\w+)$`)
)

// The picture of the house has the rooms that there are, and its arrows are the
// imports of what is linked into programs, but for those that follow from
// others.
func TestPictureOfTheHouse(t *testing.T) {
	page := readFile(t, architecture)
	_, picture, _ := strings.Cut(page, "```mermaid\n")
	picture, _, _ = strings.Cut(picture, "```")
	names := map[string]string{}
	for _, m := range drawnRoom.FindAllStringSubmatch(picture, -1) {
		names[m[1]] = m[2]
	}
	rooms := slices.Collect(maps.Values(names))
	var want []string
	for _, m := range drawnArrow.FindAllStringSubmatch(picture, -1) {
		want = append(want, names[m[1]]+" --> "+names[m[2]])
	}
	imports := roomImports(t, rooms)
	var got []string
	for from, tos := range imports {
		for to := range tos {
			if !reaches(imports, from, to) {
				got = append(got, from+" --> "+to)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	for _, arrow := range got {
		if !slices.Contains(want, arrow) {
			t.Errorf("%s: draw %s", architecture, arrow)
		}
	}
	for _, arrow := range want {
		if !slices.Contains(got, arrow) {
			t.Errorf("%s: %s is no import, or follows from others", architecture, arrow)
		}
	}
	if len(got) < 10 {
		t.Errorf("found %d arrows only", len(got))
	}
}

// roomImports is which rooms of the picture import which, of the packages that
// programs consist of.
func roomImports(t *testing.T, rooms []string) map[string]map[string]bool {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "./cmd/...", "./adapters/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Fields(string(out))
	imports := map[string]map[string]bool{}
	for _, p := range listPackages(t) {
		if !slices.Contains(linked, p.ImportPath) {
			continue
		}
		from := drawnAs(t, rooms, p.ImportPath)
		if imports[from] == nil {
			imports[from] = map[string]bool{}
		}
		for _, imported := range p.Imports {
			if _, ours := room(imported); !ours {
				continue
			}
			if to := drawnAs(t, rooms, imported); to != from {
				imports[from][to] = true
			}
		}
	}
	return imports
}

// drawnAs is the room of the picture that a package lies in: the longest name
// that fits.
func drawnAs(t *testing.T, rooms []string, path string) string {
	t.Helper()
	name, _ := room(path)
	best := ""
	for _, r := range rooms {
		if r == name || strings.HasSuffix(r, "*") && strings.HasPrefix(name, strings.TrimSuffix(r, "*")) {
			if len(r) > len(best) {
				best = r
			}
		}
	}
	if best == "" {
		t.Fatalf("%s: draw a room for %s", architecture, name)
	}
	return best
}

// reaches reports whether one room imports another through a third.
func reaches(imports map[string]map[string]bool, from, to string) bool {
	seen := map[string]bool{}
	var search func(at string, direct bool) bool
	search = func(at string, direct bool) bool {
		for next := range imports[at] {
			if next == to {
				if !direct {
					return true
				}
				continue
			}
			if !seen[next] {
				seen[next] = true
				if search(next, false) {
					return true
				}
			}
		}
		return false
	}
	return search(from, true)
}

func TestReaches(t *testing.T) {
	imports := map[string]map[string]bool{"a": {"b": true, "c": true}, "b": {"c": true}, "c": {"d": true}}
	for _, tc := range []struct {
		from, to string
		want     bool
	}{{"a", "b", false}, {"a", "c", true}, {"b", "c", false}, {"a", "d", true}, {"c", "d", false}, {"d", "a", false}} {
		if got := reaches(imports, tc.from, tc.to); got != tc.want {
			t.Errorf("from %s to %s through a third: %v", tc.from, tc.to, got)
		}
	}
}
