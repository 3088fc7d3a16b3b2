package cloud

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

// holdingPolled is how often volumes and floating IPs are looked at. Each hour
// that a holding is there in has a sample of it.
const holdingPolled = time.Hour

// A fate is what becomes of a volume or a floating IP within the month.
type fate int

const (
	kept    fate = iota // there all the time
	added               // there from some instant on
	removed             // there up to some instant
	grown               // a volume that is made larger
)

// A holding is something that is paid for by the hour for as long as a tenant
// has it: a volume or a floating IP.
type holding struct {
	resource
	meter    string
	unit     string
	metadata map[string]string
	steps    []step
	removed  time.Time // zero where the tenant keeps it beyond the month
	removal  string    // the event of it
}

// A step is an instant from which a holding has a size. Sizes only grow.
type step struct {
	at    time.Time
	event string // "" where it was so before the month
	size  int64
}

func newVolume(d *dice, r resource, p holdingPlan) *holding {
	h := newHolding(d, p, p.size, "volume.create.end", "volume.delete.end")
	h.resource, h.meter, h.unit = r, meterVolume, "GB"
	if p.fate == grown {
		h.steps = append(h.steps, step{d.at(300, 700), "volume.resize.end", p.size + p.size/2})
	}
	h.metadata = map[string]string{
		"availability_zone": r.datacenter,
		"display_name":      r.name,
		"status":            "in-use",
		"volume_id":         r.id,
		"volume_type":       "None",
	}
	return h
}

func newIP(d *dice, r resource, number int, p holdingPlan) *holding {
	h := newHolding(d, p, 1, "floatingip.create.end", "floatingip.delete.end")
	h.resource, h.meter, h.unit = r, meterIP, "ip"
	h.metadata = map[string]string{
		"availability_zone":   r.datacenter,
		"fixed_ip_address":    fmt.Sprintf("10.0.0.%d", number+3),
		"floating_ip_address": fmt.Sprintf("203.0.113.%d", number+10), // RFC 5737: nobody's
		"floating_network_id": d.uuid(),
	}
	return h
}

func newHolding(d *dice, p holdingPlan, size int64, creation, removal string) *holding {
	h := &holding{steps: []step{{at: d.month.Start, size: size}}, removal: removal}
	switch p.fate {
	case added:
		h.steps[0].at, h.steps[0].event = d.at(200, 600), creation
	case removed:
		h.removed = d.at(400, 800)
	}
	return h
}

// charge adds the size of every hour that the tenant had the holding in. An
// hour in which it was removed still counts.
func (h *holding) charge(t tally, end time.Time) {
	last := end.Add(-1)
	if !h.removed.IsZero() {
		last = h.removed
	}
	for hour := h.steps[0].at.Truncate(time.Hour); !hour.After(last); hour = hour.Add(time.Hour) {
		var size int64
		for _, s := range h.steps {
			if s.at.Before(hour.Add(time.Hour)) {
				size = s.size // the largest, since sizes only grow
			}
		}
		t.add(h.resource, h.meter, h.unit+" hour", size)
	}
}

// holdingReadings returns the samples of volumes or IPs: a notification of each
// change, and what polling saw.
func (c *Cloud) holdingReadings(holdings []*holding) []reading {
	var all []reading
	for _, h := range holdings {
		for i, s := range h.steps {
			if s.event != "" {
				all = append(all, reading{&h.resource, s.at, true, s.size, h.describe(s.event, s.size)})
			}
			end := c.month.End
			if !h.removed.IsZero() {
				end = h.removed
			}
			if i+1 < len(h.steps) {
				end = h.steps[i+1].at
			}
			metadata := h.describe("", s.size)
			for _, t := range polls(c.month, holdingPolled, s.at, end) {
				all = append(all, reading{&h.resource, t, false, s.size, metadata})
			}
		}
		if !h.removed.IsZero() {
			size := h.steps[len(h.steps)-1].size
			all = append(all, reading{&h.resource, h.removed, true, size, h.describe(h.removal, size)})
		}
	}
	return all
}

// describe is the metadata of a sample; event is "" where polling made it.
func (h *holding) describe(event string, size int64) map[string]string {
	metadata := maps.Clone(h.metadata)
	if h.meter == meterVolume {
		metadata["size"] = strconv.FormatInt(size, 10)
	}
	if event != "" {
		metadata["event_type"] = event
	}
	return metadata
}
