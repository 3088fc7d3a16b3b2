package meters

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

func TestSeen(t *testing.T) {
	half, err := NewSeen(t.Context(), Config{Hours: decimal.RequireFromString("0.5")})
	if err != nil {
		t.Fatal(err)
	}
	volumes, _, err := half.Transform(usage.Span{}, usage.State{}, []usage.Sample{
		{Tenant: "a", Datacenter: "north"}, {Tenant: "b", Datacenter: "north"}, {Tenant: "a", Datacenter: "north"},
	})
	if err != nil || len(volumes) != 2 {
		t.Fatalf("got %v, %v; want a volume for each of two tenants", volumes, err)
	}
	for i, want := range []struct {
		tenant  string
		samples int
	}{{"a", 2}, {"b", 1}} {
		got := volumes[i]
		if got.Tenant != want.tenant || got.Samples != want.samples || got.Volume.String() != "0.5" || got.Unit != "hour" {
			t.Errorf("volume %d is %+v, want 0.5 hour of %s from %d samples", i+1, got, want.tenant, want.samples)
		}
	}
}
