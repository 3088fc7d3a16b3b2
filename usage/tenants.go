package usage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"
)

// byTenant folds the samples of a window into one volume per tenant, sorted.
// add returns the tenant's volume with one more of its samples, the first
// where first is set. A tenant's datacenter is that of its last sample: a
// resource that moved is not billed twice for the hour. The unit is spelled as
// in the tenant's first sample.
func byTenant(samples []Sample, add func(volume, reading decimal.Decimal, first bool) decimal.Decimal) []Volume {
	var volumes []Volume
	at := 0 // of the last sample's tenant
	for i := range samples {
		s := &samples[i]
		known := at < len(volumes) && volumes[at].Tenant == s.Tenant
		if !known {
			at = slices.IndexFunc(volumes, func(v Volume) bool { return v.Tenant == s.Tenant })
			if known = at >= 0; !known {
				at = len(volumes)
				volumes = append(volumes, Volume{Tenant: s.Tenant, Unit: s.Unit})
			}
		}
		v := &volumes[at]
		v.Datacenter = s.Datacenter
		v.Volume = add(v.Volume, reading(s), !known)
		v.Samples++
	}
	sortVolumes(volumes)
	return volumes
}

// samplesOf counts the samples of a tenant.
func samplesOf(tenant string, samples []Sample) int {
	n := 0
	for i := range samples {
		if samples[i].Tenant == tenant {
			n++
		}
	}
	return n
}

// sortVolumes puts volumes in the order that every transformer here returns.
func sortVolumes(volumes []Volume) {
	if len(volumes) < 2 {
		return
	}
	slices.SortFunc(volumes, func(a, b Volume) int {
		return cmp.Or(
			cmp.Compare(a.Tenant, b.Tenant),
			cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Datacenter, b.Datacenter),
		)
	})
}

// checkSamples returns an error for the first sample that is of a kind that
// the named transformer does not take, or of another unit than those before.
func checkSamples(transformer string, samples []Sample, takes ...Kind) error {
	for i := range samples {
		s := &samples[i]
		if !slices.Contains(takes, s.Kind) {
			return fmt.Errorf("%s: meter %q is of kind %q, which transformer %s does not take; %s",
				s.Origin, s.Meter, s.Kind, transformer, kindRemedy(s.Kind))
		}
		if err := checkUnit(s, samples[0].Unit); err != nil {
			return err
		}
	}
	return nil
}

func kindRemedy(k Kind) string {
	switch k {
	case Gauge:
		return "use transformer max or sum for it"
	case Delta:
		return "use transformer sum for it"
	case Cumulative:
		return "use transformer cumulative for it"
	default:
		return fmt.Sprintf("the kinds are %s, %s and %s", Gauge, Delta, Cumulative)
	}
}

// checkUnit returns an error where s is not measured in unit.
func checkUnit(s *Sample, unit string) error {
	if SameUnit(s.Unit, unit) {
		return nil
	}
	return fmt.Errorf("%s: meter %q is in %q here, but in %q before; correct the samples, a series has one unit",
		s.Origin, s.Meter, s.Unit, unit)
}
