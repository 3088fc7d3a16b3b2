package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// A mistake that fails several checks of an adapter is written once. A warning
// is no failure.
func TestChecksRepeat(t *testing.T) {
	c := newChecks()
	unset := errors.New("the environment variable KEY is not set")
	c.add("invoice", "login", unset)
	c.add("invoice", "journal", unset)
	c.add("invoice", "taxes", errors.Join(unset, errors.New("no tax")))
	c.add("store", "open", unset)
	c.add("store", "size", nil)
	c.add("source", "policy", &usage.Warning{Err: errors.New("it keeps little\nhint: let it keep more")})
	c.add("source", "clock", errors.Join(&usage.Warning{Err: errors.New("slow")}, errors.New("wrong")))
	want := [][]string{
		{"FAILED", "invoice", "login", "the environment variable KEY is not set"},
		{"FAILED", "invoice", "journal", "as above"},
		{"FAILED", "invoice", "taxes", "no tax"},
		{"FAILED", "store", "open", "the environment variable KEY is not set"},
		{"ok", "store", "size", ""},
		{"warning", "source", "policy", "it keeps little"},
		{"", "", "", "hint: let it keep more"},
		{"FAILED", "source", "clock", "slow"},
		{"", "", "", "wrong"},
	}
	if diff := cmp.Diff(want, c.grid.rows); diff != "" || c.failed != 5 {
		t.Errorf("%d failed (-want +got)\n%s", c.failed, diff)
	}
}

// For people, what is told of a check is below it, on lines that fit.
func TestChecksTable(t *testing.T) {
	c := newChecks()
	c.add("config", "artifice.ini", nil)
	long := "/var/lib/" + strings.Repeat("very", 30) + "/long"
	c.add("store:object", "database", errors.New("the ledger is of the deployment \"test\", and the config names it \"renamed\": what the ERP has would not be found\nhint: mkdir -p "+long+" is \x1b[31ma path"))
	c.grid.add("note", "invoice", "price", "is nothing")
	var out strings.Builder
	if err := c.write(&out, "table"); err != nil {
		t.Fatal(err)
	}
	want := `outcome  adapter       check
-------------------------------------
ok       config        artifice.ini
FAILED   store:object  database
         the ledger is of the deployment "test", and the config names it "renamed": what the ERP has
         would not be found
         hint: mkdir -p ` + long + `
         is ` + "\ufffd" + `[31ma path
note     invoice       price
         is nothing
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	out.Reset()
	if err := c.write(&out, "csv"); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(out.String(), "\n"); first != "outcome,adapter,check,detail" {
		t.Errorf("got the columns %s", first)
	}
}
