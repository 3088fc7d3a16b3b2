package ledgertest_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A fault is a change to the ledger in memory that breaks the contract: in a
// function of one of its files a text, which is there once, is replaced.
type fault struct {
	name     string
	file     string
	old, new string
}

// faultySuite runs the suite over a store with a fault, numbered from 1.
const faultySuite = `package faulty

import (
	"os"
	"strconv"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/ledger/ledgertest"
)

var fault, _ = strconv.Atoi(os.Getenv("FAULT"))

func TestFaulty(t *testing.T) {
	open := func(*testing.T) ledger.Store { return New(Options{}) }
	var options []ledgertest.Option
	switch os.Getenv("FAULT") {
	case "forgetful":
		options = append(options, ledgertest.Reopen(func(t *testing.T, _ ledger.Store) ledger.Store { return open(t) }))
	case "each process for itself":
		options = append(options, ledgertest.Beside(func(_ *testing.T, store ledger.Store) ledger.Store { return store.(*Store).Clone() }))
	}
	ledgertest.Run(t, open, options...)
}
`

// TestFaults: each fault makes the suite fail, by an assertion, and without the
// help of chance: the random steps are left out.
func TestFaults(t *testing.T) {
	all := slices.Concat(usageFaults, lateFaults, orderFaults, carryFaults)
	program := compile(t, all)
	if out, err := run(program, ""); err != nil {
		t.Fatalf("the suite finds fault with a sound store: %v\n%s", err, out)
	}
	caught := func(name, id string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := run(program, id)
			if err == nil {
				t.Errorf("the suite finds nothing wrong with a store with the fault %q", name)
			} else if !strings.Contains(out, "--- FAIL: TestFaulty/") || strings.Contains(out, "panic:") {
				t.Errorf("the suite ended with %v:\n%s", err, out)
			}
		})
	}
	caught("forgetful", "forgetful")
	caught("each process for itself", "each process for itself")
	for i, f := range all {
		caught(f.name, fmt.Sprint(i+1))
	}
}

func run(program, fault string) (string, error) {
	cmd := exec.Command(program, "-test.run=^TestFaulty$", "-test.skip=^TestFaulty$/^random_steps$", "-test.failfast", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), "FAULT="+fault)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// compile builds a program that can run the suite with any of the faults: one
// copy of package memory, whose functions know their faulty variants. Nothing
// of it is written to the source tree; the compiler is shown files that are not
// there.
func compile(t *testing.T, faults []fault) (program string) {
	t.Helper()
	root, dir := moduleRoot(t), t.TempDir()
	overlay := map[string]string{}
	show := func(name, text string) {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		overlay[filepath.Join(root, "internal", "memory", "faulty", name)] = path
	}
	paths, err := filepath.Glob(filepath.Join(root, "internal", "memory", "*.go"))
	must(t, err)
	known := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		must(t, err)
		file := source{name: filepath.Base(path), text: string(text)}
		file.parse(t)
		for i, f := range faults {
			if f.file == file.name {
				file.plant(t, i+1, f)
				known++
			}
		}
		show(file.name, strings.Replace(file.planted(), "package memory\n", "package faulty\n", 1))
	}
	if known != len(faults) {
		t.Fatalf("%d faults are in files that are not there", len(faults)-known)
	}
	show("faulty_test.go", faultySuite)
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600))
	program = filepath.Join(dir, "faulty.test")
	build := exec.Command("go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./internal/memory/faulty")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build.Args, err, out)
	}
	return program
}

// A source is a file into which faults are planted.
type source struct {
	name, text string
	functions  []*ast.FuncDecl
	switches   map[*ast.FuncDecl]string // at the start of a function
	variants   strings.Builder          // of functions, each with a fault
}

func (s *source) parse(t *testing.T) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), s.name, s.text, 0)
	must(t, err)
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			s.functions = append(s.functions, f)
		}
	}
	s.switches = map[*ast.FuncDecl]string{}
}

// plant adds a variant of a function that has the fault, and a branch to it at
// the start of the function. Offsets are positions less 1.
func (s *source) plant(t *testing.T, number int, f fault) {
	t.Helper()
	at := strings.Index(s.text, f.old)
	if at < 0 || f.old == f.new || strings.Count(s.text, f.old) != 1 {
		t.Fatalf("fault %q: the text that it replaces is in %s %d times", f.name, s.name, strings.Count(s.text, f.old))
	}
	i := slices.IndexFunc(s.functions, func(d *ast.FuncDecl) bool { return int(d.Pos()-1) <= at && at+len(f.old) <= int(d.End()-1) })
	if i < 0 {
		t.Fatalf("fault %q: what it replaces in %s is not within one function", f.name, s.name)
	}
	d := s.functions[i]
	variant := fmt.Sprintf("%s_%d", d.Name.Name, number)
	text := strings.Replace(s.text[d.Pos()-1:d.End()-1], f.old, f.new, 1)
	s.variants.WriteString("\n" + strings.Replace(text, " "+d.Name.Name, " "+variant, 1) + "\n")

	call := variant
	if d.Recv != nil {
		call = d.Recv.List[0].Names[0].Name + "." + variant
	}
	var args []string
	for _, p := range d.Type.Params.List {
		for _, name := range p.Names {
			args = append(args, name.Name)
		}
	}
	call += "(" + strings.Join(args, ", ") + ")"
	if d.Type.Results == nil {
		call += "\n\t\treturn"
	} else {
		call = "return " + call
	}
	s.switches[d] += fmt.Sprintf("\n\tif fault == %d {\n\t\t%s\n\t}", number, call)
}

// planted is the file with all its faults.
func (s *source) planted() string {
	var b strings.Builder
	from := 0
	for _, d := range s.functions {
		if more := s.switches[d]; more != "" {
			body := int(d.Body.Lbrace) // the offset after the brace
			b.WriteString(s.text[from:body] + more + "\n")
			from = body
		}
	}
	return b.String() + s.text[from:] + s.variants.String()
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
