package gnocchi

import (
	"net/url"
	"testing"

	"github.com/openstack-artifice/artifice/usage"
)

func TestIdentity(t *testing.T) {
	f := newFake(t)
	at := func(change func(*Config)) usage.Identity {
		t.Helper()
		id, err := f.source(t, change).Identity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	all := at(nil)
	if want := (usage.Identity{Place: f.URL + "/metric"}); all != want {
		t.Errorf("got %+v, want %+v", all, want)
	}
	for name, change := range map[string]func(*Config){
		"by its address":       func(c *Config) { c.Endpoint, _ = url.Parse(f.URL + "/metric/") },
		"by another login":     func(c *Config) { c.Username = "other" },
		"under another region": func(c *Config) { c.Datacenter = "south" },
	} {
		if id := at(change); id != all {
			t.Errorf("%s: %+v", name, id)
		}
	}
	if id := at(func(c *Config) { c.Endpoint, _ = url.Parse("https://other:8041") }); id.Overlaps(all) {
		t.Errorf("another Gnocchi: %+v", id)
	}
	customers := at(func(c *Config) { c.Tenants.Domain = []string{"a", "b"} })
	if same := at(func(c *Config) { c.Tenants.Domain = []string{"b", "a"} }); same != customers || !same.Overlaps(all) {
		t.Errorf("the same tenants: %+v and %+v", same, customers)
	}
	for name, change := range map[string]func(*Config){
		"other tenants": func(c *Config) { c.Tenants.Domain = []string{"c"} },
		"other meters":  func(c *Config) { c.Meters = map[string]string{"volume.size": "none"} },
		"its own":       func(c *Config) { c.Tenants.Own = true },
	} {
		if id := at(change); id.Overlaps(customers) || id.Place != all.Place {
			t.Errorf("%s: %+v", name, id)
		}
	}
	but := at(func(c *Config) { c.Tenants.Ignore = []string{"a"} })
	if other := at(func(c *Config) { c.Tenants.Ignore = []string{"b"} }); !other.Overlaps(but) || !all.Overlaps(but) || customers.Overlaps(but) {
		t.Errorf("all but a, and all but b, which both take who was deleted: %+v and %+v", but, other)
	}
	if other := at(func(c *Config) {
		c.Tenants.Ignore, c.Meters = []string{"b"}, map[string]string{"volume.size": "none"}
	}); other.Overlaps(but) {
		t.Errorf("all but b, of other meters: %+v", other)
	}
	own := at(func(c *Config) { c.Tenants.Own = true })
	if other := at(func(c *Config) { c.Tenants.Own, c.Username = true, "other" }); other.Overlaps(own) {
		t.Errorf("own tenants of two logins: %+v", other)
	}
}
