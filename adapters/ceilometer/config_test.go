package ceilometer

import (
	"errors"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/datacenter"
)

func TestValidate(t *testing.T) {
	good := Config{Rules: datacenter.Rules{
		DatacenterKey:  []string{"OS-EXT-AZ:availability_zone", "availability_zone"},
		DatacenterHost: map[string]string{"nz-por-1": "por-*, compute-[0-9]?", "nz-hlz-1": "*.hlz"},
	}}
	if err := good.Validate(); err != nil {
		t.Errorf("Validate() = %v", err)
	}
	bad := Config{Rules: datacenter.Rules{
		DatacenterKey:  []string{"zone", ""},
		DatacenterHost: map[string]string{"b": "ok*,por-[", "a": "x,,y"},
	}}
	want := "datacenter_key: a key of metadata is empty\n" +
		"datacenter_host.a: a pattern is empty\n" +
		`datacenter_host.b: "por-[" is not a pattern (write * for any text, ? for one character, [a-z] for a range)`
	err := bad.Validate()
	if err == nil || err.Error() != want {
		t.Fatalf("Validate() = %v, want\n%s", err, want)
	}
	var key *config.KeyError
	if !errors.As(err, &key) || key.Key != "datacenter_key" {
		t.Errorf("the error points at %v, not at datacenter_key", key)
	}
	if _, err := NewSource(t.Context(), bad); err == nil || err.Error() != want {
		t.Errorf("NewSource = %v, want what Validate says", err)
	}
}

func TestDatacenter(t *testing.T) {
	rules := Config{Datacenter: "home", Rules: datacenter.Rules{
		DatacenterKey: []string{"zone", "az"},
		DatacenterHost: map[string]string{
			"second": "compute-*",
			"first":  "compute-1?, db[ab]",
		},
	}}
	for _, test := range []struct {
		name     string
		config   Config
		metadata map[string]string
		want     string
		assumed  bool
	}{
		{"nothing configured", Config{}, map[string]string{"zone": "x", "host": "compute-1"}, "RegionOne", false},
		{"own default", Config{Datacenter: "home"}, nil, "home", false},
		{"first key", rules, map[string]string{"zone": "a", "az": "b", "host": "dba"}, "a", false},
		{"None is no value", rules, map[string]string{"zone": "None", "az": "b"}, "b", false},
		{"nor is an empty text", rules, map[string]string{"zone": "", "az": "b"}, "b", false},
		{"host, names sorted", rules, map[string]string{"host": "compute-12"}, "first", false},
		{"host, second name", rules, map[string]string{"host": "compute-123"}, "second", false},
		{"host, second pattern", rules, map[string]string{"zone": "None", "host": "dbb"}, "first", false},
		{"no pattern matches", rules, map[string]string{"host": "storage"}, "home", true},
		{"only hosts", Config{Rules: datacenter.Rules{DatacenterHost: map[string]string{"a": "b"}}}, map[string]string{"host": "c"}, "RegionOne", true},
		{"only keys", Config{Rules: datacenter.Rules{DatacenterKey: []string{"az"}}}, map[string]string{"host": "c"}, "RegionOne", true},
		{"no metadata", rules, nil, "home", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := newPlacing(test.config.Datacenter, test.config.Rules)
			if err != nil {
				t.Fatal(err)
			}
			if got, assumed := p.datacenter(test.metadata); got != test.want || assumed != test.assumed {
				t.Errorf("datacenter(%v) = %s, %t, want %s, %t", test.metadata, got, assumed, test.want, test.assumed)
			}
		})
	}
}
