package usage

// DatabaseUptime bills whole windows to the flavors of a database instance.
// The zero DatabaseUptime has the rules that are described here.
//
//   - Input: any kind of meter that has the status of a Trove instance. The
//     volumes of samples are not looked at. What is, are the key status of
//     metadata and, for the flavor, the first of FlavorKeys with a value.
//   - Rule, unit, datacenter and samples: those of UptimeSampled, with the
//     state from status alone. A status of SHUTDOWN is not tracked.
//   - Service: Prefix, such as "db.", and the flavor's name: what Names has
//     for the value of metadata, or that value. A flavor without a name is so
//     billed under its id, which the price list does not have, and noticed.
//
// It is Distil's databaseuptime, and with a prefix databasemanagementuptime.
// There, a flavor without a name was free.
type DatabaseUptime struct {
	Tracked    []string          // the states that count, without regard to case; none for active, upgrade
	FlavorKeys []string          // none for flavor.name, flavor.id
	Names      map[string]string // the names of flavors, by id; may be nil
	Prefix     string
}

var (
	_ Transformer = DatabaseUptime{}
	_ KeyUser     = DatabaseUptime{}
)

// Keys implements [KeyUser].
func (u DatabaseUptime) Keys() []string { return u.sampled().Keys() }

func (u DatabaseUptime) sampled() UptimeSampled {
	return UptimeSampled{
		Tracked:    or(u.Tracked, "active", "upgrade"),
		StateKeys:  []string{"status"},
		FlavorKeys: or(u.FlavorKeys, "flavor.name", "flavor.id"),
		Names:      u.Names,
		Prefix:     u.Prefix,
	}
}

// Transform implements [Transformer].
func (u DatabaseUptime) Transform(w Span, before State, samples []Sample) ([]Volume, State, error) {
	return u.sampled().Transform(w, before, samples)
}

// DatabaseVolumeMax bills the largest size of a database's volume for the
// whole hour, by volume type. The zero DatabaseVolumeMax has the rules that
// are described here.
//
//   - Input: any kind of meter that has the volume of a Trove instance in its
//     metadata. The volumes of samples are not looked at: they count
//     instances.
//   - Rule: for each tenant, the largest size that SizeKey says of its samples
//     in the window, cut to a whole number, which is what Trove has, times one
//     hour. A sample without a size counts as 0; one whose size is no number is
//     an error. A window without samples has no volume.
//   - Unit: "<Unit> hour".
//   - Service: for the tenant's last sample in the window, the type of the
//     volume: the first of TypeKeys with a value, by the name that Names has
//     for it, or what Names has for the id of the volume, in volume_id. Where
//     neither tells it is "", that of the meter.
//   - Datacenter: that of the tenant's last sample in the window.
//
// It is Distil's databasevolumemax. There, a volume of unknown type was free.
type DatabaseVolumeMax struct {
	SizeKey  string            // "" for volume.size
	TypeKeys []string          // none for volume.type, volume_type
	Names    map[string]string // the types of volumes, by the type's id or the volume's; may be nil
	Unit     string            // of the sizes; "" for GB
}

var (
	_ Transformer = DatabaseVolumeMax{}
	_ KeyUser     = DatabaseVolumeMax{}
)

// volumeIDKey is the metadata that names a database's volume.
const volumeIDKey = "volume_id"

// Keys implements [KeyUser].
func (d DatabaseVolumeMax) Keys() []string {
	d = d.withDefaults()
	return append([]string{d.SizeKey, volumeIDKey}, d.TypeKeys...)
}

func (d DatabaseVolumeMax) withDefaults() DatabaseVolumeMax {
	if d.SizeKey == "" {
		d.SizeKey = "volume.size"
	}
	if d.Unit == "" {
		d.Unit = defaultSizeUnit
	}
	d.TypeKeys = or(d.TypeKeys, "volume.type", "volume_type")
	return d
}

// Transform implements [Transformer].
func (d DatabaseVolumeMax) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	d = d.withDefaults()
	sizes := sizing{keys: []string{d.SizeKey}, unit: d.Unit, cut: true}
	volumes, err := sizes.largestHours(samples)
	if err != nil {
		return nil, State{}, err
	}
	nameServices(volumes, samples, func(s *Sample) string {
		if named := firstValue(s.Metadata, d.TypeKeys); named != "" {
			return nameOf(d.Names, named)
		}
		return d.Names[s.Metadata[volumeIDKey]]
	})
	return volumes, State{}, nil
}
