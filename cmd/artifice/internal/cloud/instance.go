package cloud

import (
	"fmt"
	"time"
)

// instancePolled is how often instances and their counters are looked at: less
// than the hour that a state is taken to hold for, and not in step with hours.
const instancePolled = 25 * time.Minute

type flavor struct{ id, name, vcpus, ram, disk string }

// A state is what an instance does. Nova's notifications and its API call it
// by different names.
type state struct {
	notified, polled string
	up               bool // whether the tenant pays for it as uptime
	runs             bool // whether the guest runs, so that its counters can be read
}

// The states that an instance of this cloud goes through.
var (
	building  = state{notified: "building", polled: "build", up: true}
	active    = state{notified: "active", polled: "active", up: true, runs: true}
	resized   = state{notified: "resized", polled: "verify_resize", up: true, runs: true}
	shutoff   = state{notified: "stopped", polled: "shutoff"}
	destroyed = state{notified: "deleted"}
)

// A change is an instant from which an instance is something else.
type change struct {
	at     time.Time
	event  string // what is notified; "" where it was so before the month
	state  state
	flavor flavor
	boots  bool // the guest starts here, its counters at zero
}

// A life plans the changes of an instance, in order.
type life func(*dice, flavor) []change

func steady(d *dice, f flavor) []change {
	return []change{{at: d.month.Start, state: active, flavor: f}}
}

func created(d *dice, f flavor) []change {
	start := d.at(300, 600)
	return []change{
		{start, "compute.instance.create.start", building, f, false},
		{start.Add(d.seconds(20, 60)), "compute.instance.create.end", active, f, true},
	}
}

func deleted(d *dice, f flavor) []change {
	return append(steady(d, f), change{d.at(400, 700), "compute.instance.delete.end", destroyed, f, false})
}

func rebooted(d *dice, f flavor) []change {
	return append(steady(d, f), change{d.at(200, 800), "compute.instance.reboot.end", active, f, true})
}

func stopped(d *dice, f flavor) []change {
	return append(steady(d, f),
		change{d.at(250, 400), "compute.instance.power_off.end", shutoff, f, false},
		change{d.at(500, 650), "compute.instance.power_on.end", active, f, true},
	)
}

func resizedTo(bigger flavor) life {
	return func(d *dice, f flavor) []change {
		finished := d.at(400, 600)
		return append(steady(d, f),
			change{finished, "compute.instance.finish_resize.end", resized, bigger, true},
			change{finished.Add(d.seconds(120, 900)), "compute.instance.resize.confirm.end", active, bigger, false},
		)
	}
}

// An instance is a virtual machine with one port.
type instance struct {
	resource
	label   string // what the hypervisor calls it: instance-0000000a
	host    string
	changes []change

	incoming, outgoing counter
}

func newInstance(d *dice, r resource, number int, changes []change) *instance {
	in := &instance{
		resource: r,
		label:    fmt.Sprintf("instance-%08x", number),
		host:     fmt.Sprintf("compute-%d.%s", 1+d.IntN(8), r.datacenter),
		changes:  changes,
	}
	p := newPort(d, in)
	in.incoming = newCounter(d, p, changes, 2_000, 40_000)
	in.outgoing = newCounter(d, p, changes, 1_000, 20_000)
	return in
}

// until returns when the i-th of the changes gives way to the next.
func until(changes []change, i int, end time.Time) time.Time {
	if i+1 < len(changes) {
		return changes[i+1].at
	}
	return end
}

// charge adds the instance's uptime, by flavor, and its traffic.
func (in *instance) charge(t tally, end time.Time) {
	for i, c := range in.changes {
		if c.state.up {
			up := until(in.changes, i, end).Sub(c.at)
			t.add(in.resource, c.flavor.name, "second", int64(up/time.Second))
		}
	}
	t.add(in.resource, meterIncoming, "B", in.incoming.moved)
	t.add(in.resource, meterOutgoing, "B", in.outgoing.moved)
}

// instanceReadings returns the samples of meter instance: a notification of each
// change, and between them what polling saw for as long as there is something
// to poll.
func (c *Cloud) instanceReadings() []reading {
	var all []reading
	for _, in := range c.instances {
		for i, ch := range in.changes {
			if ch.event != "" {
				all = append(all, reading{&in.resource, ch.at, true, 1, in.notified(ch)})
			}
			if ch.state == destroyed {
				continue
			}
			metadata := in.polled(ch)
			for _, t := range polls(c.month, instancePolled, ch.at, until(in.changes, i, c.month.End)) {
				all = append(all, reading{&in.resource, t, false, 1, metadata})
			}
		}
	}
	return all
}

// notified is the metadata of a notification: the state is Nova's own, and
// instance_type names the flavor.
func (in *instance) notified(c change) map[string]string {
	return map[string]string{
		"availability_zone":  in.datacenter,
		"disk_gb":            c.flavor.disk,
		"display_name":       in.name,
		"event_type":         c.event,
		"host":               in.host,
		"instance_flavor_id": c.flavor.id,
		"instance_id":        in.id,
		"instance_type":      c.flavor.name,
		"memory_mb":          c.flavor.ram,
		"state":              c.state.notified,
		"tenant_id":          in.tenant,
		"user_id":            in.user,
		"vcpus":              c.flavor.vcpus,
	}
}

// polled is the metadata of what Nova's API answers: there is a status, and
// instance_type is the flavor's id.
func (in *instance) polled(c change) map[string]string {
	return map[string]string{
		"availability_zone": in.datacenter,
		"disk_gb":           c.flavor.disk,
		"display_name":      in.name,
		"flavor.id":         c.flavor.id,
		"flavor.name":       c.flavor.name,
		"host":              in.host,
		"image.name":        "debian-13",
		"instance_type":     c.flavor.id,
		"memory_mb":         c.flavor.ram,
		"name":              in.label,
		"status":            c.state.polled,
		"vcpus":             c.flavor.vcpus,
	}
}
