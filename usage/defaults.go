package usage

// DefaultMeters returns the meters that are collected unless the config says
// otherwise, all of them billed. The caller owns the result.
//
// Only what a resource needs to be recognised on an invoice is kept of its
// metadata.
func DefaultMeters() []Meter {
	traffic := func(name string) Meter {
		return defaultMeter(name, "Network Interface", Counter{},
			field("name", "name", "vnic_name"), field("instance", "instance_id"), field("mac", "mac"))
	}
	return []Meter{
		defaultMeter("instance", "Virtual Machine", Uptime{},
			field("name", "display_name", "name"), field("host", "host"),
			field("image", "image.name", "image_meta.base_image_ref", "image_ref")),
		defaultMeter("volume.size", "Volume", Max{},
			field("name", "display_name", "name"), field("volume_type", "volume_type")),
		defaultMeter("snapshot.size", "Volume Snapshot", Max{},
			field("name", "display_name", "name"), field("volume", "volume_id")),
		defaultMeter("ip.floating", "Floating IP", Max{},
			field("address", "floating_ip_address", "address")),
		defaultMeter("router", "Router", Max{}, field("name", "name", "display_name")),
		traffic("network.incoming.bytes"),
		traffic("network.outgoing.bytes"),
		defaultMeter("storage.objects.size", "Object Storage", Max{}, field("name", "name", "display_name")),
		defaultMeter("image.size", "Image", Max{}, field("name", "name", "display_name")),
	}
}

// A metadataField is a field to keep and the keys that it is taken from.
type metadataField struct {
	name string
	keys []string
}

func field(name string, keys ...string) metadataField { return metadataField{name, keys} }

// defaultMeter makes every map and slice anew: the config changes meters, and
// one must not change another.
func defaultMeter(name, kind string, t Transformer, fields ...metadataField) Meter {
	m := Meter{
		Name:        name,
		Meter:       name,
		Transformer: t,
		Service:     name,
		Type:        kind,
		Billed:      true,
		Metadata:    make(map[string][]string, len(fields)),
	}
	for _, f := range fields {
		m.Metadata[f.name] = f.keys
	}
	return m
}
