// Package datacenter finds out in which datacenter a resource ran, by what the
// metadata of its samples says.
package datacenter

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// Rules are keys of a source's config, which embeds them.
type Rules struct {
	// DatacenterKey lists keys of a sample's metadata that tell where the
	// resource ran. The first that has a value counts; "None" is no value.
	DatacenterKey []string `ini:"datacenter_key"`

	// DatacenterHost tells where a resource ran by the host in its metadata:
	// datacenter_host.NAME = PATTERN, PATTERN. Patterns are a shell's (*, ?,
	// [a-z]); names are tried in sorted order, after DatacenterKey.
	DatacenterHost map[string]string `ini:"datacenter_host"`
}

// HostKey is the key of metadata that has the host.
const HostKey = "host"

// Validate reports keys of metadata that are empty and patterns that are
// malformed, each as a config.KeyError.
func (r Rules) Validate() error {
	_, err := r.Compile()
	return err
}

// Compile makes the rules ready for use. Its error is that of Validate.
func (r Rules) Compile() (*Finder, error) {
	var errs []error
	if slices.Contains(r.DatacenterKey, "") {
		errs = append(errs, &config.KeyError{Key: "datacenter_key", Err: errors.New("a key of metadata is empty")})
	}
	f := &Finder{keys: r.DatacenterKey}
	for _, name := range slices.Sorted(maps.Keys(r.DatacenterHost)) {
		rule := hostRule{datacenter: name}
		for pattern := range strings.SplitSeq(r.DatacenterHost[name], ",") {
			pattern = strings.TrimSpace(pattern)
			rule.patterns = append(rule.patterns, pattern)
			if err := checkPattern(pattern); err != nil {
				errs = append(errs, &config.KeyError{Key: "datacenter_host." + name, Err: err})
			}
		}
		f.hosts = append(f.hosts, rule)
	}
	return f, errors.Join(errs...)
}

func checkPattern(pattern string) error {
	if pattern == "" {
		return errors.New("a pattern is empty")
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is not a pattern (write * for any text, ? for one character, [a-z] for a range)", pattern)
	}
	return nil
}

// A Finder finds datacenters by rules.
type Finder struct {
	keys  []string
	hosts []hostRule
}

// A hostRule says that hosts which match a pattern are in a datacenter.
type hostRule struct {
	datacenter string
	patterns   []string
}

// Find returns the datacenter that metadata tells, "" for none.
func (f *Finder) Find(metadata map[string]string) string {
	for _, key := range f.keys {
		if v := metadata[key]; hasValue(v) {
			return v
		}
	}
	if host := metadata[HostKey]; hasValue(host) {
		for _, rule := range f.hosts {
			if rule.matches(host) {
				return rule.datacenter
			}
		}
	}
	return ""
}

// Keys are those of the metadata that are looked at. Without any, no metadata
// tells of a datacenter.
func (f *Finder) Keys() []string {
	keys := slices.Clone(f.keys)
	if len(f.hosts) > 0 {
		keys = append(keys, HostKey)
	}
	return keys
}

func (r hostRule) matches(host string) bool {
	return slices.ContainsFunc(r.patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, host)
		return ok && err == nil
	})
}

// hasValue reports whether metadata says something: Ceilometer writes Python's
// None as text.
func hasValue(text string) bool { return text != "" && text != "None" }
