package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes.
type Size int64

// units are those of Size, the larger ones first. kB counts in thousands and
// KiB in 1024s; both spellings of kB are common.
var units = [...]struct {
	name  string
	bytes int64
}{
	{"EiB", 1 << 60}, {"EB", 1e18},
	{"PiB", 1 << 50}, {"PB", 1e15},
	{"TiB", 1 << 40}, {"TB", 1e12},
	{"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"kB", 1e3}, {"KB", 1e3},
	{"B", 1},
}

// ParseSize parses a whole number of bytes, or of a unit of them: "512",
// "512B", "64KiB", "10 MiB", "1GB". KiB, MiB and so on to EiB are powers of
// 1024; kB (or KB), MB and so on to EB are powers of 1000, unlike in units of
// usage.
func ParseSize(text string) (Size, error) {
	number := strings.TrimRight(text, "BEGKMPTik")
	unit := int64(1)
	if name := text[len(number):]; name != "" {
		unit = 0
		for _, u := range units {
			if u.name == name {
				unit = u.bytes
			}
		}
		number = strings.TrimSuffix(number, " ")
	}
	if unit == 0 || number == "" || strings.Trim(number, "0123456789") != "" {
		return 0, fmt.Errorf("%s is not a size (write 512, 64KiB, 10MiB or 1GB)", quote(text))
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("%s is out of range (at most %d bytes)", quote(text), int64(math.MaxInt64))
	}
	return Size(n * unit), nil
}

// String returns the size in the largest unit that it is a whole number of.
func (s Size) String() string {
	for _, u := range units {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}
