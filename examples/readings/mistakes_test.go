package readings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// A mistake is named by its line, and what cannot be read at all ends the file.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	text := "ra\"ck,a,r,1\n2025-03-10T00:00:00Z,a,r,1e999999999\n2025-03-10T00:00:00Z,a,r,7\n"
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "b.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := &Source{Config{Directory: config.Path(dir)}}
	var got []string
	for sample, err := range s.Samples(t.Context(), usage.Query{}) {
		if err == nil {
			got = append(got, sample.Volume.String())
		} else {
			got = append(got, err.Error())
		}
		if len(got) > 10 {
			break
		}
	}
	want := []string{"a.csv:1: ", "a.csv:2: ", "7", "b.csv: "}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %d", got, len(want))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}
