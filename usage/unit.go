package usage

import (
	"math/big"
	"strings"
	"time"
)

// A unit is a dimension, such as "byte", and how many of the dimension's
// smallest unit it holds.
type unit struct {
	dimension string
	factor    *big.Int
}

// SameUnit reports whether two units are spellings of one, as "B" and "bytes".
func SameUnit(a, b string) bool {
	if a == b {
		return true
	}
	x, y := parseUnit(a), parseUnit(b)
	return x.dimension == y.dimension && x.factor.Cmp(y.factor) == 0
}

// Conversion returns the fraction, in lowest terms, by which a value in one
// unit is multiplied to be one in another: value * num / den. It is exact; the
// caller divides once, at the end. Where ok is false there is no conversion:
// the unit is of another dimension, or a word that is not known here and says
// something to people only, such as "duration" or "bytes per hour".
//
// The units that are known, in singular or plural, in any case but for the
// symbols, where an upper-case letter makes another unit (Gb is a gigabit):
//
//	time      nanosecond ns, microsecond us, millisecond ms, second sec s,
//	          minute min, hour hr h, day
//	size      byte B
//	          kilobyte kibibyte KB kB kb KiB  = 1024 bytes
//	          megabyte mebibyte MB mb MiB     = 1024^2
//	          gigabyte gibibyte GB gb GiB     = 1024^3
//	          terabyte tebibyte TB tb TiB     = 1024^4
//	things    container event image instance ip network object packet port
//	          request router snapshot subnet vcpu volume
//	products  a size or a thing, then a blank or hyphen, then a time:
//	          "gigabyte hour", "GB-h", "B second", "ip hours"
//
// OpenStack's gigabyte is 1024^3 bytes: Nova and Cinder count in GiB and
// Ceilometer calls that GB. A day has 24 hours. Anything else is a unit of its
// own and equals only itself, without regard to case.
func Conversion(from, to string) (num, den *big.Int, ok bool) {
	x, y := parseUnit(from), parseUnit(to)
	if x.dimension != y.dimension {
		return nil, nil, false
	}
	r := new(big.Rat).SetFrac(x.factor, y.factor)
	return r.Num(), r.Denom(), true
}

// IsUnit reports whether the text names a unit that Conversion knows, and is
// not a word that says something to people only.
func IsUnit(text string) bool { return !strings.HasPrefix(parseUnit(text).dimension, " ") }

func parseUnit(text string) unit {
	text = strings.Join(strings.Fields(text), " ")
	if dimension, factor := simpleUnit(text); dimension != "" {
		return unit{dimension, big.NewInt(factor)}
	}
	if at := strings.LastIndexAny(text, " -"); at > 0 {
		of, factor := simpleUnit(text[:at])
		duration, length := simpleUnit(text[at+1:])
		if duration == times && of != "" && of != times {
			return unit{of + " " + times, new(big.Int).Mul(big.NewInt(factor), big.NewInt(length))}
		}
	}
	// The blank keeps an unknown word apart from a dimension of that name.
	return unit{" " + strings.ToLower(text), big.NewInt(1)}
}

// simpleUnit returns the dimension "" where the word is not known.
func simpleUnit(word string) (dimension string, factor int64) {
	if dimension, factor = symbol(word); dimension != "" {
		return dimension, factor
	}
	word = strings.ToLower(word)
	if dimension, factor = fullWord(word); dimension != "" {
		return dimension, factor
	}
	if singular, plural := strings.CutSuffix(word, "s"); plural {
		return fullWord(singular)
	}
	return "", 0
}

// The dimensions that have more than one unit.
const (
	sizes = "byte"
	times = "time"
)

// The sizes, in bytes.
const (
	kilobyte = 1 << (10 * (iota + 1))
	megabyte
	gigabyte
	terabyte
)

// symbol knows the short forms, in which case matters.
func symbol(s string) (dimension string, factor int64) {
	switch s {
	case "B":
		return sizes, 1
	case "KB", "kB", "kb", "KiB":
		return sizes, kilobyte
	case "MB", "mb", "MiB":
		return sizes, megabyte
	case "GB", "gb", "GiB":
		return sizes, gigabyte
	case "TB", "tb", "TiB":
		return sizes, terabyte
	case "ns":
		return times, int64(time.Nanosecond)
	case "us":
		return times, int64(time.Microsecond)
	case "ms":
		return times, int64(time.Millisecond)
	case "s":
		return times, int64(time.Second)
	case "h":
		return times, int64(time.Hour)
	default:
		return "", 0
	}
}

// fullWord knows words in the singular and in lower case.
func fullWord(word string) (dimension string, factor int64) {
	switch word {
	case "byte":
		return sizes, 1
	case "kilobyte", "kibibyte":
		return sizes, kilobyte
	case "megabyte", "mebibyte":
		return sizes, megabyte
	case "gigabyte", "gibibyte":
		return sizes, gigabyte
	case "terabyte", "tebibyte":
		return sizes, terabyte
	case "nanosecond":
		return times, int64(time.Nanosecond)
	case "microsecond":
		return times, int64(time.Microsecond)
	case "millisecond":
		return times, int64(time.Millisecond)
	case "second", "sec":
		return times, int64(time.Second)
	case "minute", "min":
		return times, int64(time.Minute)
	case "hour", "hr":
		return times, int64(time.Hour)
	case "day":
		return times, int64(24 * time.Hour)
	case "container", "event", "image", "instance", "ip", "network", "object", "packet", "port",
		"request", "router", "snapshot", "subnet", "vcpu", "volume":
		return word, 1
	default:
		return "", 0
	}
}
