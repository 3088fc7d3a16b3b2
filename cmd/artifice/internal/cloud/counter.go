package cloud

import (
	"fmt"
	"time"
)

// A port is an instance's network interface.
type port struct {
	resource
	metadata map[string]string
}

func newPort(d *dice, in *instance) *port {
	h := d.hex(17)
	r := in.resource
	r.id = "nova-instance-" + in.label + "-fa163e" + h[:6]
	return &port{resource: r, metadata: map[string]string{
		"availability_zone": in.datacenter,
		"display_name":      in.name,
		"fref":              r.id,
		"instance_id":       in.id,
		"mac":               fmt.Sprintf("fa:16:3e:%s:%s:%s", h[:2], h[2:4], h[4:6]),
		"name":              "tap" + h[6:14] + "-" + h[14:16],
	}}
}

// A counter counts the bytes that passed a port since the guest was booted.
type counter struct {
	readings []reading
	moved    int64 // bytes between the first reading and the last, over all boots
}

// newCounter lets traffic pass at about lowest to highest bytes a second.
//
// A counter is read when it is polled, and once more where the guest is halted
// or restarted, so that no byte goes unread. After that it starts from zero;
// that shows, since the next reading is far below what a guest that has been
// running since before the month starts with.
func newCounter(d *dice, p *port, changes []change, lowest, highest int64) counter {
	var (
		c     counter
		rate  = lowest + d.Int64N(highest-lowest)
		value = 1<<30 + d.Int64N(1<<36) // from before the month
		last  = changes[0].at
	)
	note := func(t time.Time, notified bool) {
		c.readings = append(c.readings, reading{&p.resource, t, notified, value, p.metadata})
	}
	read := func(t time.Time, notified bool) {
		elapsed := int64(t.Sub(last) / time.Second)
		passed := elapsed * (rate/2 + d.Int64N(rate))
		value, last = value+passed, t
		c.moved += passed
		note(t, notified)
	}
	for i, ch := range changes {
		if ch.boots {
			value, last = 0, ch.at
			if len(c.readings) == 0 { // there is nothing to count from yet
				note(ch.at, true)
			}
		}
		if !ch.state.runs {
			continue
		}
		end := until(changes, i, d.month.End)
		for _, t := range polls(d.month, instancePolled, ch.at, end) {
			read(t, false)
		}
		if i+1 < len(changes) && (changes[i+1].boots || !changes[i+1].state.runs) {
			read(end, true)
		}
	}
	return c
}
