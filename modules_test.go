package artifice_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// modules are those that may be in go.mod, each with what it is for, or "of"
// the one that brings it.
var modules = map[string]string{
	"github.com/dave/jennifer":                                 "writes Go code",
	"github.com/go-json-experiment/json":                       "writes canonical JSON for the http adapter",
	"github.com/gocarina/gocsv":                                "writes CSV files",
	"github.com/google/go-cmp":                                 "shows differences in tests",
	"github.com/gophercloud/gophercloud/v2":                    "speaks to Keystone and OpenStack",
	"github.com/jackc/pgx/v5":                                  "speaks to PostgreSQL",
	"github.com/jedib0t/go-pretty/v6":                          "lays out tables",
	"github.com/jmespath/go-jmespath":                          "evaluates the expressions of meters",
	"github.com/pb33f/libopenapi":                              "reads the http adapter's description in tests",
	"github.com/pb33f/libopenapi-validator":                    "holds requests against it, in tests",
	"github.com/pressly/goose/v3":                              "migrates tables",
	"github.com/kr/text":                                       "lays out texts for gophercloud's tests",
	"github.com/rogpeppe/go-internal":                          "shows differences, runs scripts in tests",
	"github.com/shopspring/decimal":                            "computes with decimals",
	"github.com/spf13/cobra":                                   "reads command lines",
	"github.com/spf13/pflag":                                   "tells of flags in the manual; of github.com/spf13/cobra",
	"github.com/standard-webhooks/standard-webhooks/libraries": "signs what the http adapter sends",
	"github.com/vbauerster/mpb/v8":                             "draws progress bars",
	"go.yaml.in/yaml/v3":                                       "reads Distil's mappings",
	"golang.org/x/mod":                                         "reads go.mod",
	"golang.org/x/sys":                                         "locks files",
	"golang.org/x/term":                                        "tells whether there is a terminal",
	"golang.org/x/text":                                        "knows currencies",
	"golang.org/x/tools":                                       "checks types",
	"gopkg.in/ini.v1":                                          "reads configs",
	"honnef.co/go/tools":                                       "staticcheck, a tool",
	"modernc.org/sqlite":                                       "SQLite without cgo",
	"pgregory.net/rapid":                                       "finds counterexamples in tests",

	"github.com/BurntSushi/toml":           "of honnef.co/go/tools",
	"github.com/VividCortex/ewma":          "of github.com/vbauerster/mpb/v8",
	"github.com/acarl005/stripansi":        "of github.com/vbauerster/mpb/v8",
	"github.com/bahlo/generic-list-go":     "of github.com/pb33f/libopenapi",
	"github.com/basgys/goxml2json":         "of github.com/pb33f/libopenapi-validator",
	"github.com/buger/jsonparser":          "of github.com/pb33f/libopenapi",
	"github.com/dustin/go-humanize":        "of modernc.org/sqlite",
	"github.com/go-openapi/jsonpointer":    "of github.com/pb33f/libopenapi-validator",
	"github.com/google/uuid":               "of modernc.org/sqlite",
	"github.com/inconshreveable/mousetrap": "of github.com/spf13/cobra",
	"github.com/jackc/pgpassfile":          "of github.com/jackc/pgx/v5",
	"github.com/jackc/pgservicefile":       "of github.com/jackc/pgx/v5",
	"github.com/jackc/puddle/v2":           "of github.com/jackc/pgx/v5",
	"github.com/mattn/go-isatty":           "of modernc.org/sqlite",
	"github.com/mattn/go-runewidth":        "of github.com/jedib0t/go-pretty/v6",
	"github.com/mfridman/interpolate":      "of github.com/pressly/goose/v3",
	"github.com/ncruces/go-strftime":       "of modernc.org/sqlite",
	"github.com/pb33f/go-yaml":             "of github.com/pb33f/libopenapi",
	"github.com/pb33f/jsonpath":            "of github.com/pb33f/libopenapi",
	"github.com/pb33f/jsonschema/v6":       "of github.com/pb33f/libopenapi-validator",
	"github.com/pb33f/ordered-map/v2":      "of github.com/pb33f/libopenapi",
	"github.com/remyoudompheng/bigfft":     "of modernc.org/sqlite",
	"github.com/rivo/uniseg":               "of github.com/jedib0t/go-pretty/v6",
	"github.com/sethvargo/go-retry":        "of github.com/pressly/goose/v3",
	"go.uber.org/multierr":                 "of github.com/pressly/goose/v3",
	"golang.org/x/exp/typeparams":          "of honnef.co/go/tools",
	"golang.org/x/net":                     "of github.com/pb33f/libopenapi-validator",
	"golang.org/x/sync":                    "of golang.org/x/tools",
	"gopkg.in/yaml.v2":                     "of github.com/jmespath/go-jmespath",
	"modernc.org/libc":                     "of modernc.org/sqlite",
	"modernc.org/mathutil":                 "of modernc.org/sqlite",
	"modernc.org/memory":                   "of modernc.org/sqlite",
}

// Nobody's code comes in unnoticed: every module, also one that another brings,
// is there for a reason.
func TestModules(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Replace) > 0 || len(file.Exclude) > 0 {
		t.Error("go.mod replaces or excludes modules: who imports this one would not get that")
	}
	for _, r := range file.Require {
		reason, ok := modules[r.Mod.Path]
		if !ok {
			t.Errorf("%s is a new module: say in modules what it is for (go mod why -m %[1]s)", r.Mod.Path)
			continue
		}
		if of, brought := strings.CutPrefix(reason, "of "); brought {
			if !r.Indirect {
				t.Errorf("%s is imported, and listed as one that %s brings", r.Mod.Path, of)
			}
			if strings.HasPrefix(modules[of], "of ") || modules[of] == "" {
				t.Errorf("%s is said to come with %s, which is not a module that was chosen", r.Mod.Path, of)
			}
		}
	}
}
