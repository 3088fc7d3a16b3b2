package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// small is one tenant that has one invoice.
func small() report.Facts {
	kea := usage.Tenant{ID: "kea", Name: "Kea Robotics"}
	return facts([]usage.Tenant{kea},
		order(1, kea, march, ledger.Settled, item("north", "m1.large", "744", "hour", "0.19", "141.36")),
		order(2, kea, april, ledger.Settled,
			item("north", "m1.large", "1442", "hour", "0.19", "273.98"),                   // 1442 x 0.19 = 273.98
			adjusting(march, item("north", "m1.large", "-7.5", "hour", "0.19", "-1.43"))), // -7.5 x 0.19 = -1.425
	)
}

// The page of one tenant, byte by byte, without its stylesheet; -update writes
// the page as it is.
func TestGolden(t *testing.T) {
	limits := report.DefaultLimits()
	for name, f := range map[string]report.Facts{"small": small(), "eventful": eventful()} {
		got := write(t, make_(t, f, limits))
		path := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got; go test ./internal/report -update writes it anew)\n%s", path, diff)
		}
	}
}
