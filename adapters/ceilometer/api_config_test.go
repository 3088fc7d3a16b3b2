package ceilometer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
)

// A run never begins later than the one before it ended.
func TestAPILateLooksBack(t *testing.T) {
	for late, good := range map[time.Duration]bool{-1: false, 0: true, time.Minute: true, 48 * time.Hour: true} {
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
		if !errors.As(err, &key) || key.Key != "late" || !strings.Contains(err.Error(), "-1ns is no time to look back (write 2d)") {
			t.Errorf("late = %v: %v", late, err)
		}
	}
}
