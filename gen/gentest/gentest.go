// Package gentest makes go test fail when a deployment's registry is not what
// its config asks for. A deployment has a test of one line:
//
//	func TestRegistry(t *testing.T) { gentest.UpToDate(t) }
package gentest

import (
	"testing"

	"github.com/openstack-artifice/artifice/gen"
)

// UpToDate generates the registry of the deployment whose package is tested and
// compares it with the file on disk. It fails the test where they differ, or
// where the deployment has mistakes. Nothing is written.
func UpToDate(t testing.TB) {
	t.Helper()
	out, err := gen.Generate(t.Context(), gen.Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("the deployment has mistakes:\n%v", err)
	}
	stale, err := out.Stale()
	if err != nil {
		t.Fatal(err)
	}
	if stale {
		diff, err := out.Diff(gen.DefaultOut)
		if err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s is not what %s asks for (run go generate):\n%s", gen.DefaultOut, gen.DefaultConfig, diff)
	}
}
