package ceilometer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

func TestTrust(t *testing.T) {
	sample := func(resource, rest string) string {
		return fmt.Sprintf(`{"meter":"m","type":"gauge","unit":"B","volume":1,"project_id":"p","resource_id":%q,"timestamp":"2026-01-01T00:30:00"%s}`, resource, rest)
	}
	path := config.Path(write(t, map[string]string{"m.json": "[" + strings.Join([]string{
		sample("a", `,"source":"openstack"`),
		sample("b", `,"source":"mallory"`),
		sample("c", `,"source":"openstack-2"`),
		sample("d", `,"source":"not openstack"`),
		sample("e", ``),
		sample("f", `,"source":null`),
		sample("g", `,"source":"swift","id":7`),
		sample("h", `,"source":"mallory","id":7`),
		sample("i", `,"source":7`),
	}, ",\n") + "]"}))
	// A mistake in a sample that is not trusted is of no matter.
	swift, mallory := "DIR/m.json:7: sample 7: the id is a number, not a text", "DIR/m.json:8: sample 8: the id is a number, not a text"
	nameless := "DIR/m.json:9: sample 9: the source is a number, not a text"
	for _, test := range []struct {
		trusted  []string
		want     string
		mistakes []string
	}{
		{nil, "abcdefi", []string{swift, mallory}},
		{[]string{"openstack"}, "ac", []string{nameless}},
		{[]string{"openstack$"}, "a", []string{nameless}},
		{[]string{"x", "swift|openstack-"}, "c", []string{swift, nameless}},
		{[]string{".*open"}, "acd", []string{nameless}},
		{[]string{"$"}, "ef", []string{nameless}},
	} {
		samples, messages := collect(t, Config{Path: path, TrustSources: test.trusted}, usage.Query{})
		got := ""
		for _, s := range samples {
			got += s.Resource
		}
		if got != test.want {
			t.Errorf("trusting %q, the samples are of %s, want %s", test.trusted, got, test.want)
		}
		if !slices.EqualFunc(test.mistakes, messages, func(want, got string) bool { return strings.HasPrefix(got, want) }) {
			t.Errorf("trusting %q, the mistakes are %q, want %q", test.trusted, messages, test.mistakes)
		}
	}
}

func TestTrustMistakes(t *testing.T) {
	err := Config{TrustSources: []string{"good", "b[ad", "(bad"}}.Validate()
	want := "trust_sources: \"b[ad\" is not a regular expression\ntrust_sources: \"(bad\" is not a regular expression"
	if err == nil || err.Error() != want {
		t.Errorf("Validate() = %v, want\n%s", err, want)
	}
	var key *config.KeyError
	if !errors.As(err, &key) || key.Key != "trust_sources" {
		t.Errorf("the error points at %v, not at trust_sources", key)
	}
}
