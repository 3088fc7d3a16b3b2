package usage

import "slices"

// FromImage bills the root disk of instances that were booted from an image,
// which have one on the hypervisor; those booted from a volume are billed for
// that. The zero FromImage has the rules that are described here.
//
//   - Input: any kind of meter; usually instance. The volumes of samples are
//     not looked at: they count instances.
//   - Rule: a sample says "from a volume" where the first of ImageKeys that
//     its metadata has is empty or one of NoImage; a sample without any of
//     these keys does not. For each tenant, the largest size that any of
//     SizeKeys says of its samples in the window, times one hour; no volume
//     where one of these samples says "from a volume", or there are none. A
//     sample without a size counts as 0; one whose size is no number is an
//     error. The hour counts whole.
//   - Unit: "<Unit> hour".
//   - Service: the meter's. Datacenter: that of the tenant's last sample in
//     the window.
//
// It is Distil's fromimage. There, hours were floored, so that half an hour
// was free.
type FromImage struct {
	ImageKeys []string // none for image_ref, image_meta.base_image_ref
	NoImage   []string // none for None
	SizeKeys  []string // none for root_gb
	Unit      string   // of the sizes; "" for GB
}

var (
	_ Transformer = FromImage{}
	_ KeyUser     = FromImage{}
)

// Keys implements [KeyUser].
func (f FromImage) Keys() []string {
	f = f.withDefaults()
	return slices.Concat(f.ImageKeys, f.SizeKeys)
}

func (f FromImage) withDefaults() FromImage {
	if len(f.ImageKeys) == 0 {
		f.ImageKeys = []string{"image_ref", "image_meta.base_image_ref"}
	}
	if len(f.NoImage) == 0 {
		f.NoImage = []string{"None"}
	}
	if len(f.SizeKeys) == 0 {
		f.SizeKeys = []string{"root_gb"}
	}
	if f.Unit == "" {
		f.Unit = defaultSizeUnit
	}
	return f
}

// Transform implements [Transformer].
func (f FromImage) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	f = f.withDefaults()
	sizes := sizing{keys: f.SizeKeys, unit: f.Unit}
	volumes, err := sizes.largestHours(samples)
	if err != nil {
		return nil, State{}, err
	}
	return slices.DeleteFunc(volumes, func(v Volume) bool {
		return f.anyFromVolume(v.Tenant, samples)
	}), State{}, nil
}

func (f FromImage) fromVolume(s *Sample) bool {
	for _, key := range f.ImageKeys {
		if image, ok := s.Metadata[key]; ok {
			return image == "" || slices.Contains(f.NoImage, image)
		}
	}
	return false
}

func (f FromImage) anyFromVolume(tenant string, samples []Sample) bool {
	for i := range samples {
		if s := &samples[i]; s.Tenant == tenant && f.fromVolume(s) {
			return true
		}
	}
	return false
}
