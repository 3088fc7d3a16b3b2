package distil

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// A rule says what a transformer of Distil's is in Artifice.
type rule struct {
	transformer string            // Artifice's; "" for none
	config      string            // what its config is called, under all of its names
	options     map[string]string // Distil's name of an option, and Artifice's
	seconds     bool              // it measures time, whatever the samples count
	hours       bool              // its volumes are those of the samples, times hours
	note        string            // what is otherwise
}

// What Distil asked for names, and where Artifice has them from: sources that
// log in to a cloud ask Nova and Cinder, and none asks Swift.
const (
	askedAlike = "Distil asked %s for names, and so does a source that logs in to a cloud. Files have those of the samples' metadata: where that has only ids, write names.ID = NAME"
	askedSwift = "Distil asked Swift for names. Artifice takes them from the samples' metadata: where that has only ids, write names.ID = NAME"
)

// names are what Distil ever called its transformers.
var names = []string{
	"uptime", "Uptime", "InstanceUptime", "max", "GaugeMax", "sum", "GaugeSum", "numbool", "CumulativeRange",
	"storagemax", "blockstoragemax", "StorageMax", "objectstoragemax", "databasevolumemax", "databaseuptime", "databasemanagementuptime",
	"fromimage", "from_image", "FromImage", "networkservice", "GaugeNetworkService", "magnum", "MagnumTransformer",
}

// ruleOf returns the rule for a transformer of Distil's, by the name that it
// had in any of its years.
func ruleOf(name string) rule {
	switch name {
	case "uptime":
		return rule{transformer: "uptime_sampled", config: "uptime", seconds: true, options: map[string]string{"tracked_states": "tracked_states", "prefix": "prefix"},
			note: "this bills as Distil of 2024 did, the whole hour for one sample in a tracked state. transformer = uptime bills the time that a machine ran, which is what Distil before that was meant to"}
	case "Uptime", "InstanceUptime":
		return rule{transformer: "uptime", config: "uptime", seconds: true, options: map[string]string{"tracked_states": "tracked_states"},
			note: "Distil billed stopped time when the machine came back; Artifice bills none. States come from the samples' metadata, not from the volumes of a meter of codes"}
	case "max", "GaugeMax":
		return rule{transformer: "max", hours: true}
	case "sum", "GaugeSum":
		return rule{transformer: "sum"}
	case "numbool":
		return rule{transformer: "numbool"}
	case "CumulativeRange":
		return rule{transformer: "cumulative"}
	case "storagemax", "blockstoragemax", "StorageMax":
		return rule{transformer: "storage_max", hours: true, note: fmt.Sprintf(askedAlike, "Cinder")}
	case "objectstoragemax":
		return rule{transformer: "object_storage_max", hours: true, note: askedSwift}
	case "databasevolumemax":
		return rule{transformer: "database_volume_max", hours: true, note: fmt.Sprintf(askedAlike, "Cinder")}
	case "databaseuptime", "databasemanagementuptime":
		return rule{transformer: "database_uptime", config: name, seconds: true, options: map[string]string{"tracked_states": "tracked_states", "prefix": "prefix"}, note: fmt.Sprintf(askedAlike, "Nova")}
	case "fromimage", "from_image", "FromImage":
		return rule{transformer: "from_image", config: "fromimage", hours: true,
			options: map[string]string{"service": "service", "md_keys": "image_keys", "none_values": "no_image", "size_keys": "size_keys"}}
	case "networkservice", "GaugeNetworkService":
		return rule{transformer: "network_service", hours: true}
	case "magnum", "MagnumTransformer":
		return rule{transformer: "max", hours: true, note: "Distil's own transformer for Magnum is a filter and a fixed volume here, as it was in Distil in 2024"}
	}
	return rule{}
}

// isMagnum reports whether a transformer counts the states of a cluster.
func isMagnum(name string) bool { return name == "magnum" || name == "MagnumTransformer" }

// magnumStates are the codes of the states in which a cluster was billed.
const magnumStates = "contains(`[2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 15, 16, 17]`, volume)"

// suggest is what a name might have been meant to be, for messages.
func suggest(name string) string {
	if near := config.Suggest(name, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// builtins are the meters that Artifice bills without a section.
var builtins = []string{"instance", "volume.size", "snapshot.size", "ip.floating", "router", "network.incoming.bytes", "network.outgoing.bytes", "storage.objects.size", "image.size"}

// isTime reports whether a unit is one of time.
func isTime(unit string) bool {
	unit = strings.ToLower(strings.TrimSpace(unit))
	return unit == "s" || slices.Contains([]string{"second", "sec", "minute", "min", "hour", "hr", "h", "day"}, strings.TrimSuffix(unit, "s"))
}
