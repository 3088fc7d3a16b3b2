package distil_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/internal/distil"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// adapter is one that takes no keys and makes nothing.
func adapter[T any](key, typ string) deployment.Adapter[T] {
	return deployment.Adapter[T]{
		Compiled: config.Compiled{Key: key, Reference: "adapters.test:" + typ, Package: "example.com/test", Type: typ},
		Bind: func(s *config.Section) (deployment.Open[T], error) {
			return func(context.Context) (t T, err error) { return t, nil }, config.Bind(s).Done()
		},
	}
}

const main = `[main]
deployment     = test
currency       = NZD
invoice:object = adapters.test:Invoice
source:object  = adapters.test:Source
store:object   = adapters.test:Store

`

// bind makes a deployment of converted sections, with the parser of every
// deployment.
func bind(t *testing.T, ini []byte) map[string]usage.Meter {
	t.Helper()
	f, err := config.Parse("artifice.ini", append([]byte(main), ini...))
	if err != nil {
		t.Fatal(err)
	}
	registry := deployment.Registry{
		Invoices: []deployment.Adapter[invoice.ERP]{adapter[invoice.ERP]("invoice:object", "Invoice")},
		Sources:  []deployment.Adapter[usage.Source]{adapter[usage.Source]("source:object", "Source")},
		Stores:   []deployment.Adapter[ledger.Store]{adapter[ledger.Store]("store:object", "Store")},
	}
	d, err := registry.Load(f)
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

func convert(t *testing.T, base string) *distil.Result {
	t.Helper()
	var files []distil.File
	for _, suffix := range []string{".mappings.yml", ".transformer.yaml"} {
		data, err := os.ReadFile("testdata/" + base + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, distil.File{Name: base + suffix, Data: data})
	}
	result, err := distil.Convert(files[0], files[1])
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// Whatever is written is a config that a deployment takes as it is, and bills
// no meter that the mappings have not.
func TestSectionsBind(t *testing.T) {
	names, err := filepath.Glob("testdata/*.ini")
	if err != nil || len(names) < 3 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		ini, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bind(t, ini)
	}
	result := convert(t, "2024")
	var billed int
	for _, m := range bind(t, result.INI) {
		if m.Billed {
			billed++
		}
	}
	if billed != result.Meters {
		t.Errorf("%d meters are billed, %d were converted", billed, result.Meters)
	}
}

// What a section says is what the mapping said.
func TestMetersAreTheMappings(t *testing.T) {
	type said struct {
		Meter, Service, Type, Unit string
		Transformer                usage.Transformer
	}
	of := func(m usage.Meter) said { return said{m.Meter, m.Service, m.Type, m.Unit, m.Transformer} }
	meters := bind(t, convert(t, "2024").INI)
	states := []string{"active", "paused", "rescue", "rescued", "resize", "resized", "verify_resize", "suspended", "shutoff", "stopped"}
	for name, want := range map[string]said{
		"instance": {"instance", "instance", "Virtual Machine", "", usage.UptimeSampled{Tracked: states}},
		"instance-from_image": {"instance", "b1.standard", "Volume", "", usage.FromImage{
			ImageKeys: []string{"image_ref", "image_meta.base_image_ref"}, NoImage: []string{"None"}, SizeKeys: []string{"root_gb"}, Unit: "gigabyte"}},
		"volume.size":                           {"volume.size", "b1.standard", "Volume", "gigabyte", usage.StorageMax{}},
		"storage.containers.objects.size":       {"storage.containers.objects.size", "o1.standard", "Object Storage Container", "byte", usage.ObjectStorageMax{}},
		"ip.floating":                           {"ip.floating", "n1.ipv4", "Floating IP", "", usage.Max{}},
		"network.services.vpn":                  {"network.services.vpn", "n1.vpn", "VPN", "", usage.NetworkService{}},
		"traffic.outbound.international":        {"traffic.outbound.international", "n1.international-out", "Outbound International Traffic", "byte", usage.Sum{}},
		"database.instance":                     {"database.instance", "database.instance", "Database Instance", "", usage.DatabaseUptime{Tracked: []string{"ACTIVE", "UPGRADE"}, Prefix: "db."}},
		"database.instance-database_volume_max": {"database.instance", "b1.standard", "Database Volume", "", usage.DatabaseVolumeMax{Unit: "gigabyte"}},
		"cim.coe.cluster":                       {"cim.coe.cluster", "coe1.control", "COE Control Plane", "hour", usage.NumBool{}},
	} {
		if diff := cmp.Diff(want, of(meters[name])); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	worker := meters["cim.coe.cluster-max"]
	if got := worker.VolumeFrom.String(); got != "not_null(metadata.node_count, metadata.nodes)" || len(worker.Filters) != 1 {
		t.Errorf("workers have the volume %s and %d filters", got, len(worker.Filters))
	}
	disk := meters["instance-from_image"]
	if disk.Templates["name"] != "%s-root_disk" || !cmp.Equal(disk.Metadata["availability zone"], []string{"OS-EXT-AZ:availability_zone"}) {
		t.Errorf("root disks have the templates %v and the metadata %v", disk.Templates, disk.Metadata)
	}
}

// A cluster is billed in the states in which Distil's own transformer did.
func TestMagnumStates(t *testing.T) {
	m := bind(t, convert(t, "2014").INI)["cluster"]
	for state := range int64(20) {
		s := usage.Sample{Meter: "cluster", Kind: usage.Gauge, Unit: "cluster", Volume: decimal.New(state, 0), HasVolume: true}
		prepared, err := m.Prepare([]usage.Sample{s})
		if err != nil {
			t.Fatal(err)
		}
		billed := state >= 2 && state <= 5 || state >= 9 && state <= 17
		if (len(prepared) == 1) != billed || billed && prepared[0].Volume.String() != "1" {
			t.Errorf("state %d gives %v", state, prepared)
		}
	}
}
