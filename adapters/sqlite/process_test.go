package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
)

// With these in its environment the test program is a process of its own that
// uses a ledger.
const (
	childTask = "ARTIFICE_SQLITE_TEST_TASK"
	childFile = "ARTIFICE_SQLITE_TEST_FILE"
)

func childProcess(task, path string) *exec.Cmd {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childTask+"="+task, childFile+"="+path)
	return child
}

func TestMain(m *testing.M) {
	path := os.Getenv(childFile)
	var err error
	switch os.Getenv(childTask) {
	case "":
		os.Exit(m.Run())
	case "write for ever":
		err = writeForEver(path)
	case "claim":
		err = claimOnce(path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// claimOnce claims a block that every process claims, each for a key of its
// own, and prints whether it won.
func claimOnce(path string) error {
	s, err := NewStore(context.Background(), Config{Path: config.Path(path)})
	if err != nil {
		return err
	}
	err = claim(context.Background(), s, newOrder(fmt.Sprintf("%08x", os.Getpid()), "acme", hours(0, 24), 10))
	if _, refused := errors.AsType[*ledger.OverlapError](err); refused {
		fmt.Print("refused")
		err = nil
	} else if err == nil {
		fmt.Print("won")
	}
	return errors.Join(err, s.Close())
}

// TestProcesses lets processes open a file that is not there, and claim the
// same block, all at once: one of them wins.
func TestProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	var children [6]*exec.Cmd
	var outputs [6]bytes.Buffer
	for i := range children {
		children[i] = childProcess("claim", path)
		children[i].Stdout, children[i].Stderr = &outputs[i], os.Stderr
		must(t, children[i].Start())
	}
	count := map[string]int{}
	for i := range children {
		must(t, children[i].Wait())
		count[outputs[i].String()]++
	}
	if count["won"] != 1 || count["refused"] != 5 {
		t.Errorf("got %v, want one that won and 5 refused", count)
	}
	orders, err := newStore(t, path).Orders(t.Context(), ledger.OrderFilter{})
	must(t, err)
	if len(orders) != 1 {
		t.Errorf("got %d orders, want 1", len(orders))
	}
}
