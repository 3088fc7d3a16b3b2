package billing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// One invoice has one name for a unit, that of the first item, and every item
// comes to what it comes to under any other.
func TestOneNameOfAUnit(t *testing.T) {
	snapshot := volume("a", "s1", "2013-08-05T03:10:00Z", "3")
	snapshot.Meter = "snapshot.size"
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), snapshot}}
	for _, test := range []struct {
		name             string
		snapshot, volume string // what the prices are for; both are measured in "GB hour"
		want             []string
	}{
		{"as they are measured", "", "", []string{"3 GB hour", "2 GB hour"}},
		{"as the price list has it", "gigabyte hour", "gigabyte hour", []string{"3 gigabyte hour", "2 gigabyte hour"}},
		{"another name for each", "gigabyte hour", "GiB-h", []string{"3 gigabyte hour", "2 gigabyte hour"}},
		{"a name, and none", "gigabyte hour", "", []string{"3 gigabyte hour", "2 gigabyte hour"}},
		{"a price per gigabyte", "GB", "gigabyte hours", []string{"3 GB hour", "2 GB hour"}},
		// 3 x 1024 = 3072; another unit keeps its own name.
		{"another unit", "megabyte hour", "gigabyte hour", []string{"3072 megabyte hour", "2 gigabyte hour"}},
		{"a remark", "per month", "gigabyte hour", []string{"3 GB hour", "2 GB hour"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(map[string]string{"volume.size": "5", "snapshot.size": "7"})
			d.units = map[string]string{"snapshot.size": test.snapshot, "volume.size": test.volume}
			e := newEngine(source, d)
			collect(t, e, october)
			order := bill(t, e)[0].Order
			var got []string
			for _, item := range order.Items {
				got = append(got, item.Value.String()+" "+item.Unit)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// 3 x 7 + 2 x 5 = 31, and 3072 x 7 + 2 x 5 = 21514
			want := "31"
			if test.name == "another unit" {
				want = "21514"
			}
			if order.Total.String() != want {
				t.Errorf("the total is %s, want %s", order.Total, want)
			}
			v, err := e.Verify(t.Context(), nil)
			if err != nil || len(v.Mistakes) > 0 {
				t.Errorf("%v, %v", v.Mistakes, err)
			}
		})
	}
}
