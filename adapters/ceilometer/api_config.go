package ceilometer

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/datacenter"
	"github.com/openstack-artifice/artifice/internal/openstack"
)

// APIConfig is the section of an API: the login, and what is read.
type APIConfig struct {
	openstack.Config

	// Endpoint is where Ceilometer's API is, instead of where the catalog says
	// that the service metering is.
	Endpoint *url.URL `ini:"endpoint"`

	// Shape is which resource of the API is asked: samples (/v2/samples), or
	// meters (/v2/meters/NAME), which is all that the oldest have. auto asks
	// for samples where there are any.
	Shape string `ini:"shape,default=auto"`

	// Page is how many samples an answer may have.
	Page uint32 `ini:"page,default=1000"`

	// Since is when billing begins: nothing earlier is read.
	Since time.Time `ini:"since"`

	// Lookback is how far back a run reads what was never collected. After a time
	// without runs, or for a tenant that was held back, it reads from where the
	// one before it ended, however long ago.
	Lookback time.Duration `ini:"lookback,default=35d"`

	// Late is how late Ceilometer may hear of a sample. A run reads what the one
	// before it did not, and so much before.
	Late time.Duration `ini:"late,default=2d"`

	// Datacenter is where a resource ran whose samples do not tell. Without one
	// it is the region of the API's endpoint.
	Datacenter string `ini:"datacenter"`

	datacenter.Rules

	// TrustSources is what it is for a Source.
	TrustSources []string `ini:"trust_sources"`
}

// The shapes that the API is asked for.
const (
	shapeAuto    = "auto"
	shapeSamples = "samples"
	shapeMeters  = "meters"
)

const (
	minLookback = 2 * time.Hour
	maxPage     = 100_000 // samples in an answer
)

// Validate reports what no key can tell alone, as config.KeyErrors.
func (c APIConfig) Validate() error {
	_, trustErr := newTrust(c.TrustSources)
	errs := []error{c.Config.Validate(), c.Rules.Validate(), trustErr}
	wrong := func(key, format string, args ...any) {
		errs = append(errs, &config.KeyError{Key: key, Err: fmt.Errorf(format, args...)})
	}
	if c.Endpoint != nil {
		if err := openstack.CheckEndpoint(c.Endpoint); err != nil {
			wrong("endpoint", "%w (write https://host:8777)", err)
		}
	}
	if shapes := []string{shapeAuto, shapeSamples, shapeMeters}; !slices.Contains(shapes, c.Shape) {
		wrong("shape", "%q is none of %s", c.Shape, strings.Join(shapes, ", "))
	}
	if c.Page == 0 || c.Page > maxPage {
		wrong("page", "%d is not between 1 and %d (write 1000)", c.Page, maxPage)
	}
	if c.Lookback < minLookback {
		wrong("lookback", "%v is less than %v (write 35d for a month, and some days until it is billed)", c.Lookback, minLookback)
	}
	if c.Late < 0 {
		wrong("late", "%v is no time to look back (write 2d)", c.Late)
	}
	return errors.Join(errs...)
}
