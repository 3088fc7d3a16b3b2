package usage_test

import (
	"cmp"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// The oracle computes volumes from the rules as data/README.md words them, in
// the simplest way there is: of all samples at once, without windows to fold,
// states to keep or anything of what is tested. It counts in big.Rat.

// An account is what one line of the outcome is about.
type account struct {
	window                      time.Time
	tenant, service, datacenter string
}

// An outcome is the volume of each account.
type outcome map[account]*big.Rat

func (o outcome) add(a account, v *big.Rat) {
	if o[a] == nil {
		o[a] = new(big.Rat)
	}
	o[a].Add(o[a], v)
}

// lines renders an outcome as lines does for steps.
func (o outcome) lines(samples []usage.Sample, unit string) []string {
	var accounts []account
	for a := range o {
		accounts = append(accounts, a)
	}
	slices.SortFunc(accounts, func(a, b account) int {
		return cmp.Or(a.window.Compare(b.window), strings.Compare(a.tenant, b.tenant),
			strings.Compare(a.service, b.service), strings.Compare(a.datacenter, b.datacenter))
	})
	list := []string{}
	for _, a := range accounts {
		count := 0
		for _, s := range samples {
			if s.Tenant == a.tenant && hourOf(s.Time).Equal(a.window) {
				count++
			}
		}
		list = append(list, line(a.window, a.tenant, a.service, a.datacenter, o[a], unit, count))
	}
	return list
}

func hourOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, time.UTC)
}

func volumeOf(s usage.Sample) *big.Rat {
	if !s.HasVolume {
		return new(big.Rat)
	}
	return s.Volume.Rat()
}

// oracleOnce orders samples that all have an id, counts each id once, and
// gives those whose datacenter is not known that of the last that is.
func oracleOnce(all []usage.Sample) []usage.Sample {
	all = slices.Clone(all)
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if !a.Time.Equal(b.Time) {
			return a.Time.Before(b.Time)
		}
		if !a.Recorded.Equal(b.Recorded) {
			return a.Recorded.Before(b.Recorded)
		}
		if c := volumeOf(a).Cmp(volumeOf(b)); c != 0 {
			return c < 0
		}
		return a.ID < b.ID
	})
	var once []usage.Sample
	for _, s := range all {
		if !slices.ContainsFunc(once, func(o usage.Sample) bool { return o.ID == s.ID }) {
			once = append(once, s)
		}
	}
	for i := range once {
		for j := i - 1; j >= 0 && once[i].Assumed; j-- {
			if !once[j].Assumed {
				once[i].Datacenter = once[j].Datacenter
				break
			}
		}
	}
	return once
}

// oracleEach is the oracle of the rules that look at one tenant's volumes in
// one window.
func oracleEach(samples []usage.Sample, rule func(volumes []*big.Rat) *big.Rat) outcome {
	out := outcome{}
	for _, s := range samples {
		var volumes []*big.Rat
		a := account{window: hourOf(s.Time), tenant: s.Tenant}
		for _, other := range samples {
			if other.Tenant == s.Tenant && hourOf(other.Time).Equal(a.window) {
				volumes = append(volumes, volumeOf(other))
				a.datacenter = other.Datacenter
			}
		}
		out[a] = rule(volumes)
	}
	return out
}

func oracleSum(volumes []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for _, v := range volumes {
		sum.Add(sum, v)
	}
	return sum
}

func oracleMax(volumes []*big.Rat) *big.Rat {
	return slices.MaxFunc(volumes, (*big.Rat).Cmp)
}

func oracleNumBool(volumes []*big.Rat) *big.Rat {
	if oracleMax(volumes).Sign() > 0 {
		return big.NewRat(1, 1)
	}
	return new(big.Rat)
}

// oracleCounter goes through the readings one by one.
func oracleCounter(samples []usage.Sample) outcome {
	// Every tenant has an entry where it has samples, where it was last.
	out := oracleEach(samples, func([]*big.Rat) *big.Rat { return new(big.Rat) })
	book := func(s usage.Sample, v *big.Rat) {
		for a := range out {
			if a.window.Equal(hourOf(s.Time)) && a.tenant == s.Tenant {
				out.add(a, v)
			}
		}
	}
	var last *big.Rat
	for len(samples) > 0 {
		now := samples[0].Time
		var high, low []usage.Sample
		for len(samples) > 0 && samples[0].Time.Equal(now) {
			switch s := samples[0]; {
			case !s.HasVolume:
			case last == nil || volumeOf(s).Cmp(last) >= 0:
				high = append(high, s)
			default:
				low = append(low, s)
			}
			samples = samples[1:]
		}
		for _, part := range [][]usage.Sample{high, low} {
			sort.SliceStable(part, func(i, j int) bool { return volumeOf(part[i]).Cmp(volumeOf(part[j])) < 0 })
			for _, s := range part {
				v := volumeOf(s)
				if last != nil && v.Cmp(last) >= 0 {
					book(s, new(big.Rat).Sub(v, last))
				} else if last != nil {
					book(s, v)
				}
				last = v
			}
		}
	}
	return out
}

// oracleUptime cuts time wherever anything can change and asks of each piece
// who held at its beginning.
func oracleUptime(samples []usage.Sample, hold time.Duration) outcome {
	if len(samples) == 0 {
		return nil
	}
	var cuts []time.Time
	for _, s := range samples {
		cuts = append(cuts, s.Time, s.Time.Add(hold))
	}
	last := samples[len(samples)-1].Time.Add(hold)
	for border := hourOf(samples[0].Time); border.Before(last); border = border.Add(time.Hour) {
		cuts = append(cuts, border)
	}
	slices.SortFunc(cuts, time.Time.Compare)
	out := outcome{}
	for i := 1; i < len(cuts); i++ {
		if a, ok := holder(samples, cuts[i-1], hold); ok && cuts[i].After(cuts[i-1]) {
			out.add(a, big.NewRat(int64(cuts[i].Sub(cuts[i-1])), 1e9))
		}
	}
	return out
}

// holder says what is billed at the instant t, if anything.
func holder(samples []usage.Sample, t time.Time, hold time.Duration) (account, bool) {
	at := -1
	for i, s := range samples {
		if !s.Time.After(t) {
			at = i
		}
	}
	if at < 0 || !t.Before(samples[at].Time.Add(hold)) {
		return account{}, false
	}
	said := func(keys ...string) string {
		for i := at; i >= 0; i-- {
			for _, key := range keys {
				if v := samples[i].Metadata[key]; v != "" && v != "None" {
					return v
				}
			}
		}
		return ""
	}
	switch strings.ToLower(said("status", "state")) {
	case "", "active", "build", "building", "paused", "rescue", "rescued", "resize", "resized", "verify_resize":
		return account{hourOf(t), samples[at].Tenant, said("flavor.name", "instance_type"), samples[at].Datacenter}, true
	default:
		return account{}, false
	}
}
