package ceilometer

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"
)

const (
	maxNumber   = 64 // characters of a volume
	maxExponent = 64 // written in a volume, either way
	maxDigits   = 18 // that surely fit an int64
)

// volumes remembers short numbers, most of which repeat: 1.0, 20.0.
type volumes map[string]decimal.Decimal

const (
	maxVolumes     = 1024 // remembered
	maxShortVolume = 8    // characters of one that is remembered
)

func (v volumes) get(json []byte) (decimal.Decimal, error) {
	if known, ok := v[string(json)]; ok {
		return known, nil
	}
	volume, err := volumeOf(json)
	if err == nil && len(json) <= maxShortVolume {
		if len(v) >= maxVolumes {
			clear(v)
		}
		v[string(json)] = volume
	}
	return volume, err
}

// volumeOf returns the exact value of a JSON number. It refuses what no meter
// measures: what is below zero, or so long or large that adding it up would
// take the memory of the machine.
func volumeOf(json []byte) (decimal.Decimal, error) {
	if json[0] != '-' && (json[0] < '0' || json[0] > '9') {
		return decimal.Zero, fmt.Errorf("the volume is %s, not a number", kindOf(json))
	}
	if len(json) > maxNumber {
		return decimal.Zero, fmt.Errorf("the volume %s is impossible: %d characters long, %d at most", quote(json), len(json), maxNumber)
	}
	volume, ok := shortVolume(json)
	if !ok {
		var err error
		if volume, err = longVolume(json); err != nil {
			return decimal.Zero, err
		}
	}
	if volume.IsNegative() {
		return decimal.Zero, fmt.Errorf("the volume %s is impossible: below zero", json)
	}
	return volume, nil
}

// shortVolume reads a number without exponent whose digits fit an int64, as
// nearly all do.
func shortVolume(json []byte) (decimal.Decimal, bool) {
	var (
		digits   = json
		negative = json[0] == '-'
		mantissa int64
		point    = -1
	)
	if negative {
		digits = json[1:]
	}
	if len(digits) > maxDigits {
		return decimal.Zero, false
	}
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			mantissa = mantissa*10 + int64(c-'0')
		case c == '.':
			point = i
		default:
			return decimal.Zero, false
		}
	}
	if negative {
		mantissa = -mantissa
	}
	if point < 0 {
		return decimal.New(mantissa, 0), true
	}
	return decimal.New(mantissa, int32(point+1-len(digits))), true
}

func longVolume(json []byte) (decimal.Decimal, error) {
	if e := bytes.IndexAny(json, "eE"); e >= 0 {
		exponent, err := strconv.ParseInt(string(json[e+1:]), 10, 32)
		if err != nil || exponent > maxExponent || exponent < -maxExponent {
			return decimal.Zero, fmt.Errorf("the volume %s is impossible: its exponent is beyond %d", json, maxExponent)
		}
	}
	volume, err := decimal.NewFromString(string(json))
	if err != nil {
		return decimal.Zero, fmt.Errorf("the volume %s is not a number", json)
	}
	return volume, nil
}
