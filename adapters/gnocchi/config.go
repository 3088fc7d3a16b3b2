package gnocchi

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/datacenter"
	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// Config is the section of a Source: the login, and what is read.
type Config struct {
	openstack.Config

	// Endpoint is where Gnocchi is, instead of where the catalog says.
	Endpoint *url.URL `ini:"endpoint"`

	// Datacenter is where a resource ran that the rules do not tell of. Without
	// one it is the region of Gnocchi's endpoint, or of the login with Endpoint.
	Datacenter string `ini:"datacenter"`
	datacenter.Rules

	// Since is when billing begins: nothing earlier is read. The first run of all
	// reads from here on.
	Since time.Time `ini:"since"`

	// Lookback is how far back a later run reads what was never collected, and the
	// first without Since. After a time without runs, or for a tenant that was held
	// back, it reads from where the one before it ended, however long ago.
	Lookback time.Duration `ini:"lookback,default=35d"`

	// Late is how far before what was collected a run reads in any case, 2h where it
	// is not set: longer for a Gnocchi whose storage was restored, or is written by
	// others. What else may still come, or change, by Gnocchi's own rules is read
	// again by itself.
	Late time.Duration `ini:"late"`

	// Meters says where the samples of a meter come from, instead of what is
	// known of Ceilometer's: meter.NAME = TYPE, METRIC METRIC, KIND, UNIT; or
	// none. See the README.
	Meters map[string]string `ini:"meter"`
}

// minLookback is what a run must read at least, so that a measure that Gnocchi
// writes while it is read is seen by the next.
const minLookback = 2 * time.Hour

// Validate reports what no key can tell alone, as config.KeyErrors.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate(), c.Rules.Validate()}
	if c.Lookback < minLookback {
		errs = append(errs, &config.KeyError{Key: "lookback", Err: fmt.Errorf("%v is less than %v (write 35d for a month, and some days until it is billed)", c.Lookback, minLookback)})
	}
	if c.Late != 0 && c.Late < minLookback {
		errs = append(errs, &config.KeyError{Key: "late", Err: fmt.Errorf("%v is less than %v (write 7d, or nothing: what Gnocchi may still change is read again by itself)", c.Late, minLookback)})
	}
	if c.Endpoint != nil {
		if err := openstack.CheckEndpoint(c.Endpoint); err != nil {
			errs = append(errs, &config.KeyError{Key: "endpoint", Err: fmt.Errorf("%w (write https://host:8041)", err)})
		}
	}
	_, err := c.meters()
	return errors.Join(append(errs, err)...)
}

// meters returns the known meters with those of the config.
func (c Config) meters() (map[string]meter, error) {
	all := knownMeters()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Meters)) {
		text := c.Meters[name]
		if text == "none" {
			delete(all, name)
			continue
		}
		m, err := parseMeter(text)
		if err != nil {
			errs = append(errs, &config.KeyError{Key: "meter." + name, Err: err})
			continue
		}
		all[name] = m
	}
	return all, errors.Join(errs...)
}

func parseMeter(text string) (meter, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return meter{}, errors.New("has not four parts (write TYPE, METRIC METRIC, KIND, UNIT; or none)")
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	m := meter{resource: parts[0], metrics: strings.Fields(parts[1]), unit: parts[3]}
	if strings.Trim(m.resource, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || m.resource == "" {
		return meter{}, fmt.Errorf("%q is no type of resources", m.resource)
	}
	if len(m.metrics) == 0 {
		return meter{}, errors.New("names no metric")
	}
	switch kind := usage.Kind(parts[2]); kind {
	case usage.Gauge, usage.Cumulative, usage.Delta:
		m.kind = kind
	case "presence":
		m.kind, m.presence = usage.Gauge, true
	default:
		return meter{}, fmt.Errorf("%q is none of gauge, delta, cumulative, presence", parts[2])
	}
	return m, nil
}
