package cli

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/report"
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

func TestTellMore(t *testing.T) {
	change := func(kind report.Kind, before, after int64) report.Change {
		return report.Change{Currency: "NZD", Digits: 2, Kind: kind, Before: report.Figure{Amount: decimal.NewFromInt(before)}, After: report.Figure{Amount: decimal.NewFromInt(after)}}
	}
	for _, tc := range []struct {
		more []report.Change
		want string
	}{
		{nil, ""},
		{[]report.Change{change(report.More, 1, 4), change(report.Less, 2, 1)}, "note: 2 smaller changes, together +2.00 NZD: --output csv or json shows all\n"},
		{[]report.Change{change(report.NoCost, 9, 0), change(report.Less, 2, 1)}, "note: 1 more without a cost; 1 smaller change, together -1.00 NZD: --output csv or json shows all\n"},
		{[]report.Change{change(report.NoCost, 9, 0)}, "note: 1 more without a cost: --output csv or json shows all\n"},
	} {
		var out strings.Builder
		a := &App{Stderr: &out}
		a.tellMore(tc.more)
		if out.String() != tc.want {
			t.Errorf("told %q, want %q", out.String(), tc.want)
		}
	}
}
