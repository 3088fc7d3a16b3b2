package usage_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

func TestDefaultMeters(t *testing.T) {
	want := []string{
		"instance usage.Uptime Virtual Machine",
		"volume.size usage.Max Volume",
		"snapshot.size usage.Max Volume Snapshot",
		"ip.floating usage.Max Floating IP",
		"router usage.Max Router",
		"network.incoming.bytes usage.Counter Network Interface",
		"network.outgoing.bytes usage.Counter Network Interface",
		"storage.objects.size usage.Max Object Storage",
		"image.size usage.Max Image",
	}
	var got []string
	for _, m := range usage.DefaultMeters() {
		got = append(got, fmt.Sprintf("%s %T %s", m.Name, m.Transformer, m.Type))
		if m.Meter != m.Name || m.Service != m.Name || m.Unit != "" || !m.Billed {
			t.Errorf("%s: %+v is not the plain meter of that name, billed", m.Name, m)
		}
		if _, ok := m.Transformer.(usage.KeyUser); !ok {
			t.Errorf("%s: sources would have to carry every key for %T", m.Name, m.Transformer)
		}
		if len(m.Metadata) == 0 {
			t.Errorf("%s: nothing is kept by which a person could recognise a resource", m.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("meters (-want +got):\n%s", diff)
	}
	if want := []string{"floating_ip_address", "address"}; !cmp.Equal(usage.DefaultMeters()[3].Metadata["address"], want) {
		t.Errorf("the address of a floating IP is from %q", usage.DefaultMeters()[3].Metadata["address"])
	}
}

// TestDefaultMetersAreApart changes one meter, as a config does, and looks at
// all others.
func TestDefaultMetersAreApart(t *testing.T) {
	changed := usage.DefaultMeters()
	for i := range changed {
		before := usage.DefaultMeters()
		for field, keys := range changed[i].Metadata {
			for k := range keys {
				keys[k] = "changed"
			}
			changed[i].Metadata[field] = nil
			changed[i].Metadata["added"] = nil
		}
		for j := i + 1; j < len(changed); j++ {
			if diff := cmp.Diff(before[j], changed[j]); diff != "" {
				t.Errorf("changing %s changes %s:\n%s", changed[i].Name, changed[j].Name, diff)
			}
		}
	}
	if diff := cmp.Diff("display_name", usage.DefaultMeters()[0].Metadata["name"][0]); diff != "" {
		t.Errorf("changing meters changes the defaults:\n%s", diff)
	}
}
