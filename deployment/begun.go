package deployment

import (
	"fmt"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// parseBegun reads the unit of which begun ones are billed whole.
func parseBegun(text string) (string, error) {
	if !usage.IsUnit(text) {
		return "", fmt.Errorf("%q is not a unit that others convert to (write hour, day, GB hour ...)", text)
	}
	return text, nil
}

// checkBegun refuses a begun unit that the meter is not measured in. Where only
// the samples say what that is, billing finds it.
func (l *loader) checkBegun(s *config.Section, m usage.Meter, transformer string) {
	if m.Begun == "" {
		return
	}
	measured := measuredIn(m.Unit, transformer)
	if measured == "" {
		return
	}
	if _, _, ok := usage.Conversion(measured, m.Begun); !ok {
		l.fail(s.Key("begun").ValuePos, "[%s] begun: %s, which the meter is measured in, does not convert to %s", s.Name, measured, m.Begun)
	}
}

// measuredIn is the unit that a built-in transformer gives its volumes, where
// the config tells: of samples in the unit. It is "" where it does not.
func measuredIn(unit, transformer string) string {
	switch transformer {
	case "uptime", "uptime_sampled", "database_uptime":
		return "second"
	case "sum", "cumulative", "numbool":
		return unit
	case "integral":
		return times(unit, "second")
	case "max", "storage_max", "object_storage_max", "network_service", "from_image", "database_volume_max":
		return times(unit, "hour")
	}
	return ""
}

func times(unit, duration string) string {
	if unit == "" {
		return ""
	}
	return unit + " " + duration
}
