package deployment

import (
	"fmt"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// uptime binds the options of usage.Uptime.
func uptime(options *config.Section, m usage.Meter) (meter, error) {
	var t usage.Uptime
	b := config.Bind(options)
	config.Field(b, &t.Hold, parseHold, "hold")
	config.List(b, &t.Tracked, config.String, "tracked_states")
	config.List(b, &t.StateKeys, config.String, "state_keys")
	config.List(b, &t.FlavorKeys, config.String, "flavor_keys")
	config.Map(b, &t.Names, "names")
	return inSeconds("uptime", options, m, t, b.Validate(t))
}

// uptimeSampled binds the options of usage.UptimeSampled.
func uptimeSampled(options *config.Section, m usage.Meter) (meter, error) {
	var t usage.UptimeSampled
	b := config.Bind(options)
	config.List(b, &t.Tracked, config.String, "tracked_states")
	config.List(b, &t.StateKeys, config.String, "state_keys")
	config.List(b, &t.FlavorKeys, config.String, "flavor_keys")
	config.Map(b, &t.Names, "names")
	config.Field(b, &t.Prefix, config.String, "prefix")
	return inSeconds("uptime_sampled", options, m, t, b.Done())
}

// databaseUptime binds the options of usage.DatabaseUptime.
func databaseUptime(options *config.Section, m usage.Meter) (meter, error) {
	var t usage.DatabaseUptime
	b := config.Bind(options)
	config.List(b, &t.Tracked, config.String, "tracked_states")
	config.List(b, &t.FlavorKeys, config.String, "flavor_keys")
	config.Map(b, &t.Names, "names")
	config.Field(b, &t.Prefix, config.String, "prefix")
	return inSeconds("database_uptime", options, m, t, b.Done())
}

// inSeconds is for transformers that measure time: the samples' unit is
// another, for what they count is instances.
func inSeconds(name string, options *config.Section, m usage.Meter, t usage.Transformer, err error) (meter, error) {
	if m.Unit != "" && !usage.SameUnit(m.Unit, "second") {
		err = config.Merge(err, config.Errors{{Pos: options.Pos, Err: fmt.Errorf("[%s] unit: %s is measured in seconds, not in %s (what one unit of a cost is belongs to the rates)", options.Name, name, m.Unit)}})
	}
	m.Unit = ""
	return meter{Meter: m, open: opened(t)}, err
}

// integral binds the options of usage.Integral.
func integral(options *config.Section, m usage.Meter) (meter, error) {
	var t usage.Integral
	b := config.Bind(options)
	config.Field(b, &t.Hold, parseHold, "hold")
	err := b.Validate(t)
	return meter{Meter: m, open: opened[usage.Transformer](t)}, err
}

// storageMax binds the options of usage.StorageMax.
func storageMax(options *config.Section, m usage.Meter) (meter, error) {
	var t usage.StorageMax
	b := config.Bind(options)
	config.List(b, &t.TypeKeys, config.String, "type_keys")
	config.Map(b, &t.Names, "names")
	err := b.Done()
	return meter{Meter: m, open: opened[usage.Transformer](t)}, err
}

// objectStorageMax binds the options of usage.ObjectStorageMax.
func objectStorageMax(options *config.Section, m usage.Meter) (meter, error) {
	var t usage.ObjectStorageMax
	b := config.Bind(options)
	config.List(b, &t.PolicyKeys, config.String, "policy_keys")
	config.Map(b, &t.Names, "names")
	err := b.Done()
	return meter{Meter: m, open: opened[usage.Transformer](t)}, err
}

// fromImage binds the options of usage.FromImage. The meter's unit is that of
// the sizes: the samples', which count instances, stays.
func fromImage(options *config.Section, m usage.Meter) (meter, error) {
	t := usage.FromImage{Unit: m.Unit}
	m.Unit = ""
	b := config.Bind(options)
	config.List(b, &t.ImageKeys, config.String, "image_keys")
	config.List(b, &t.NoImage, config.String, "no_image")
	config.List(b, &t.SizeKeys, config.String, "size_keys")
	err := b.Done()
	return meter{Meter: m, open: opened[usage.Transformer](t)}, err
}

// databaseVolumeMax binds the options of usage.DatabaseVolumeMax. The meter's
// unit is that of the sizes: the samples', which count instances, stays.
func databaseVolumeMax(options *config.Section, m usage.Meter) (meter, error) {
	t := usage.DatabaseVolumeMax{Unit: m.Unit}
	m.Unit = ""
	b := config.Bind(options)
	config.Field(b, &t.SizeKey, config.String, "size_key")
	config.List(b, &t.TypeKeys, config.String, "type_keys")
	config.Map(b, &t.Names, "names")
	err := b.Done()
	return meter{Meter: m, open: opened[usage.Transformer](t)}, err
}
