package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// StorageMax is Max with the type of the volume for the service. The zero
// StorageMax has the rules that are described here.
//
//   - Input, rule, unit and datacenter: those of Max.
//   - Service: for the tenant's last sample in the window, the first of
//     TypeKeys with a value, by the name that Names has for it: Cinder says
//     names of types in some samples and ids in others. Where the sample tells
//     no type it is "", that of the meter.
//
// It is Distil's storagemax, also called blockstoragemax (StorageMax before
// 2016). There, a type that was not known was billed as the meter's service.
type StorageMax struct {
	TypeKeys []string          // none for volume_type
	Names    map[string]string // the names of volume types, by id; may be nil
}

var (
	_ Transformer = StorageMax{}
	_ KeyUser     = StorageMax{}
)

// Keys implements [KeyUser].
func (m StorageMax) Keys() []string { return slices.Clone(or(m.TypeKeys, "volume_type")) }

// Transform implements [Transformer].
func (m StorageMax) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	if err := checkSamples("storage_max", samples, Gauge); err != nil {
		return nil, State{}, err
	}
	volumes := largestHours(samples)
	keys := m.Keys()
	nameServices(volumes, samples, func(s *Sample) string {
		return nameOf(m.Names, firstValue(s.Metadata, keys))
	})
	return volumes, State{}, nil
}

// ObjectStorageMax is Max with the storage policy of the container for the
// service. The zero ObjectStorageMax has the rules that are described here.
//
//   - Input, rule, unit and datacenter: those of Max.
//   - Service: for the tenant's last sample in the window, the first of
//     PolicyKeys with a value, by the name that Names has for it, or what
//     Names has for the resource, which Ceilometer calls "tenant/container".
//     Where neither tells it is "", that of the meter.
//
// It is Distil's objectstoragemax, which asked Swift for the policy.
type ObjectStorageMax struct {
	PolicyKeys []string          // none for storage_policy, x-storage-policy
	Names      map[string]string // policies, by index or id, or by resource; may be nil
}

var (
	_ Transformer = ObjectStorageMax{}
	_ KeyUser     = ObjectStorageMax{}
)

// Keys implements [KeyUser].
func (m ObjectStorageMax) Keys() []string {
	return slices.Clone(or(m.PolicyKeys, "storage_policy", "x-storage-policy"))
}

// Transform implements [Transformer].
func (m ObjectStorageMax) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	if err := checkSamples("object_storage_max", samples, Gauge); err != nil {
		return nil, State{}, err
	}
	volumes := largestHours(samples)
	keys := m.Keys()
	nameServices(volumes, samples, func(s *Sample) string {
		if policy := firstValue(s.Metadata, keys); policy != "" {
			return nameOf(m.Names, policy)
		}
		return m.Names[s.Resource]
	})
	return volumes, State{}, nil
}

// defaultSizeUnit is what Nova, Cinder and Trove count sizes in.
const defaultSizeUnit = "GB"

// largestHours returns each tenant's largest volume times one hour.
func largestHours(samples []Sample) []Volume {
	volumes := byTenant(samples, func(volume, reading decimal.Decimal, first bool) decimal.Decimal {
		if first || reading.GreaterThan(volume) {
			return reading
		}
		return volume
	})
	inHours(volumes)
	return volumes
}

// inHours makes the unit of volumes that count for the whole hour.
func inHours(volumes []Volume) {
	for i := range volumes {
		volumes[i].Unit = strings.TrimSpace(volumes[i].Unit + " hour")
	}
}

// A sizing reads sizes from metadata.
type sizing struct {
	keys []string
	unit string
	cut  bool // to a whole number

	// What was read last: sizes repeat from sample to sample.
	text string
	size decimal.Decimal
}

// largestHours returns, for each tenant, the largest size that its samples
// tell, times one hour. A sample tells the largest that any of the keys has, 0
// where none does.
func (z *sizing) largestHours(samples []Sample) ([]Volume, error) {
	var failed error
	at := 0
	volumes := byTenant(samples, func(volume, _ decimal.Decimal, _ bool) decimal.Decimal {
		size, err := z.read(&samples[at])
		at++
		if failed == nil {
			failed = err
		}
		if size.GreaterThan(volume) {
			return size
		}
		return volume
	})
	if failed != nil {
		return nil, failed
	}
	for i := range volumes {
		volumes[i].Unit = z.unit
	}
	inHours(volumes)
	return volumes, nil
}

func (z *sizing) read(s *Sample) (largest decimal.Decimal, err error) {
	for _, key := range z.keys {
		text := s.Metadata[key]
		if !hasValue(text) {
			continue
		}
		if text != z.text {
			if z.size, err = parseNumber(text); err != nil {
				return largest, fmt.Errorf("%s: metadata %s: %w; correct the sample, or name other keys for the size", s.Origin, key, err)
			}
			if z.cut {
				z.size = decimal.NewFromBigInt(z.size.BigInt(), 0)
			}
			z.text = text
		}
		if z.size.GreaterThan(largest) {
			largest = z.size
		}
	}
	return largest, nil
}
