package gen

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5" // the adapters of the benchmark import it
)

// BenchmarkGenerate runs the built command on deployments of 3 and of 20
// adapters, in turns with "go list -deps -export" of the same packages, which
// is what any tool must wait for that looks at types. It reports the ratio of
// the two, and what the check by the compiled registry adds.
//
//	go test ./gen -run '^$' -bench Generate -benchtime 10x
func BenchmarkGenerate(b *testing.B) {
	root, err := filepath.Abs("..")
	if err != nil {
		b.Fatal(err)
	}
	binary := filepath.Join(b.TempDir(), "artifice-gen")
	timed(b, root, "go", "build", "-o", binary, "./cmd/artifice-gen")
	for _, adapters := range []int{3, 20} {
		b.Run(fmt.Sprintf("adapters=%d", adapters), func(b *testing.B) {
			dir, packages := benchDeployment(b, root, adapters)
			list := append([]string{"list", "-deps", "-export"}, packages...)
			timed(b, dir, "go", list...)
			timed(b, dir, binary)
			var listing, generating, running time.Duration
			for b.Loop() {
				listing += timed(b, dir, "go", list...)
				generating += timed(b, dir, binary, "-no-run", "-check")
				running += timed(b, dir, binary, "-check")
			}
			b.ReportMetric(float64(generating)/float64(listing), "gen/list")
			b.ReportMetric(float64(running-generating)/float64(listing), "run/list")
			b.ReportMetric(float64(generating.Milliseconds())/float64(b.N), "gen-ms/op")
		})
	}
}

// benchDeployment makes a deployment in the checkout, of adapters that import
// what adapters do, and returns its directory and packages.
func benchDeployment(b *testing.B, root string, adapters int) (dir string, packages []string) {
	dir, err := os.MkdirTemp(filepath.Join(root, "gen", "testdata"), "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	base := artifice + "/gen/testdata/" + filepath.Base(dir)
	var ini strings.Builder
	ini.WriteString("[main]\ndeployment = bench\ncurrency = NZD\n")
	ini.WriteString("invoice:object = \"gen.testdata.adapters.full:Invoice\"\nstore:object = \"gen.testdata.adapters.full:Store\"\n")
	for i := range adapters - 2 {
		name := fmt.Sprintf("source%d", i)
		code := fmt.Sprintf(`package %s

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
)

type Source struct {
	full.Source
	client http.Client
	body   json.RawMessage
	conn   *pgx.Conn
}

type Config struct {
	Path string
	Keys []string
}

func NewSource(context.Context, Config) (*Source, error) { return &Source{}, nil }
`, name)
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, name+".go"), []byte(code), 0o644); err != nil {
			b.Fatal(err)
		}
		packages = append(packages, base+"/"+name)
		fmt.Fprintf(&ini, "source:%s = \"%s/%s:Source\"\n", name, base, name)
	}
	ini.WriteString("[meter:instance]\n")
	if err := os.WriteFile(filepath.Join(dir, DefaultConfig), []byte(ini.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	return dir, append(packages, artifice+"/gen/testdata/adapters/full", deploymentPath)
}

// timed runs a program to its end.
func timed(b *testing.B, dir, name string, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return time.Since(start)
}
