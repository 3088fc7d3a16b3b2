package deployment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// metersOf loads a config with the sections and returns its meters by name.
func metersOf(t *testing.T, sections string) map[string]usage.Meter {
	t.Helper()
	d, err := load(t, "[main]\ndeployment = x\ncurrency = NZD"+adapters+sections)
	if err != nil {
		t.Fatal(err)
	}
	all, err := d.Meters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	meters := map[string]usage.Meter{}
	for _, m := range all {
		meters[m.Name] = m
	}
	return meters
}

// TestOptions gives every transformer every option that it has.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		section string
		want    usage.Transformer
		unit    string
	}{
		{"transformer = uptime\nhold = 2h\ntracked_states = a, b\nstate_keys = s\nflavor_keys = f, g\nnames.84 = m1.nano\nunit = second",
			usage.Uptime{Hold: 2 * time.Hour, Tracked: []string{"a", "b"}, StateKeys: []string{"s"}, FlavorKeys: []string{"f", "g"}, Names: map[string]string{"84": "m1.nano"}}, ""},
		{"transformer = uptime_sampled\ntracked_states = a, b\nstate_keys = s\nflavor_keys = f\nnames.84 = m1.nano\nprefix = c1.\nunit = s",
			usage.UptimeSampled{Tracked: []string{"a", "b"}, StateKeys: []string{"s"}, FlavorKeys: []string{"f"}, Names: map[string]string{"84": "m1.nano"}, Prefix: "c1."}, ""},
		{"transformer = database_uptime\ntracked_states = a\nflavor_keys = f\nnames.84 = m1.nano\nprefix = db.",
			usage.DatabaseUptime{Tracked: []string{"a"}, FlavorKeys: []string{"f"}, Names: map[string]string{"84": "m1.nano"}, Prefix: "db."}, ""},
		{"transformer = integral\nhold = 10m\nunit = gigabyte", usage.Integral{Hold: 10 * time.Minute}, "gigabyte"},
		{"transformer = storage_max\ntype_keys = a, b\nnames.1d2-e.f = fast disk\nunit = gigabyte",
			usage.StorageMax{TypeKeys: []string{"a", "b"}, Names: map[string]string{"1d2-e.f": "fast disk"}}, "gigabyte"},
		{"transformer = object_storage_max\npolicy_keys = a\nnames.tenant/container = gold\nunit = byte",
			usage.ObjectStorageMax{PolicyKeys: []string{"a"}, Names: map[string]string{"tenant/container": "gold"}}, "byte"},
		{"transformer = network_service\nunit = vpn", usage.NetworkService{}, "vpn"},
		{"transformer = from_image\nimage_keys = a, b\nno_image = None, -\nsize_keys = c\nunit = gigabyte",
			usage.FromImage{ImageKeys: []string{"a", "b"}, NoImage: []string{"None", "-"}, SizeKeys: []string{"c"}, Unit: "gigabyte"}, ""},
		{"transformer = database_volume_max\nsize_key = a\ntype_keys = b\nnames.v = fast\nunit = TB",
			usage.DatabaseVolumeMax{SizeKey: "a", TypeKeys: []string{"b"}, Names: map[string]string{"v": "fast"}, Unit: "TB"}, ""},
	} {
		name, _, _ := strings.Cut(test.section, "\n")
		t.Run(name, func(t *testing.T) {
			m := metersOf(t, "\n[meter:x]\n"+test.section)["x"]
			if diff := cmp.Diff(test.want, m.Transformer); diff != "" {
				t.Errorf("transformer (-want +got):\n%s", diff)
			}
			if m.Unit != test.unit {
				t.Errorf("the samples' unit is to be called %q, want %q", m.Unit, test.unit)
			}
		})
	}
}

// TestOptionsDoNotLeak: what one meter's section says reaches no other, whose
// transformer is the same.
func TestOptionsDoNotLeak(t *testing.T) {
	const full = "tracked_states = a\nflavor_keys = f\nnames.84 = m1.nano\nprefix = c1.\nvolume = 2\nfilters.a = metadata.x\nmetadata.name = n\ntemplate.name = x %s\n"
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		sections := map[string]string{
			"a": "\n[meter:a]\ntransformer = uptime_sampled\n" + full,
			"b": "\n[meter:b]\ntransformer = uptime_sampled\n",
		}
		got := metersOf(t, sections[order[0]]+sections[order[1]])["b"]
		got.Rule = ""
		want := usage.Meter{Name: "b", Meter: "b", Service: "b", Billed: true, Transformer: usage.UptimeSampled{}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("meter b (-want +got):\n%s", diff)
		}
	}
	plain := metersOf(t, "")
	for name, m := range metersOf(t, "\n[meter:instance]\n"+strings.Replace(full, "prefix = c1.\n", "", 1)) {
		if diff := cmp.Diff(plain[name], m, cmp.Comparer(func(a, b *usage.Expression) bool { return a == b })); (diff != "") != (name == "instance") {
			t.Errorf("a section of instance makes of meter %s:\n%s", name, diff)
		}
	}
}

func TestPreparation(t *testing.T) {
	m := metersOf(t, `
[meter:cluster]
transformer = max
filters.2 = "metadata.status == 'DONE'"
filters.1 = metadata.node_count
volume = metadata.node_count || metadata.nodes
metadata.name = name
template.name = '"%s", 100%%'
[meter:fixed]
transformer = max
volume = 2.50
`)
	cluster := m["cluster"]
	if got := fmt.Sprint(cluster.Filters); got != "[metadata.node_count metadata.status == 'DONE']" {
		t.Errorf("filters are %s", got)
	}
	if got := cluster.VolumeFrom.String(); got != "metadata.node_count || metadata.nodes" || !cluster.FixedVolume.IsZero() {
		t.Errorf("the volume is from %s, or %s", got, cluster.FixedVolume)
	}
	if got := cluster.Templates["name"]; got != `"%s", 100%%` {
		t.Errorf("the template is %s", got)
	}
	if fixed := m["fixed"]; fixed.VolumeFrom != nil || fixed.FixedVolume.String() != "2.5" {
		t.Errorf("the volume is from %v, or %s", fixed.VolumeFrom, fixed.FixedVolume)
	}
}

func TestMeterMistakes(t *testing.T) {
	_, err := load(t, "[main]\ndeployment = x\ncurrency = NZD"+adapters+`
[meter:a]
transformer = from_image
volume = 2x
filters.done = metadata.
template.z = "%s"
metadata.name = name
template.name = '%d'
names.1 = x
[meter:b]
transformer = max
volume = -1
[meter:c]
transformer = database_uptime
unit = hour
prefx = db.
[meter:d]
transformer = integral
hold = 0s
[meter:e]
transformer = uptime_sampled
unit = hour
hold = 1h`)
	if err == nil {
		t.Fatal("no mistake was found")
	}
	want := `
artifice.ini:13:10: [meter:a] volume: neither a number nor an expression: "2x" is not a JMESPath expression: SyntaxError: Invalid token: tNumber
artifice.ini:14:16: [meter:a] filters.done: "metadata." is not a JMESPath expression: SyntaxError: Expected identifier, lbracket, or lbrace
artifice.ini:15:1: [meter:a] template.z: there is no metadata.z to fill it with
artifice.ini:17:18: [meter:a] template.name: write %s once, where the value goes
artifice.ini:18:1: [meter:a] unknown key "names.1" (it takes image_keys, no_image, size_keys)
artifice.ini:21:10: [meter:b] volume: a volume for every sample is above 0 (billed = false bills nothing)
artifice.ini:22:1: [meter:c] unit: database_uptime is measured in seconds, not in hour (what one unit of a cost is belongs to the rates)
artifice.ini:25:1: [meter:c] unknown key "prefx" (did you mean "prefix"?)
artifice.ini:28:8: [meter:d] hold: "0s" is no time to hold a state for (write 1h)
artifice.ini:29:1: [meter:e] unit: uptime_sampled is measured in seconds, not in hour (what one unit of a cost is belongs to the rates)
artifice.ini:32:1: [meter:e] unknown key "hold" (it takes flavor_keys, names.NAME, prefix, state_keys, tracked_states)`
	if diff := cmp.Diff(strings.TrimSpace(want), err.Error()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

// A begun unit is one that the meter is measured in, as far as the config
// tells.
func TestBegun(t *testing.T) {
	m := metersOf(t, `
[meter:instance]
begun = hour
[meter:a]
transformer = max
unit = gigabyte
begun = GB day
[meter:b]
transformer = sum
begun = megabyte
[meter:c]
transformer = integral
unit = vcpu
begun = vcpu hour
`)
	for name, want := range map[string]string{"instance": "hour", "a": "GB day", "b": "megabyte", "c": "vcpu hour", "volume.size": ""} {
		if got := m[name].Begun; got != want {
			t.Errorf("%s: begun %q, want %q", name, got, want)
		}
	}
	// What is begun is a matter of billing: usage does not depend on it.
	if with, without := metersOf(t, "\n[meter:instance]\nhold = 1h\nbegun = hour")["instance"].Rule, metersOf(t, "\n[meter:instance]\nhold = 1h")["instance"].Rule; with != without {
		t.Errorf("rule %q, and %q without begun", with, without)
	}
	_, err := load(t, "[main]\ndeployment = x\ncurrency = NZD"+adapters+`
[meter:instance]
begun = GB hour
[meter:a]
transformer = max
unit = gigabyte
begun = hour
[meter:b]
transformer = sum
begun = much
[meter:c]
transformer = cumulative
unit = byte
begun = hour`)
	if err == nil {
		t.Fatal("no mistake was found")
	}
	want := `
artifice.ini:12:9: [meter:instance] begun: second, which the meter is measured in, does not convert to GB hour
artifice.ini:16:9: [meter:a] begun: gigabyte hour, which the meter is measured in, does not convert to hour
artifice.ini:19:9: [meter:b] begun: "much" is not a unit that others convert to (write hour, day, GB hour ...)
artifice.ini:23:9: [meter:c] begun: byte, which the meter is measured in, does not convert to hour`
	if diff := cmp.Diff(strings.TrimSpace(want), err.Error()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

// What a person reads of a meter is the config's word for its transformer.
func TestTransformers(t *testing.T) {
	d, err := load(t, "[main]\ndeployment = x\ncurrency = NZD"+adapters+"\n[meter:instance]\nhold = 1h\n[meter:volume.size]\ntransformer = integral\n[meter:own]\ntransformer = sum\n")
	if err != nil {
		t.Fatal(err)
	}
	got := d.Transformers()
	for meter, want := range map[string]string{"instance": "uptime", "volume.size": "integral", "own": "sum", "ip.floating": "max", "network.incoming.bytes": "cumulative"} {
		if got[meter] != want {
			t.Errorf("meter %s has transformer %q, want %q", meter, got[meter], want)
		}
	}
}
