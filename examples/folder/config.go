package folder

import (
	"errors"

	"github.com/openstack-artifice/artifice/config"
)

// Config is the adapter's section of the config.
type Config struct {
	// Directory holds the invoices. It must be there.
	Directory config.Path `ini:"directory,required"`
	// Price is what one unit of a service costs, in the deployment's currency.
	Price map[string]string `ini:"price"`
}

// Validate reports prices that are no figures.
func (c *Config) Validate() error {
	var errs []error
	for service, price := range c.Price {
		if _, err := config.Decimal(price); err != nil {
			errs = append(errs, &config.KeyError{Key: "price." + service, Err: err})
		}
	}
	return errors.Join(errs...)
}
