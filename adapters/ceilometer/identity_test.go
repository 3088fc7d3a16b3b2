package ceilometer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

func TestIdentity(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	at := func(path string, trust ...string) (usage.Identity, error) {
		s, err := NewSource(t.Context(), Config{Path: config.Path(path), TrustSources: trust})
		if err != nil {
			t.Fatal(err)
		}
		return s.Identity(t.Context())
	}
	for _, path := range []string{dir, dir + "/", link} {
		if got, err := at(path); err != nil || got != (usage.Identity{Place: dir}) {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	one, errOne := at(dir, "b", "a")
	two, errTwo := at(dir, "a", "b")
	if errOne != nil || errTwo != nil || one != two || one.Part == "" {
		t.Errorf("%+v %v, %+v %v", one, errOne, two, errTwo)
	}
	if _, err := at(filepath.Join(dir, "none")); err == nil {
		t.Error("a path that is not there is told")
	}
}

func TestIdentityOfAPI(t *testing.T) {
	f := newFakeAPI(t)
	first, err := f.open(f.config()).Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.open(f.config()).Identity(t.Context())
	if err != nil || first != again || first.Place == "" || first.Part != "" {
		t.Errorf("%+v, %+v, %v", first, again, err)
	}
}
