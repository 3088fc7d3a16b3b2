package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice"
	"github.com/openstack-artifice/artifice/cli"
	"github.com/openstack-artifice/artifice/cmd/artifice/internal/cloud"
	"github.com/openstack-artifice/artifice/internal/shown"
)

// What Artifice collects of the simulated cloud is what happened in it: the
// cloud knows by construction, and knows nothing of Artifice's rules.
func TestDemoIsTrue(t *testing.T) {
	dir := t.TempDir()
	var out, talk bytes.Buffer
	app := &cli.App{Registry: artifice.Registry(), Stdout: &out, Stderr: &talk, Now: time.Now, Commands: []cli.Command{demo}}
	if code := app.Run(t.Context(), "demo", "--dir", dir); code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", code, &talk)
	}
	printedAsReadmeShows(t, out.String(), dir)
	out.Reset()
	if code := app.Run(t.Context(), "usage", "--month", demoMonth, "--output", "csv", "--config", filepath.Join(dir, "artifice.ini")); code != cli.ExitDone {
		t.Fatalf("exit code %d: %s", code, &talk)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	type line struct{ Tenant, Datacenter, Service, Volume, Unit string }
	got, want := map[line]bool{}, map[line]bool{}
	for _, row := range rows[1:] { // tenant, tenant name, datacenter, service, meter, resources, volume, unit
		got[line{row[0], row[2], row[3], decimal.RequireFromString(row[6]).String(), row[7]}] = true
	}
	names := map[string]string{}
	for _, row := range rows[1:] {
		names[row[0]] = row[1]
	}
	simulated := cloud.New(demoSeed, cloud.March2025())
	for _, l := range simulated.Bill() {
		want[line{l.Tenant, l.Datacenter, l.Service, l.Volume.String(), l.Unit}] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage (-what happened +what was collected):\n%s", diff)
	}
	for _, tenant := range simulated.Tenants() {
		if names[tenant.ID] != tenant.Name {
			t.Errorf("tenant %s is called %q, want %q", tenant.ID, names[tenant.ID], tenant.Name)
		}
	}
}

// Who may not write where the demo is tried is told how to try it elsewhere.
func TestDemoNamesAnotherDirectory(t *testing.T) {
	for _, refused := range []error{syscall.EACCES, syscall.EROFS} {
		err := toOwnDir(fmt.Errorf("cannot make it: %w", &os.PathError{Op: "mkdir", Path: "artifice-demo", Err: refused}))
		want := "cannot make it: mkdir artifice-demo: " + refused.Error() + "\nhint: "
		if !errors.Is(err, refused) || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), " demo --dir "+filepath.Join(os.TempDir(), "artifice-demo")) {
			t.Errorf("%v is told as\n%v", refused, err)
		}
	}
	if full := error(syscall.ENOSPC); toOwnDir(full) != full {
		t.Error("a full disk is told as a directory of somebody else")
	}
}

// printedAsReadmeShows holds the README's example against what was printed.
func printedAsReadmeShows(t *testing.T, printed, dir string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	noError(t, err)
	const first = "    $ artifice bill --month " + demoMonth
	_, example, _ := strings.Cut(string(readme), first)
	example, _, _ = strings.Cut(example, "Run it again")
	example = strings.ReplaceAll(first+strings.TrimRight(example, " \n"), "\n    ", "\n")[4:]
	day := regexp.MustCompile(`(?m)^date {8}\d{4}-\d\d-\d\d$`)
	example, printed = day.ReplaceAllString(example, "date"), day.ReplaceAllString(printed, "date")
	if printed = strings.ReplaceAll(printed, dir, "artifice-demo"); !shown.Of("...\n"+example+"\n...", printed) {
		t.Errorf("the demo prints\n%s\nand the README shows\n%s", printed, example)
	}
	if lines := strings.Count(example, "\n"); lines < 20 {
		t.Errorf("the README shows %d lines of the demo", lines)
	}
}
