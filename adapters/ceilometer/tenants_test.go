package ceilometer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

func TestTenants(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenants.csv")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := NewSource(t.Context(), Config{Path: "unused", Tenants: config.Path(file)})
	if err != nil {
		t.Fatal(err)
	}
	read := func() (tenants []usage.Tenant, err error) {
		for tenant, e := range s.Tenants(t.Context()) {
			if e != nil {
				return nil, e
			}
			tenants = append(tenants, tenant)
		}
		return tenants, nil
	}
	health := func() error {
		for check, err := range s.CheckHealth(t.Context()) {
			if check == "tenants file" {
				return err
			}
		}
		t.Fatal("the file of tenants is not checked")
		return nil
	}

	write("b | Bright, Spark & Sons\na | kererū-brewing\n")
	got, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]usage.Tenant{{ID: "a", Name: "kererū-brewing"}, {ID: "b", Name: "Bright, Spark & Sons"}}, got); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
	if err := health(); err != nil {
		t.Error(err)
	}

	write("a | one\na | two\nb\n")
	if _, err := read(); err == nil || !strings.Contains(err.Error(), file+":2: ") || !strings.Contains(err.Error(), file+":3: ") {
		t.Errorf("mistakes: %v", err)
	}
	if err := health(); err == nil {
		t.Error("a file with mistakes is healthy")
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	const want = "no such file or directory (name another with tenants, or leave that key out: then tenants have no names)"
	if err := health(); err == nil || err.Error() != file+": "+want {
		t.Errorf("without the file: %v", err)
	}
}
