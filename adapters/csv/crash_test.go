package csv

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

const (
	crashDir = "ARTIFICE_TEST_CRASH_DIR" // where the child saves invoices
	crashAt  = "ARTIFICE_TEST_CRASH_AT"  // "before link", "after link", or "" to go on until it is killed
)

// crashOrder is the nth order of the child, large enough to be killed within.
func crashOrder(n int) (invoice.Order, []invoice.Item) {
	order := august()
	order.Tenant.ID, order.Key = fmt.Sprintf("%032x", n), fmt.Sprintf("%064x", n)
	items := make([]invoice.Item, 3000)
	for i := range items {
		value := decimal.New(int64(n*len(items)+i), 0)
		items[i] = item("north", "m1.nano", value.String(), "hour", "0.5", value.Mul(decimal.RequireFromString("0.5")).String())
	}
	return order, items
}

// TestCrashChild is the process that the crash tests kill. It says when it
// begins each invoice.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("runs as the child of the crash tests")
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1000 { // as good as for ever, but for a fault that keeps it from being killed
		if n > 0 && os.Getenv(crashAt) != "" {
			t.Fatal("still alive")
		}
		order, items := crashOrder(n)
		erp, inv := open(t, defaults(dir), order, items...)
		erp.link = func(oldname, newname string) error {
			switch os.Getenv(crashAt) {
			case "before link":
				return self.Kill()
			case "after link":
				_ = os.Link(oldname, newname)
				return self.Kill()
			}
			return os.Link(oldname, newname)
		}
		fmt.Println("commit", n)
		if _, err := inv.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// crash runs the child in dir and kills it some time after it began its first
// invoice, unless it kills itself. It returns how many invoices were begun.
func crash(t *testing.T, dir, at string, after time.Duration) (begun int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$")
	child.Env = append(os.Environ(), crashDir+"="+dir, crashAt+"="+at)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if !strings.HasPrefix(lines.Text(), "commit ") {
			continue
		}
		if begun++; begun == 1 && at == "" {
			kill := time.AfterFunc(after, func() { _ = child.Process.Kill() })
			defer kill.Stop()
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Fatalf("the child was not killed: %v\n%s", err, said.String())
	}
	return begun
}

// After a crash every file under a final name is whole, and doing all again
// gives every invoice once and leaves nothing beside.
func wantWhole(t *testing.T, dir string, begun int) (whole int) {
	t.Helper()
	want := map[string]string{} // by name
	for n := range begun {
		order, items := crashOrder(n)
		data, err := os.ReadFile(commit(t, defaults(t.TempDir()), order, items...))
		if err != nil {
			t.Fatal(err)
		}
		want[fmt.Sprintf("%032x-2013-08-01-2013-09-01.csv", n)] = string(data)
	}
	check := func(when string) (whole int) {
		for _, name := range strings.Fields(names(t, dir)) {
			if strings.HasPrefix(name, ".") {
				continue
			}
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || want[name] == "" || string(got) != want[name] {
				t.Errorf("%s %s has %d bytes, want %d (%v)", when, name, len(got), len(want[name]), err)
			}
			whole++
		}
		return whole
	}
	whole = check("after the crash")
	for n := range begun {
		order, items := crashOrder(n)
		commit(t, defaults(dir), order, items...)
	}
	if again := check("after the repeat"); again != begun || strings.Contains(names(t, dir), ".artifice") {
		t.Errorf("after the repeat there are %d invoices of %d: %s", again, begun, names(t, dir))
	}
	return whole
}

func TestCrashAroundTheLink(t *testing.T) {
	for at, want := range map[string]int{"before link": 0, "after link": 1} {
		t.Run(at, func(t *testing.T) {
			dir := t.TempDir()
			begun := crash(t, dir, at, 0)
			if got := names(t, dir); !strings.Contains(got, ".artifice") {
				t.Errorf("the crash left no temporary file, so it proves nothing: %s", got)
			}
			if whole := wantWhole(t, dir, begun); whole != want {
				t.Errorf("%d invoices were there after the crash, want %d", whole, want)
			}
		})
	}
}

func TestCrashAtAnyMoment(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dir := t.TempDir()
			random := rand.New(rand.NewPCG(seed, 0))
			after := time.Duration(random.Int64N(int64(30 * time.Millisecond)))
			begun := crash(t, dir, "", after)
			left := strings.Count(names(t, dir), ".artifice")
			whole := wantWhole(t, dir, begun)
			t.Logf("killed after %v: %d begun, %d whole, %d temporary left", after, begun, whole, left)
		})
	}
}
