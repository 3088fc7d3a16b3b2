package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"testing"
	"testing/fstest"

	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/ledger"
)

// With these in its environment the test program is a process of its own that
// uses a ledger.
const (
	childTask = "ARTIFICE_POSTGRES_TEST_TASK"
	childURL  = "ARTIFICE_POSTGRES_TEST_URL"
)

// childTasks are what such a process may do.
var childTasks = map[string]func(context.Context, *Store) error{
	"migrate": migrateOnce,
	"claim":   claimOnce,
	"bill":    billForEver,
	"lock":    lockForEver,
}

func childProcess(db pgtest.Database, task string) *exec.Cmd {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childTask+"="+task, childURL+"="+db.Admin)
	child.Stderr = os.Stderr
	return child
}

func TestMain(m *testing.M) {
	task := os.Getenv(childTask)
	if task == "" {
		os.Exit(cluster.Run(m))
	}
	ctx := context.Background()
	s, err := NewStore(ctx, Config{URL: os.Getenv(childURL)})
	if err == nil {
		err = errors.Join(childTasks[task](ctx, s), s.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// withCounter are the migrations, and two more that fail, or count further,
// where they are applied twice.
func withCounter() fs.FS {
	next := fstest.MapFS{
		"00098_count.sql": &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE counter (n INTEGER);\nINSERT INTO counter VALUES (0);\n")},
		"00099_count.sql": &fstest.MapFile{Data: []byte("-- +goose Up\nUPDATE counter SET n = n + 1;\n")},
	}
	sources := schema()
	names, err := fs.Glob(sources, "*.sql")
	for _, name := range names {
		data, readErr := fs.ReadFile(sources, name)
		err = errors.Join(err, readErr)
		next[name] = &fstest.MapFile{Data: data}
	}
	if err != nil {
		panic(err) // they are embedded
	}
	return next
}

// migrateOnce migrates to a version that is not there yet.
func migrateOnce(ctx context.Context, s *Store) error {
	pool := s.db.server.open()
	return errors.Join(migrate(ctx, pool, s.db.server.schema, withCounter()), pool.Close())
}

// claimOnce claims a block that every process claims, each for a key of its
// own, and prints whether it won.
func claimOnce(ctx context.Context, s *Store) error {
	_, err := claim(ctx, s, newOrder(fmt.Sprintf("%08x", os.Getpid()), "acme", hours(0, 24), 10), lease)
	if _, refused := errors.AsType[*ledger.OverlapError](err); refused {
		fmt.Print("refused")
		return nil
	} else if err == nil {
		fmt.Print("won")
	}
	return err
}

// lockForEver takes the lock "collect", says so, and waits to be killed.
func lockForEver(ctx context.Context, s *Store) error {
	_, err := s.Lock(ctx, "collect")
	if err != nil {
		return err
	}
	fmt.Println("locked")
	select {}
}
