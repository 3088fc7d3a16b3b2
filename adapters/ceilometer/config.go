package ceilometer

import (
	"errors"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/datacenter"
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

	datacenter.Rules

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

// Validate reports rules of datacenters and regular expressions that are malformed,
// and what receiving cannot work with, as config.KeyErrors.
func (c Config) Validate() error {
	_, trustErr := newTrust(c.TrustSources)
	return errors.Join(c.Rules.Validate(), trustErr, c.Receive.validate())
}
