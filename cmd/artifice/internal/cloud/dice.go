package cloud

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// dice makes everything that is left to chance.
type dice struct {
	*rand.Rand
	month usage.Span
}

// at returns a whole second between two shares of the month, in thousandths.
func (d *dice) at(from, to int64) time.Time {
	seconds := int64(d.month.Duration() / time.Second)
	from, to = seconds*from/1000, seconds*to/1000
	return d.month.Start.Add(time.Duration(from+d.Int64N(to-from)) * time.Second)
}

// seconds returns a duration of whole seconds in [from, to).
func (d *dice) seconds(from, to int64) time.Duration {
	return time.Duration(from+d.Int64N(to-from)) * time.Second
}

// hex returns n hexadecimal digits.
func (d *dice) hex(n int) string {
	var b strings.Builder
	b.Grow(n)
	for bits, left := uint64(0), 0; n > 0; n-- {
		if left == 0 {
			bits, left = d.Uint64(), 16
		}
		b.WriteByte("0123456789abcdef"[bits&15])
		bits, left = bits>>4, left-1
	}
	return b.String()
}

// uuid returns an id as OpenStack writes those of its resources.
func (d *dice) uuid() string {
	h := d.hex(32)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// polls returns the instants within [from, to) at which something is looked at
// that is polled at such an interval since the month's start.
func polls(month usage.Span, every time.Duration, from, to time.Time) []time.Time {
	behind := from.Sub(month.Start) % every
	if behind > 0 {
		from = from.Add(every - behind)
	}
	var instants []time.Time
	for t := from; t.Before(to); t = t.Add(every) {
		instants = append(instants, t)
	}
	return instants
}
