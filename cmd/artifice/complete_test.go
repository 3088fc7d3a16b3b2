package main

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice"
	"github.com/openstack-artifice/artifice/cli"
)

// Shells are offered the tenants and orders that the store has, unless somebody
// holds it: a key that is pressed waits for nobody.
func TestCompleteFromTheStore(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "artifice.ini")
	run := func(args ...string) string {
		t.Helper()
		var out, talk bytes.Buffer
		app := &cli.App{Registry: artifice.Registry(), Stdout: &out, Stderr: &talk, Now: time.Now, Commands: []cli.Command{demo}}
		if code := app.Run(t.Context(), args...); code != cli.ExitDone {
			t.Fatalf("%q: exit code %d: %s", args, code, &talk)
		}
		return out.String()
	}
	complete := func(args ...string) []string {
		t.Helper()
		lines := strings.Split(run(append([]string{"__complete"}, args...)...), "\n")
		return lines[:len(lines)-2] // but for the directive
	}
	run("demo", "--dir", dir)
	keys, err := orderKeys([]byte(run("orders", "--output", "json", "--config", config)))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args, want []string
	}{
		{[]string{"bill", "--config", config, "--tenant", "0"}, []string{"04909ad7c7291da39db37c953b86279d\tBright, Spark & Sons"}},
		{[]string{"explain", "--config", config, "--tenant", "no"}, []string{}},
		{[]string{"status", "-v", "--config", config, "--tenant", "04909ad7c7291da39db37c953b86279d,"}, []string{
			"04909ad7c7291da39db37c953b86279d,75704d1d5f0bcd6b43aa656262b0ab7b\ttui-analytics",
			"04909ad7c7291da39db37c953b86279d,f99a78bd27b188bd4ef90b67d2d61f5f\tkererū-brewing"}},
		{[]string{"statement", "--config", config, keys[0][:3]}, []string{keys[0] + "\tBright, Spark & Sons, 2025-03, settled"}},
		{[]string{"explain", "--config", config, keys[0], ""}, []string{}},
	} {
		if diff := cmp.Diff(tc.want, complete(tc.args...)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", tc.args, diff)
		}
	}
	if offered := complete("void", "--config", config, ""); len(offered) != len(keys) {
		t.Errorf("of %d orders %q are offered", len(keys), offered)
	}

	db, err := sql.Open("sqlite", filepath.Join(dir, "artifice.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, statement := range []string{"PRAGMA locking_mode = exclusive", "BEGIN EXCLUSIVE"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if offered := complete("void", "--config", config, ""); len(offered) > 0 {
		t.Errorf("of a store that is locked %q are offered", offered)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	run("verify", "--config", config)
}
