package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// common is which of the flags that mean the same everywhere a command has,
// beside those of every command: a block, tenants, and how results are written.
var common = map[string]string{
	"adapters":        "output",
	"bill":            "from month output tenant to",
	"check":           "from month output to",
	"collect":         "output",
	"completion":      "",
	"draft":           "from month output tenant to",
	"explain":         "output tenant",
	"export":          "",
	"history":         "output",
	"import":          "",
	"import-mappings": "",
	"man":             "",
	"orders":          "from month output tenant to",
	"prune":           "",
	"receive":         "",
	"reconcile":       "from month output tenant to",
	"report":          "month tenant",
	"resolve":         "",
	"statement":       "output",
	"status":          "output tenant",
	"usage":           "from month output tenant to",
	"verify":          "output tenant",
	"version":         "output",
	"void":            "",
}

func testRoot() *cobra.Command {
	return (&App{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Now: time.Now}).root()
}

// The same flags mean the same, in the same words, wherever they are.
func TestFlagsAreAlike(t *testing.T) {
	root := testRoot()
	for _, name := range []string{"config", "quiet", "verbose"} {
		if root.PersistentFlags().Lookup(name) == nil {
			t.Errorf("--%s is not a flag of every command", name)
		}
	}
	first := map[string]*pflag.Flag{}
	seen := 0
	for _, cmd := range root.Commands() {
		if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
			continue
		}
		want, known := common[cmd.Name()]
		if !known {
			t.Errorf("%s is a new command: say in common which flags it has", cmd.Name())
		}
		seen++
		var has []string
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if strings.Contains(" from month output tenant to ", " "+f.Name+" ") {
				has = append(has, f.Name)
			}
			if cmd.Name() == "explain" && f.Name == "tenant" {
				return // one of them, and it must be said
			}
			if other := first[f.Name]; other == nil {
				first[f.Name] = f
			} else if f.Usage != other.Usage || f.DefValue != other.DefValue || f.Shorthand != other.Shorthand || f.Value.Type() != other.Value.Type() {
				if f.Name == "workers" {
					return // of tenants, or of resources
				}
				t.Errorf("%s --%s is\n%q, default %q, and elsewhere\n%q, default %q", cmd.Name(), f.Name, f.Usage, f.DefValue, other.Usage, other.DefValue)
			}
		})
		if got := strings.Join(has, " "); got != want {
			t.Errorf("%s has the flags %q, want %q", cmd.Name(), got, want)
		}
	}
	if seen != len(common) {
		t.Errorf("%d commands, and common has %d", seen, len(common))
	}
}

// Help is written alike everywhere, and ends in command lines that the
// program understands.
func TestHelpEndsInCommands(t *testing.T) {
	root := testRoot()
	root.InitDefaultHelpCmd()
	for _, cmd := range append(root.Commands(), root) {
		if cmd.IsAdditionalHelpTopicCommand() {
			continue
		}
		if first := []rune(cmd.Short); len(first) == 0 || unicode.IsUpper(first[0]) || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: its short help %q should be lowercase, without a period", cmd.Name(), cmd.Short)
		}
		for line := range strings.SplitSeq(cmd.Long, "\n") {
			if len(line) > 80 {
				t.Errorf("%s: a line of its help is %d long: %s", cmd.Name(), len(line), line)
			}
		}
		if !strings.HasPrefix(cmd.Long, cmd.Name()+" ") {
			t.Errorf("%s: its help begins with %.20q, and not with its name", cmd.Name(), cmd.Long)
		}
		var help bytes.Buffer
		cmd.SetOut(&help)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		_, examples, found := strings.Cut(help.String(), "\nTry:\n")
		if !found {
			t.Errorf("%s: its help does not end in a command", cmd.Name())
		}
		for line := range strings.Lines(examples) {
			if err := parses(strings.TrimSpace(line)); err != nil {
				t.Errorf("%s: its help ends in %q: %v", cmd.Name(), line, err)
			}
		}
	}
}

// parses returns an error where a command line is none of this program's.
func parses(line string) error {
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, " | ")
	words := strings.Fields(line)
	if words[0] == "mkdir" {
		return nil
	}
	if quoted := strings.Split(line, `"`); len(quoted) == 3 {
		words = append(strings.Fields(quoted[0]), quoted[1])
	}
	root := testRoot()
	root.InitDefaultHelpCmd()
	cmd, args, err := root.Find(words[1:])
	if err != nil || words[0] != "artifice" {
		return wrongUse("it is not artifice: %v", err)
	}
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

func TestParses(t *testing.T) {
	for _, line := range []string{"artifice bil", "artifice bill --mont 2013-08", "artifice orders --output yaml", "bill --month 2013-08", "artifice statement", "artifice bill 3"} {
		if parses(line) == nil {
			t.Errorf("%q is taken for a command of the program", line)
		}
	}
}

// The README names every command, and in a way that the program understands.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(readme), "\n## The commands\n")
	for line := range strings.Lines(commands) {
		line, ok := strings.CutPrefix(line, "    ")
		if !ok || strings.HasPrefix(line, " ") || !strings.HasPrefix(line, "artifice ") {
			continue
		}
		line, _, _ = strings.Cut(line, "#")
		if err := parses(strings.TrimSpace(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for name := range common {
		if !strings.Contains(commands, "artifice "+name+" ") {
			t.Errorf("the README does not name artifice %s", name)
		}
	}
}

// Whoever calls a command wrongly is told of one that runs, and that is not its
// help.
func TestWrongUseHintsAtCommands(t *testing.T) {
	for name := range common {
		var stderr bytes.Buffer
		now := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
		a := &App{Stdout: &bytes.Buffer{}, Stderr: &stderr, Now: func() time.Time { return now }}
		code := a.Run(t.Context(), name, "too", "many", "words", "for", "it")
		_, hint, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\nhint: ")
		if code != ExitUsage || !strings.HasPrefix(hint, "artifice ") || strings.Contains(hint, "--help") || strings.Contains(hint, exampleMonth) {
			t.Errorf("%s ends with %d and the hint %q", name, code, hint)
			continue
		}
		if line, _, _ := strings.Cut(hint, " lists "); parses(line) != nil {
			t.Errorf("%s: hint: %s: %v", name, hint, parses(line))
		}
	}
}
