package usage_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

func TestConversion(t *testing.T) {
	for _, test := range []struct{ from, to, want string }{ // want is the fraction, "" for none
		{"second", "hour", "1/3600"},
		{"hour", "s", "3600"},
		{"Seconds", "sec", "1"},
		{"day", "minutes", "1440"},
		{"ns", "hour", "1/3600000000000"},
		{"ms", "us", "1000"},
		{"B", "bytes", "1"},
		{"B", "GB", "1/1073741824"}, // 1024^3
		{"gigabyte", "GiB", "1"},
		{"GB", "gb", "1"},
		{"TB", "kB", "1073741824"},
		{"megabytes", "KB", "1024"},
		{"B hour", "gigabyte hour", "1/1073741824"},
		{"B hour", "byte hours", "1"},
		{"GB hour", "gigabyte second", "3600"},
		{"GB-h", "GB hour", "1"},
		{"GB  hour", "gigabyte-hours", "1"},
		{"TB day", "B ns", terabyteDay()},
		{"packets", "packet", "1"},
		{"Request", "request", "1"},
		{"instance hour", "instance seconds", "3600"},
		{"ip", "IPs", "1"},
		{"%", "%", "1"},
		{"Widget", "wIDGET", "1"},
		{"", "", "1"},

		{"second", "byte", ""},
		{"GB hour", "GB", ""},
		{"GB", "GB hour", ""},
		{"instance hour", "hour", ""},
		{"instance hour", "ip hour", ""},
		{"B", "bytes per hour", ""},
		{"B hour", "bytes per hour", ""},
		{"second", "duration", ""},
		{"second", "per hour", ""},
		{"hour hour", "second hour", ""},
		{"packet", "request", ""},
		{"widgets", "widget", ""}, // no rule of plurals for words that are not known
		{"B", "b", ""},            // a bit
		{"GB", "Gb", ""},          // a gigabit
		{"B", "", ""},
		{"time", "s", ""}, // a dimension is no unit
	} {
		num, den, ok := usage.Conversion(test.from, test.to)
		got := ""
		if ok {
			got = new(big.Rat).SetFrac(num, den).RatString()
		}
		if got != test.want {
			t.Errorf("%q to %q is %q, want %q", test.from, test.to, got, test.want)
		}
		if same := usage.SameUnit(test.from, test.to); same != (test.want == "1") {
			t.Errorf("SameUnit(%q, %q) is %v", test.from, test.to, same)
		}
	}
}

// terabyteDay is how many byte nanoseconds a terabyte has in a day, which is
// more than an int64 holds.
func terabyteDay() string {
	n := new(big.Int).Exp(big.NewInt(1024), big.NewInt(4), nil)
	return n.Mul(n, big.NewInt(24*60*60*1_000_000_000)).String()
}

// TestConversionIsConsistent has every conversion be the inverse of the one
// back, and a detour come to the same.
func TestConversionIsConsistent(t *testing.T) {
	words := []string{"B", "KB", "megabytes", "GB", "TB", "s", "minute", "hours", "day", "ns", "packet", "ip", "", "odd"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string {
			word := rapid.SampledFrom(words).Draw(t, name)
			if rapid.Bool().Draw(t, name+" is a product") {
				word += " " + rapid.SampledFrom(words).Draw(t, name+" by")
			}
			return word
		}
		ratio := func(from, to string) *big.Rat {
			num, den, ok := usage.Conversion(from, to)
			if !ok {
				return nil
			}
			return new(big.Rat).SetFrac(num, den)
		}
		a, b, c := draw("a"), draw("b"), draw("c")
		if r := ratio(a, a); r == nil || r.Cmp(big.NewRat(1, 1)) != 0 || !usage.SameUnit(a, a) {
			t.Fatalf("%q does not equal itself", a)
		}
		ab, ba, bc, ac := ratio(a, b), ratio(b, a), ratio(b, c), ratio(a, c)
		if (ab == nil) != (ba == nil) || ab != nil && new(big.Rat).Inv(ab).Cmp(ba) != 0 {
			t.Fatalf("%q to %q is %v, but back %v", a, b, ab, ba)
		}
		if ab != nil && bc != nil && (ac == nil || new(big.Rat).Mul(ab, bc).Cmp(ac) != 0) {
			t.Fatalf("%q to %q is %v, but by %q it is %v times %v", a, c, ac, b, ab, bc)
		}
	})
}

// FuzzUnits has units come from anywhere: a file of rates, a sample.
func FuzzUnits(f *testing.F) {
	f.Add("GB hour", "B second")
	f.Add("bytes per hour", "-h")
	f.Add(" ", "s s")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !usage.SameUnit(a, a) {
			t.Errorf("%q does not equal itself", a)
		}
		num, den, ok := usage.Conversion(a, b)
		if ok && (num.Sign() <= 0 || den.Sign() <= 0) {
			t.Errorf("%q to %q is %v/%v", a, b, num, den)
		}
		if same := ok && num.Cmp(den) == 0; same != usage.SameUnit(a, b) {
			t.Errorf("SameUnit(%q, %q) is not %v", a, b, same)
		}
	})
}
