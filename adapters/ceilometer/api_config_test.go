package ceilometer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
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
