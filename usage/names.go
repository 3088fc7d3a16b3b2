package usage

import "maps"

// nameOf returns what a table of names has for an id, or the id itself: what
// has no name there is a service without a price, which is noticed.
func nameOf(names map[string]string, id string) string {
	if name, ok := names[id]; ok {
		return name
	}
	return id
}

// withNames returns a table with more names: its own win.
func withNames(own, more map[string]string) map[string]string {
	all := make(map[string]string, len(own)+len(more))
	maps.Copy(all, more)
	maps.Copy(all, own)
	return all
}

var (
	_ NameUser = Uptime{}
	_ NameUser = UptimeSampled{}
	_ NameUser = DatabaseUptime{}
	_ NameUser = StorageMax{}
	_ NameUser = ObjectStorageMax{}
	_ NameUser = DatabaseVolumeMax{}
)

// NameKind implements [NameUser].
func (Uptime) NameKind() NameKind { return FlavorNames }

// NameKind implements [NameUser].
func (UptimeSampled) NameKind() NameKind { return FlavorNames }

// NameKind implements [NameUser].
func (DatabaseUptime) NameKind() NameKind { return FlavorNames }

// NameKind implements [NameUser].
func (StorageMax) NameKind() NameKind { return VolumeTypeNames }

// NameKind implements [NameUser].
func (ObjectStorageMax) NameKind() NameKind { return PolicyNames }

// NameKind implements [NameUser].
func (DatabaseVolumeMax) NameKind() NameKind { return VolumeTypeNames }

// WithNames implements [NameUser].
func (u Uptime) WithNames(names map[string]string) Transformer {
	u.Names = withNames(u.Names, names)
	return u
}

// WithNames implements [NameUser].
func (u UptimeSampled) WithNames(names map[string]string) Transformer {
	u.Names = withNames(u.Names, names)
	return u
}

// WithNames implements [NameUser].
func (u DatabaseUptime) WithNames(names map[string]string) Transformer {
	u.Names = withNames(u.Names, names)
	return u
}

// WithNames implements [NameUser].
func (m StorageMax) WithNames(names map[string]string) Transformer {
	m.Names = withNames(m.Names, names)
	return m
}

// WithNames implements [NameUser].
func (m ObjectStorageMax) WithNames(names map[string]string) Transformer {
	m.Names = withNames(m.Names, names)
	return m
}

// WithNames implements [NameUser].
func (d DatabaseVolumeMax) WithNames(names map[string]string) Transformer {
	d.Names = withNames(d.Names, names)
	return d
}
