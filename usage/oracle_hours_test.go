package usage_test

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// oracleGroups is the oracle of the rules that look at one tenant's samples in
// one window: rule says what they come to by service. The datacenter is that
// of the last.
func oracleGroups(samples []usage.Sample, rule func(group []usage.Sample) map[string]*big.Rat) outcome {
	out := outcome{}
	for i, s := range samples {
		var group []usage.Sample
		last := i
		for j, other := range samples {
			if other.Tenant == s.Tenant && hourOf(other.Time).Equal(hourOf(s.Time)) {
				group = append(group, other)
				last = j
			}
		}
		if last != i {
			continue // once for each group
		}
		for service, v := range rule(group) {
			out[account{hourOf(s.Time), s.Tenant, service, s.Datacenter}] = v
		}
	}
	return out
}

// said returns what a sample's metadata says under the first key with a value.
func said(s usage.Sample, keys ...string) string {
	for _, key := range keys {
		if v := s.Metadata[key]; v != "" && v != "None" {
			return v
		}
	}
	return ""
}

// named translates with a table, where it can.
func named(names map[string]string, id string) string {
	if name, ok := names[id]; ok {
		return name
	}
	return id
}

// shareOf is the rule of uptime_sampled for given states and keys.
func shareOf(tracked string, stateKeys, flavorKeys []string, name func(string) string) func([]usage.Sample) map[string]*big.Rat {
	return func(group []usage.Sample) map[string]*big.Rat {
		var services []string
		counts := false
		for _, s := range group {
			state := strings.ToLower(said(s, stateKeys...))
			if state == "" || !strings.Contains(" "+tracked+" ", " "+state+" ") {
				continue
			}
			counts = true
			if flavor := said(s, flavorKeys...); flavor != "" && !slices.Contains(services, name(flavor)) {
				services = append(services, name(flavor))
			}
		}
		if counts && services == nil {
			services = []string{""}
		}
		shares := map[string]*big.Rat{}
		for _, service := range services {
			// FloatString rounds to the nearest, half away from zero.
			share, _ := new(big.Rat).SetString(big.NewRat(3600, int64(len(services))).FloatString(9))
			shares[service] = share
		}
		return shares
	}
}

const sampledStates = "active paused rescue rescued resize resized verify_resize suspended shutoff stopped"

func oracleSampled(u usage.UptimeSampled, samples []usage.Sample) outcome {
	return oracleGroups(samples, shareOf(sampledStates, []string{"status", "state"}, []string{"instance_type"},
		func(flavor string) string { return u.Prefix + named(u.Names, flavor) }))
}

func oracleDatabase(u usage.DatabaseUptime, samples []usage.Sample) outcome {
	return oracleGroups(samples, shareOf("active upgrade", []string{"status"}, []string{"flavor.name", "flavor.id"},
		func(flavor string) string { return u.Prefix + named(u.Names, flavor) }))
}

// oracleTyped is the rule of storage_max and object_storage_max.
func oracleTyped(samples []usage.Sample, service func(last usage.Sample) string) outcome {
	return oracleGroups(samples, func(group []usage.Sample) map[string]*big.Rat {
		var volumes []*big.Rat
		for _, s := range group {
			volumes = append(volumes, volumeOf(s))
		}
		return map[string]*big.Rat{service(group[len(group)-1]): oracleMax(volumes)}
	})
}

// sizeOf is the largest of what the group's metadata says, 0 where it does not.
func sizeOf(group []usage.Sample, keys ...string) *big.Rat {
	largest := new(big.Rat)
	for _, s := range group {
		for _, key := range keys {
			if size, ok := new(big.Rat).SetString(s.Metadata[key]); ok && size.Cmp(largest) > 0 {
				largest = size
			}
		}
	}
	return largest
}

func oracleDatabaseVolume(d usage.DatabaseVolumeMax, samples []usage.Sample) outcome {
	return oracleGroups(samples, func(group []usage.Sample) map[string]*big.Rat {
		size := sizeOf(group, "volume.size")
		last := group[len(group)-1]
		service := d.Names[last.Metadata["volume_id"]]
		if named := said(last, "volume.type", "volume_type"); named != "" {
			service = named
			if name, ok := d.Names[named]; ok {
				service = name
			}
		}
		return map[string]*big.Rat{service: new(big.Rat).SetInt(new(big.Int).Quo(size.Num(), size.Denom()))}
	})
}

func oracleFromImage(samples []usage.Sample) outcome {
	return oracleGroups(samples, func(group []usage.Sample) map[string]*big.Rat {
		for _, s := range group {
			image, ok := s.Metadata["image_ref"]
			if !ok {
				image, ok = s.Metadata["image_meta.base_image_ref"]
			}
			if ok && (image == "" || image == "None") {
				return nil
			}
		}
		return map[string]*big.Rat{"": sizeOf(group, "root_gb")}
	})
}

func oracleNetwork(volumes []*big.Rat) *big.Rat {
	active := slices.DeleteFunc(slices.Clone(volumes), func(v *big.Rat) bool { return v.Cmp(big.NewRat(2, 1)) >= 0 })
	return slices.MaxFunc(append(active, new(big.Rat)), (*big.Rat).Cmp)
}

// oracleIntegral cuts time wherever anything can change and asks of each piece
// what held at its beginning. What was said to be deleted holds for no time.
func oracleIntegral(samples []usage.Sample, hold time.Duration) outcome {
	out := outcome{}
	for i, s := range samples {
		until := s.Time.Add(hold)
		if i+1 < len(samples) && samples[i+1].Time.Before(until) {
			until = samples[i+1].Time
		}
		if strings.ToLower(said(s, "status", "state")) == "deleted" {
			until = s.Time
		}
		value := new(big.Rat)
		for _, earlier := range samples[:i+1] {
			if earlier.HasVolume {
				value = volumeOf(earlier)
			}
		}
		for from := s.Time; from.Before(until); {
			to := hourOf(from).Add(time.Hour)
			if until.Before(to) {
				to = until
			}
			seconds := big.NewRat(int64(to.Sub(from)), 1e9)
			out.add(account{hourOf(from), s.Tenant, "", s.Datacenter}, seconds.Mul(seconds, value))
			from = to
		}
	}
	return out
}
