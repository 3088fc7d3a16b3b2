package cli

import (
	"testing"

	"github.com/openstack-artifice/artifice/internal/billing"
)

func TestBehind(t *testing.T) {
	some := billing.Lag{Source: "cloud", Tenants: []string{"a", "b"}}
	for _, tc := range []struct {
		lags   []billing.Lag
		tenant string
		want   bool
	}{
		{nil, "a", false},
		{[]billing.Lag{some}, "b", true},
		{[]billing.Lag{some}, "c", false},
		{[]billing.Lag{some, {Source: "other"}}, "c", true}, // a whole source
	} {
		if got := behind(tc.lags, tc.tenant); got != tc.want {
			t.Errorf("behind(%v, %q) = %v", tc.lags, tc.tenant, got)
		}
	}
}
