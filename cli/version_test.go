package cli

import (
	"runtime/debug"
	"testing"
)

// A package is of the innermost module that holds it.
func TestVersion(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Path: "example.com/mono/acme", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "example.com/mono", Version: "v1.2.3"},
			{Path: "example.com/mono/acme/meters", Version: "v0.1.0"},
			{Path: "example.com/fork", Version: "v1.0.0", Replace: &debug.Module{Path: "../fork"}},
			{Path: "example.com/bare"},
		},
	}
	for pkg, want := range map[string]string{
		"example.com/mono/acme":          "(devel)",
		"example.com/mono/acme/erp":      "(devel)",
		"example.com/mono/acme/meters/x": "v0.1.0",
		"example.com/mono/acmeters":      "v1.2.3", // begins like the program's module
		"example.com/mono":               "v1.2.3",
		"example.com/fork/erp":           "v1.0.0 => ../fork",
		"example.com/bare/erp":           "unknown",
	} {
		if got := version(info, pkg); got != want {
			t.Errorf("%s is of %s, want %s", pkg, got, want)
		}
	}
	if got := version(nil, "example.com/mono"); got != "unknown" {
		t.Errorf("without build info: %s", got)
	}
}
