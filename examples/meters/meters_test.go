package meters

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

func TestContract(t *testing.T) {
	seen := Seen{Config{Hours: decimal.New(1, 0)}}
	most := func(_ usage.Span, samples []usage.Sample) decimal.Decimal { return decimal.New(int64(len(samples)), 0) }
	usagetest.RunTransformer(t, usagetest.TransformerSetup{New: func(testing.TB) usage.Transformer { return &seen }, Most: most})
}

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
