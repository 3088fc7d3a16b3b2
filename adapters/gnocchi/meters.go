package gnocchi

import "github.com/openstack-artifice/artifice/usage"

// A meter says which metric of which resources its samples come from.
type meter struct {
	resource string   // the type of the resources
	metrics  []string // by name; all that a resource has
	kind     usage.Kind
	unit     string
	presence bool // only that there is a measure matters: the volume is 1
}

// knownMeters are Ceilometer's, as its gnocchi_resources.yaml files them.
//
// Ceilometer has no meter instance any more. What shows that an instance is
// there is that something of it is measured: cpu at every poll while it runs,
// vcpus when Nova notifies of it.
func knownMeters() map[string]meter {
	gauge := func(resource, unit string, metrics ...string) meter {
		return meter{resource: resource, metrics: metrics, kind: usage.Gauge, unit: unit}
	}
	counter := func(resource, unit, metric string) meter {
		return meter{resource: resource, metrics: []string{metric}, kind: usage.Cumulative, unit: unit}
	}
	const nic, account = "instance_network_interface", "swift_account"
	return map[string]meter{
		"instance":                   {resource: "instance", metrics: []string{"cpu", "vcpus"}, kind: usage.Gauge, unit: "instance", presence: true},
		"vcpus":                      gauge("instance", "vcpu", "vcpus"),
		"memory":                     gauge("instance", "MB", "memory"),
		"disk.root.size":             gauge("instance", "GB", "disk.root.size"),
		"disk.ephemeral.size":        gauge("instance", "GB", "disk.ephemeral.size"),
		"cpu":                        counter("instance", "ns", "cpu"),
		"volume.size":                gauge("volume", "GB", "volume.size"),
		"snapshot.size":              gauge("volume", "GB", "snapshot.size", "volume.snapshot.size"),
		"volume.backup.size":         gauge("volume", "GB", "volume.backup.size"),
		"ip.floating":                gauge("network", "ip", "ip.floating"),
		"router":                     gauge("network", "router", "router"),
		"network.incoming.bytes":     counter(nic, "B", "network.incoming.bytes"),
		"network.outgoing.bytes":     counter(nic, "B", "network.outgoing.bytes"),
		"storage.objects":            gauge(account, "object", "storage.objects"),
		"storage.objects.size":       gauge(account, "B", "storage.objects.size"),
		"storage.objects.containers": gauge(account, "container", "storage.objects.containers"),
		"image.size":                 gauge("image", "B", "image.size"),
	}
}

// aggregations are those that keep what a meter measures, the best first. Of a
// counter the last reading of a bucket is one that was read; of a gauge the
// mean, times the length of the bucket, is what an integral is after.
func (m meter) aggregations() []string {
	switch {
	case m.presence:
		return []string{"mean", "last", "max", "min", "count", "sum"}
	case m.kind == usage.Cumulative:
		return []string{"last", "max", "mean"}
	case m.kind == usage.Delta:
		return []string{"sum"}
	}
	return []string{"mean", "last", "max"}
}
