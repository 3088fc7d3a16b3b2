package rig

import (
	"fmt"
	"time"
)

// A Month is what happens to tenants in a month: each has as many instances,
// volumes and interfaces, each measured every five minutes while it is there.
// Instances are small. Of the first of each kind, and of the second and third
// where there are so many, more is told:
//
//	instance 0   resized to large when the 15th begins
//	instance 1   begins on the 10th, 06:30:30
//	instance 2   ends on the 20th, 17:45:15
//	volume 0     grows from 10 GB to 30 when noon of the 12th is over
//	volume 1     20 GB; begins on the 5th, 03:32
//	volume 2     30 GB; ends on the 25th, 04:17
//	interface 0  its counters restart at zero five minutes before the 16th begins
//
// Volume i has 10*(i+1) GB. An interface i takes in 1000*(i+1) bytes in five
// minutes and sends out 500*(i+1); its counters begin at 7,000,000.
type Month struct {
	Start, End time.Time // on whole hours, UTC
	Tenants    []string  // ids of projects
	Each       int
}

// At is an instant of the month: "15 06:30:30" is on its 15th day.
func (m Month) At(text string) time.Time {
	var day, hour, minute, second int
	if _, err := fmt.Sscanf(text, "%d %d:%d:%d", &day, &hour, &minute, &second); err != nil {
		panic(fmt.Sprintf("%q: %v", text, err))
	}
	return m.Start.Add(time.Duration(((day-1)*24+hour)*3600+minute*60+second) * time.Second)
}

// Flavor has the attributes of an instance.
func Flavor(name string) map[string]any {
	return map[string]any{"flavor_id": "id-" + name, "flavor_name": name, "host": "north-1", "display_name": "web"}
}

// step is how many measures there are before an instant.
func (m Month) step(at time.Time) int { return int(at.Sub(m.Start) / (5 * time.Minute)) }

// Load puts the month into the rig. It begins four days before, so that what
// was there counts from the month's first instant.
func (m Month) Load(l *Load) {
	l.Helper()
	for t, tenant := range m.Tenants {
		for i := range m.Each {
			m.instance(l, fmt.Sprintf("instance %d/%d", t, i), tenant, i)
			m.volume(l, fmt.Sprintf("volume %d/%d", t, i), tenant, i)
			m.port(l, fmt.Sprintf("interface %d/%d", t, i), tenant, i, fmt.Sprintf("instance %d/%d", t, i))
		}
	}
}

func (m Month) before() time.Time { return m.Start.AddDate(0, 0, -4) }

func (m Month) instance(l *Load, name, tenant string, i int) {
	l.Helper()
	from, to := m.Start, m.End
	began := m.before()
	switch i {
	case 1:
		began = m.At("10 06:30:30")
		from = m.At("10 06:31:00")
	case 2:
		to = m.At("20 17:45:15")
	}
	l.Add("instance", name, tenant, began, Flavor("small"), "cpu")
	l.Measure(name, "cpu", from, to, func(i int) int { return i * 1e9 })
	switch i {
	case 0:
		l.Patch(name, m.At("15 00:00:00"), Flavor("large"))
	case 2:
		l.End(name, to, to)
	}
}

func (m Month) volume(l *Load, name, tenant string, i int) {
	l.Helper()
	from, to := m.Start, m.End
	began := m.before()
	size := func(int) int { return 10 * (i + 1) }
	switch i {
	case 0:
		grown := m.step(m.At("12 12:00:00"))
		size = func(n int) int {
			if n < grown {
				return 10
			}
			return 30
		}
	case 1:
		began = m.At("5 03:32:00")
		from = began
	case 2:
		to = m.At("25 04:17:00")
	}
	l.Add("volume", name, tenant, began, map[string]any{"display_name": "data"}, "volume.size")
	l.Measure(name, "volume.size", from, to, size)
	if i == 2 {
		l.End(name, to, to)
	}
}

func (m Month) port(l *Load, name, tenant string, i int, instance string) {
	l.Helper()
	restart := m.step(m.End)
	if i == 0 {
		restart = m.step(m.At("16 00:00:00"))
	}
	counter := func(each int) func(int) int {
		return func(n int) int {
			if n >= restart {
				return (n - restart + 1) * each
			}
			return 7_000_000 + n*each
		}
	}
	l.Add("instance_network_interface", name, tenant, m.before(), map[string]any{"name": "tap", "instance_id": l.ID(instance)},
		"network.incoming.bytes", "network.outgoing.bytes")
	l.Measure(name, "network.incoming.bytes", m.Start, m.End, counter(1000*(i+1)))
	l.Measure(name, "network.outgoing.bytes", m.Start, m.End, counter(500*(i+1)))
}
