package ceilometer

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// Config is the section of a Source.
type Config struct {
	// Path is a file of samples, or a directory that is searched for them with
	// its subdirectories, in the order of their names. Names that begin with a
	// dot are left out. Files called *.json, *.jsonl, *.json.gz and *.jsonl.gz
	// count.
	Path config.Path `ini:"path,alias=directory,alias=file,required"`

	// Datacenter is where a resource ran whose samples do not tell.
	Datacenter string `ini:"datacenter,default=RegionOne"`

	// DatacenterKey lists keys of a sample's metadata that tell where the
	// resource ran. The first that has a value counts; "None" is no value.
	DatacenterKey []string `ini:"datacenter_key"`

	// DatacenterHost tells where a resource ran by the host in its metadata:
	// datacenter_host.NAME = PATTERN, PATTERN. Patterns are a shell's (*, ?,
	// [a-z]); names are tried in sorted order, after DatacenterKey.
	DatacenterHost map[string]string `ini:"datacenter_host"`

	// TrustSources lists regular expressions. Where there are any, only the
	// samples count whose own source, which says who sent them, begins with
	// what one of them matches.
	TrustSources []string `ini:"trust_sources"`

	// Tenants is a file with the names of tenants, "id | name" in each line:
	// samples say ids only.
	Tenants config.Path `ini:"tenants"`

	// Receive is for artifice receive, which puts samples into Path.
	Receive ReceiveConfig `ini:"receive"`
}

const defaultDatacenter = "RegionOne"

// Validate reports keys of metadata that are empty, and patterns and regular
// expressions that are malformed, each as a config.KeyError.
func (c Config) Validate() error {
	var errs []error
	if slices.Contains(c.DatacenterKey, "") {
		errs = append(errs, &config.KeyError{Key: "datacenter_key", Err: errors.New("a key of metadata is empty")})
	}
	_, err := hostRules(c.DatacenterHost)
	_, trustErr := newTrust(c.TrustSources)
	return errors.Join(append(errs, err, trustErr, c.Receive.validate())...)
}

// A hostRule says that hosts which match a pattern are in a datacenter.
type hostRule struct {
	datacenter string
	patterns   []string
}

// hostRules reads the patterns of each datacenter, sorted by its name.
func hostRules(hosts map[string]string) ([]hostRule, error) {
	var (
		rules []hostRule
		errs  []error
	)
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		rule := hostRule{datacenter: name}
		for pattern := range strings.SplitSeq(hosts[name], ",") {
			pattern = strings.TrimSpace(pattern)
			rule.patterns = append(rule.patterns, pattern)
			if err := checkPattern(pattern); err != nil {
				errs = append(errs, &config.KeyError{Key: "datacenter_host." + name, Err: err})
			}
		}
		rules = append(rules, rule)
	}
	return rules, errors.Join(errs...)
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

func (r hostRule) matches(host string) bool {
	return slices.ContainsFunc(r.patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, host)
		return ok && err == nil
	})
}
