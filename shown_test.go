package artifice_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shownBy tells, of every document that has commands in fences, which test types
// them: a file and a function in it. Or why nobody does.
var shownBy = map[string]string{
	"docs/adapters.md":              "docs_test.go TestGuideRuns",
	"docs/billing.md":               "cmd/artifice/pages_test.go TestPages",
	"docs/first-ten-minutes.md":     "cmd/artifice/pages_test.go TestPages",
	"docs/moving-over.md":           "cmd/artifice/pages_test.go TestPages",
	"docs/operations.md":            "cmd/artifice/pages_test.go TestPages",
	"docs/tutorial.md":              "cmd/artifice/pages_test.go TestPages",
	"adapters/ceilometer/README.md": "adapters/ceilometer/standard_test.go BenchmarkStandard",
	"adapters/postgres/README.md":   "(they change the users and databases of the machine)",
	"CONTRIBUTING.md":               "(they run all tests, this one too)",
}

// documents are those that git has, and their text.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z", "--", "*.md").Output()
	if err != nil {
		t.Skip("the documents are listed by git: ", err)
	}
	texts := map[string]string{}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if !strings.Contains(name, "testdata/") {
			texts[name] = readFile(t, name)
		}
	}
	return texts
}

// The commands of every document are typed by a test.
func TestShownCommandsAreTyped(t *testing.T) {
	fence := regexp.MustCompile("(?m)^```(console|sh|bash|shell)$")
	for name, text := range documents(t) {
		file, function, _ := strings.Cut(shownBy[name], " ")
		switch has := fence.MatchString(text); {
		case has && file == "":
			t.Errorf("%s shows commands: say in shownBy which test types them", name)
		case !has && file != "":
			t.Errorf("%s shows no commands any more: take it out of shownBy", name)
		case !has || strings.HasPrefix(file, "("):
		case !strings.Contains(readFile(t, file), "\nfunc "+function+"("):
			t.Errorf("%s: %s has no %s", name, file, function)
		}
		if page, ok := strings.CutPrefix(name, "docs/"); ok && strings.HasSuffix(shownBy[name], "TestPages") {
			if page = strings.TrimSuffix(page, ".md"); !strings.Contains(readFile(t, file), `"`+page+`"`) {
				t.Errorf("%s: TestPages leaves it out", name)
			}
		}
	}
}

// Where a document says how a test or benchmark is run, there is one.
func TestShownTestsExist(t *testing.T) {
	command := regexp.MustCompile(`(?m)^(?:    |\$ )?.*?go test (\./.*|-.*)$`)
	names := regexp.MustCompile(`-(run|bench) '?\^?([A-Za-z|]+)`)
	packages := regexp.MustCompile(`(?:^| )\./([a-z/]+)`)
	seen := 0
	for name, text := range documents(t) {
		for _, line := range command.FindAllStringSubmatch(text, -1) {
			var tests string
			for _, dir := range packages.FindAllStringSubmatch(line[1], -1) {
				files, err := filepath.Glob(filepath.Join(dir[1], "*_test.go"))
				guides, _ := filepath.Glob(filepath.Join("examples", dir[1], "*_test.go"))
				if files = append(files, guides...); err != nil || len(files) == 0 && !strings.Contains(line[1], "...") {
					t.Errorf("%s: there are no tests in %s, %v", name, dir[1], err)
				}
				for _, file := range files {
					tests += readFile(t, file)
				}
			}
			for _, m := range names.FindAllStringSubmatch(line[1], -1) {
				for one := range strings.SplitSeq(m[2], "|") {
					prefix := map[string]string{"run": "", "bench": "Benchmark"}[m[1]]
					seen++
					if tests != "" && !strings.Contains(tests, "\nfunc "+prefix+one) {
						t.Errorf("%s: go test %s: there is no %s%s", name, line[1], prefix, one)
					}
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d names only", seen)
	}
}
