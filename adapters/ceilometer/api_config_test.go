package ceilometer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// What a state lasts beyond its sample is read again only where late is longer.
func TestAPILateIsNotShort(t *testing.T) {
	for late, good := range map[time.Duration]bool{-time.Hour: false, 0: false, 2*time.Hour - 1: false, 2 * time.Hour: true, 48 * time.Hour: true} {
		c := newFakeAPI(t).config()
		c.Late = late
		err := c.Validate()
		if good {
			if err != nil {
				t.Errorf("late = %v: %v", late, err)
			}
			continue
		}
		var key *config.KeyError
		if !errors.As(err, &key) || key.Key != "late" || !strings.Contains(err.Error(), "is less than 2h0m0s") {
			t.Errorf("late = %v: %v", late, err)
		}
	}
}

// What one login was answered is not what another one may see.
func TestAPIKeepsByLogin(t *testing.T) {
	f := newFakeAPI(t)
	c := f.config()
	c.Keep, c.Since = config.Path(t.TempDir()), march
	q := usage.Query{Meters: []string{"volume.size"}}
	f.ids(f.open(c), q) // it may see nothing
	f.fill("volume.size", march, f.now, time.Hour, 1)
	c.ApplicationCredentialID = "administrator"
	ids, mistakes := f.ids(f.open(c), q)
	f.compare("another login", f.want(march, "volume.size"), ids, mistakes)
}
