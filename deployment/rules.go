package deployment

import (
	"context"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// A rule binds a meter's options, what is left of its section, to a
// transformer.
type rule func(options *config.Section, m usage.Meter) (meter, error)

// builtins are the transformers that need no key of [main].
func builtins() map[string]rule {
	plain := func(t usage.Transformer) rule {
		return func(options *config.Section, m usage.Meter) (meter, error) {
			return meter{Meter: m, open: opened(t)}, config.Bind(options).Done()
		}
	}
	return map[string]rule{
		"uptime":              uptime,
		"uptime_sampled":      uptimeSampled,
		"max":                 plain(usage.Max{}),
		"integral":            integral,
		"sum":                 plain(usage.Sum{}),
		"cumulative":          plain(usage.Counter{}),
		"numbool":             plain(usage.NumBool{}),
		"storage_max":         storageMax,
		"object_storage_max":  objectStorageMax,
		"network_service":     plain(usage.NetworkService{}),
		"from_image":          fromImage,
		"database_uptime":     databaseUptime,
		"database_volume_max": databaseVolumeMax,
	}
}

// builtinName is the name of a transformer of a default meter.
func builtinName(t usage.Transformer) string {
	switch t.(type) {
	case usage.Uptime:
		return "uptime"
	case usage.Max:
		return "max"
	case usage.Sum:
		return "sum"
	case usage.Counter:
		return "cumulative"
	case usage.NumBool:
		return "numbool"
	}
	return ""
}

// parseHold refuses a hold of nothing, which usage.Uptime takes for the usual
// one.
func parseHold(text string) (time.Duration, error) {
	d, err := config.Duration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is no time to hold a state for (write 1h)", text)
	}
	return d, err
}

// rule binds a transformer that was compiled in: a meter's options go over the
// transformer's own section.
func (l *loader) rule(a Adapter[usage.Transformer]) rule {
	return func(options *config.Section, m usage.Meter) (meter, error) {
		section := l.file.SectionOrEmpty(a.Key, options.Pos)
		open, err := a.Bind(section.Overlay(options.Keys))
		return meter{Meter: m, open: open}, err
	}
}

// opened is the Open of what needs no opening.
func opened[T any](t T) Open[T] {
	return func(context.Context) (T, error) { return t, nil }
}
