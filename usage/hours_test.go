package usage_test

import (
	"slices"
	"testing"

	"github.com/openstack-artifice/artifice/usage"
)

func typed(t string) option { return metadata("volume_type", t) }

func TestStorageMax(t *testing.T) {
	byID := usage.StorageMax{Names: map[string]string{"id-1": "fast"}}
	runVolumes(t, []volumesTest{
		{"the type of the last sample, the largest of all", byID, []usage.Sample{
			gauge(clock("00:10:00"), "9", typed("slow")), gauge(clock("00:20:00"), "3", typed("id-1")), gauge(clock("01:00:00"), "2", typed("other"))}, []string{
			"2014-01-01T00 tenant=a service=fast dc=north: 9 B hour of 2",
			"2014-01-01T01 tenant=a service=other dc=north: 2 B hour of 1", // no name, no wrong price
		}},
		{"without a type it is the meter's", byID, []usage.Sample{
			gauge(clock("00:10:00"), "9", typed("fast")), gauge(clock("00:20:00"), "3", typed("None"))}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 9 B hour of 2",
		}},
		{"each tenant's own last", byID, []usage.Sample{
			gauge(clock("00:10:00"), "9", typed("x")), gauge(clock("00:20:00"), "0", typed("y"), tenant("b"), noVolume)}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 9 B hour of 1",
			"2014-01-01T00 tenant=b service=y dc=north: 0 B hour of 1",
		}},
		{"another key", usage.StorageMax{TypeKeys: []string{"kind"}}, []usage.Sample{
			gauge(clock("00:10:00"), "9", metadata("kind", "x"), typed("y"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 9 B hour of 1",
		}},
	})
	refuses(t, byID, "transformer storage_max does not take", reading(usage.Delta, clock("00:00:00"), "1"))
}

func TestObjectStorageMax(t *testing.T) {
	policies := usage.ObjectStorageMax{Names: map[string]string{"r": "of the container", "1": "gold"}}
	runVolumes(t, []volumesTest{
		{"what the sample says, by its name", policies, []usage.Sample{
			gauge(clock("00:10:00"), "9", metadata("storage_policy", "2")), gauge(clock("00:20:00"), "3", metadata("x-storage-policy", "1"))}, []string{
			"2014-01-01T00 tenant=a service=gold dc=north: 9 B hour of 2",
		}},
		{"what the table has for the container", policies, []usage.Sample{gauge(clock("00:10:00"), "9")}, []string{
			"2014-01-01T00 tenant=a service=of the container dc=north: 9 B hour of 1",
		}},
		{"else it is the meter's", usage.ObjectStorageMax{}, []usage.Sample{gauge(clock("00:10:00"), "9")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 9 B hour of 1",
		}},
	})
	refuses(t, policies, "transformer object_storage_max does not take", reading(usage.Delta, clock("00:00:00"), "1"))
}

func TestNetworkService(t *testing.T) {
	runVolumes(t, []volumesTest{
		{"active, inactive, pending", usage.NetworkService{}, []usage.Sample{
			gauge(clock("00:10:00"), "0"), gauge(clock("00:20:00"), "1"), gauge(clock("00:30:00"), "2"), gauge(clock("00:40:00"), "0"),
			gauge(clock("01:00:00"), "2"), gauge(clock("01:10:00"), "17"),
			gauge(clock("02:00:00"), "0"),
			gauge(clock("03:00:00"), "1", noVolume),
			gauge(clock("04:00:00"), "-1"), gauge(clock("04:10:00"), "3")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 1 B hour of 4",
			"2014-01-01T01 tenant=a service= dc=north: 0 B hour of 2",
			"2014-01-01T02 tenant=a service= dc=north: 0 B hour of 1",
			"2014-01-01T03 tenant=a service= dc=north: 0 B hour of 1",
			"2014-01-01T04 tenant=a service= dc=north: 0 B hour of 2",
		}},
	})
	refuses(t, usage.NetworkService{}, "transformer network_service does not take", reading(usage.Delta, clock("00:00:00"), "1"))
}

func TestFromImage(t *testing.T) {
	boot := func(clockTime, image, size string, options ...option) usage.Sample {
		return reading(usage.Delta, clock(clockTime), "1", append([]option{metadata("image_ref", image), metadata("root_gb", size)}, options...)...)
	}
	runVolumes(t, []volumesTest{
		{"the largest size of the hour", usage.FromImage{}, []usage.Sample{
			boot("00:00:00", "x", "20"), boot("00:30:00", "x", "60.5"), boot("00:40:00", "x", "20"), boot("01:50:00", "x", "20")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 121/2 GB hour of 3", // 60.5
			"2014-01-01T01 tenant=a service= dc=north: 20 GB hour of 1",
		}},
		{"one sample from a volume is none from an image, for its tenant", usage.FromImage{}, []usage.Sample{
			boot("00:00:00", "x", "20"), boot("00:30:00", "", "20"), boot("01:00:00", "None", "20"),
			boot("02:00:00", "x", "20"), boot("02:10:00", "", "20", tenant("b"))}, []string{
			"2014-01-01T02 tenant=a service= dc=north: 20 GB hour of 1",
		}},
		{"the first key that is there counts, even where it is empty", usage.FromImage{}, []usage.Sample{
			boot("00:00:00", "", "20", metadata("image_meta.base_image_ref", "x")),
			boot("01:00:00", "x", "20", metadata("image_meta.base_image_ref", "None")),
			gauge(clock("02:00:00"), "1", metadata("image_meta.base_image_ref", "None"), metadata("root_gb", "20")),
			gauge(clock("03:00:00"), "1", metadata("root_gb", "20"))}, []string{
			"2014-01-01T01 tenant=a service= dc=north: 20 GB hour of 1",
			"2014-01-01T03 tenant=a service= dc=north: 20 GB hour of 1", // no key at all: from an image
		}},
		{"without a size it is 0", usage.FromImage{}, []usage.Sample{boot("00:00:00", "x", "None"), boot("01:00:00", "x", "")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 0 GB hour of 1",
			"2014-01-01T01 tenant=a service= dc=north: 0 GB hour of 1",
		}},
		{"other keys, values and unit", usage.FromImage{ImageKeys: []string{"i"}, NoImage: []string{"-"}, SizeKeys: []string{"a", "b"}, Unit: "MB"}, []usage.Sample{
			boot("00:00:00", "None", "9", metadata("i", "-"), metadata("a", "1")),
			boot("01:00:00", "None", "9", metadata("i", "None"), metadata("a", "3"), metadata("b", "2"))}, []string{
			"2014-01-01T01 tenant=a service= dc=north: 3 MB hour of 1",
		}},
	})
	refuses(t, usage.FromImage{}, `samples.json: sample 1: metadata root_gb: "big" is not a number`, boot("00:00:00", "x", "big"))
	refuses(t, usage.FromImage{}, `metadata root_gb: "-1" is impossible: below zero`, boot("00:00:00", "x", "-1"))
	refuses(t, usage.FromImage{}, `"1e65" is impossible: its exponent is beyond 64`, boot("00:00:00", "x", "1e65"))
	refuses(t, usage.FromImage{}, `"1e999999999" is not a number`, boot("00:00:00", "x", "1e999999999"))
	refuses(t, usage.FromImage{}, `"1e-65" is impossible`, boot("00:00:00", "x", "1e-65"))
	refuses(t, usage.FromImage{}, `"00000000000000000000"... is too long for a number`,
		boot("00:00:00", "x", "00000000000000000000000000000000000000000000000000000000000000001"))
}

func TestDatabaseVolumeMax(t *testing.T) {
	sized := func(clockTime, size string, options ...option) usage.Sample {
		return gauge(clock(clockTime), "1", append([]option{metadata("volume.size", size), metadata("volume_id", "v")}, options...)...)
	}
	types := usage.DatabaseVolumeMax{Names: map[string]string{"v": "b1.nvme", "id-1": "b1.standard"}}
	runVolumes(t, []volumesTest{
		{"the largest whole size, by the type of the volume", types, []usage.Sample{
			sized("00:00:00", "24"), sized("00:10:00", "25.9"), sized("00:20:00", "7")}, []string{
			"2014-01-01T00 tenant=a service=b1.nvme dc=north: 25 GB hour of 3",
		}},
		{"the type that the last sample says comes first", types, []usage.Sample{
			sized("00:00:00", "24", typed("slow")), sized("00:10:00", "5", typed("id-1")), sized("01:00:00", "5", metadata("volume.type", "new"), typed("id-1"))}, []string{
			"2014-01-01T00 tenant=a service=b1.standard dc=north: 24 GB hour of 2",
			"2014-01-01T01 tenant=a service=new dc=north: 5 GB hour of 1",
		}},
		{"a volume of unknown type is not free", types, []usage.Sample{sized("00:00:00", "24", metadata("volume_id", "w"))}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 24 GB hour of 1",
		}},
		{"without a size it is 0", types, []usage.Sample{sized("00:00:00", "None")}, []string{
			"2014-01-01T00 tenant=a service=b1.nvme dc=north: 0 GB hour of 1",
		}},
		{"another key and unit", usage.DatabaseVolumeMax{SizeKey: "size", TypeKeys: []string{"t"}, Unit: "TB"}, []usage.Sample{
			sized("00:00:00", "24", metadata("size", "3"), metadata("t", "x"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 3 TB hour of 1",
		}},
	})
	refuses(t, types, `samples.json: sample 1: metadata volume.size: "big" is not a number; correct the sample, or name other keys for the size`, sized("00:00:00", "big"))
}

// TestKeysOfHours: what a transformer looks at must be asked of the sources.
func TestKeysOfHours(t *testing.T) {
	for _, test := range []struct {
		user usage.KeyUser
		want []string
	}{
		{usage.UptimeSampled{}, []string{"status", "state", "instance_type"}},
		{usage.StorageMax{}, []string{"volume_type"}},
		{usage.ObjectStorageMax{}, []string{"storage_policy", "x-storage-policy"}},
		{usage.NetworkService{}, nil},
		{usage.Integral{}, []string{"status", "state"}},
		{usage.FromImage{SizeKeys: []string{"s"}}, []string{"image_ref", "image_meta.base_image_ref", "s"}},
		{usage.DatabaseVolumeMax{}, []string{"volume.size", "volume_id", "volume.type", "volume_type"}},
	} {
		if got := test.user.Keys(); !slices.Equal(got, test.want) {
			t.Errorf("%T: keys are %q, want %q", test.user, got, test.want)
		}
	}
}

func refuses(t *testing.T, tr usage.Transformer, want string, samples ...usage.Sample) {
	t.Helper()
	if _, err := walk(tr, numbered(samples), clock("12:00:00")); err == nil || !contains(err, want) {
		t.Errorf("error is %v, want %q", err, want)
	}
}
